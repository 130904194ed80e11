"""`musicae compose`."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from musicae.cli.console import Console
from musicae.cli.delivery import check_output, deliver
from musicae.cli.option_records import with_option_records
from musicae.cli.options import (
    DEFAULT_CHORDS_MODEL,
    Device,
    DrumTracks,
    FinalBar,
    FirstBars,
    ForceAny,
    Json,
    OutputPath,
    Precision,
    Quiet,
    Seed,
    SourceChordsModel,
    Strict,
    Temperature,
    TempoQpm,
    TrackChoices,
    share,
)
from musicae.cli.renderings import Renderings
from musicae.cli.sources import File, ReadingOptions, each, read_sources
from musicae.cli.styling import Styling, way_in_words

EXAMPLES = (
    'musicae compose --chords "C Am F G"',
    'musicae compose --chords "Am F C G" --chords "Dm Am E Am" --form AABA --instrument "piano, bass, drums"',
)


ChordSymbols = Annotated[
    list[str],
    typer.Option(
        "--chords",
        metavar="SYMBOLS",
        help="Chords of one section, such as C, F#m7b5, Bbmaj7 or N.C.; repeat it for the sections A, B, ...",
    ),
]
BarsPerChord = Annotated[int, typer.Option(min=1, max=64, metavar="N", help="Number of bars that a chord lasts.")]
Form = Annotated[str, typer.Option(metavar="LETTERS", help="One letter per section; sections of one letter are alike.")]
Repeat = Annotated[int, typer.Option(min=1, max=64, metavar="N", help="Number of times the form is played.")]
Start = Annotated[
    str | None, typer.Option("--from", metavar="FILE", show_default=False, help="A MIDI file or a code to begin with.")
]
End = Annotated[
    str | None, typer.Option("--to", metavar="FILE", show_default=False, help="A MIDI file or a code to end with.")
]
Variation = Annotated[float, typer.Option(parser=share, metavar="SHARE", help="How much the bars of a section differ.")]
OwnInstruments = Annotated[
    bool,
    typer.Option("--own-instruments", help="Let every section, and every bar on the way to a file, choose its own."),
]
Loose = Annotated[bool, typer.Option("--loose", help="Do not quantize onsets and lengths.")]


@with_option_records
def command(
    chords: ChordSymbols,
    bars_per_chord: BarsPerChord = 1,
    form: Form = "A",
    repeat: Repeat = 1,
    start: Start = None,
    end: End = None,
    bar: FirstBars = None,
    track: TrackChoices = None,
    variation: Variation = 0.15,
    own_instruments: OwnInstruments = False,
    final_bar: FinalBar = False,
    loose: Loose = False,
    temperature: Temperature = 0.5,
    model: SourceChordsModel = None,
    tempo: TempoQpm = None,
    drums: DrumTracks = None,
    strict: Strict = False,
    seed: Seed = None,
    output: OutputPath = None,
    force: ForceAny = False,
    device: Device = "auto",
    precision: Precision = "auto",
    json: Json = False,
    quiet: Quiet = False,
    *,
    styling: Styling,
    renderings: Renderings,
) -> None:
    """Write a piece for several instruments over a chord progression.

    The instruments stay through the piece, and the notes follow the triads of the chords (G7/B is G). Bars of a section
    are variations of one; sections of one letter are the same music. The piece begins like the file of --from and goes
    in even steps to that of --to, which it reaches at the end of the section that comes in last (B in AABA). A DAW
    shows sections and chords as markers. --key and --transpose move the chords; --instrument names all instruments,
    drums among them."""
    console = Console(quiet, json)
    if start is end is None and (bar or track or drums):
        raise typer.BadParameter("--bar, --track and --drums choose from files: name one after --from or --to")
    if start == end == "-":
        raise typer.BadParameter("stdin holds one file: name the one to begin with, or the one to end with")
    if own_instruments and styling.instrument:
        raise typer.BadParameter("--instrument names who plays, --own-instruments leaves it to every bar: omit one")
    bars, tracks = each(bar), each(track)
    inputs = [path for path in (start, end) if path is not None]
    check_output(output, console, force, inputs=inputs)
    from musicae.model import load
    from musicae.music.chords import progression
    from musicae.music.instruments import band_of
    from musicae.music.midi import instrument_names
    from musicae.music.transposition import chords_into
    from musicae.verbs.compose import Song, compose

    found = [progression(one) for one in chords]
    every = [chord for one in found for chord in one]
    for notice in dict.fromkeys(chord.notice for chord in every if chord.notice):
        console.note(notice)
    semitones, way = styling.transpose or 0, "transposed"
    if key := styling.parsed_key():
        _, before, semitones = chords_into(every, key)
        way = way_in_words(before, key, semitones) if before else "without a tone that could be in a key"
    if key or semitones:
        found = [[chord.transpose(semitones) for chord in one] for one in found]
    letters = list(dict.fromkeys(form))
    if len(found) not in (1, len(letters)):
        hint = "give --chords once, or once for every letter of --form"
        raise typer.BadParameter(
            f"--chords is given {len(found)} times for {len(letters)} letters of --form {form}: {hint}"
        )
    of_sections = found[0] if len(found) == 1 else dict(zip(letters, found, strict=True))
    chosen = zip((start, end), bars, tracks, strict=True)
    files = [File(path, one, another) for path, one, another in chosen if path is not None]
    options = ReadingOptions(tempo, drums, strict, force=force)
    sources, name = read_sources(files, model, console, options, default=DEFAULT_CHORDS_MODEL)
    band = band_of(styling.instruments)
    replace(styling, instrument="").check(name)
    net = load(name, device, precision)
    net.require_chords()
    if key or semitones:
        console.note(f"the chords, {way}: {'; '.join(' '.join(map(str, one)) for one in found)}")
    song = Song(of_sections, bars_per_chord, form, repeat, own_instruments, band, final_bar)
    clips = compose(
        net,
        song,
        sources[0] if start is not None else None,
        sources[-1] if end is not None else None,
        variation=variation,
        loose=loose,
        temperature=temperature,
        seed=seed,
        tempo_qpm=tempo or 120.0,
    )
    console.note(f"played by {', '.join(instrument_names(clips[0].score))}")
    if share := clips[0].recipe.arguments["moved_into_key"]:
        console.note(f"{share:.1%} of the notes were outside chord and key, and were moved to the nearest ones inside")
    deliver(clips, output, console, force, inputs=inputs, drawn=seed is None, renderings=renderings)
