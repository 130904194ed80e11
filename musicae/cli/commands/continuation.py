"""`musicae continue`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from musicae.cli.console import Console
from musicae.cli.delivery import check_output, deliver
from musicae.cli.hints import ADVICE
from musicae.cli.option_records import with_option_records
from musicae.cli.options import (
    DEFAULT_MODEL,
    ClipCount,
    Device,
    DrumTracks,
    FinalBar,
    ForceAny,
    Json,
    OutputPath,
    Precision,
    Quiet,
    Seed,
    SourceModel,
    SourcePath,
    Strict,
    Temperature,
    TempoQpm,
    TrackChoice,
)
from musicae.cli.renderings import Renderings
from musicae.cli.sources import (
    File,
    Framing,
    ReadingOptions,
    from_stdin,
    read_songs,
    refuse_midi_options,
    say_source,
)
from musicae.cli.styling import ClipStyling
from musicae.errors import error_context

if TYPE_CHECKING:
    from musicae.clips.ending import Ending
    from musicae.clips.recipe_fields import RecipeFields
    from musicae.clips.style import Style

EXAMPLES = (
    "musicae continue a.mid --whole -o longer.mid",
    "musicae continue a.mid --bars 4 --bar 5 -n 2 --alone -o next/",
)


@with_option_records
def command(
    file: SourcePath,
    bars: Annotated[int, typer.Option(min=1, metavar="N", help="Number of bars to write.")] = 8,
    n: ClipCount = 4,
    alone: Annotated[
        bool, typer.Option("--alone", help="Write only the new bars, without the music that they go on from.")
    ] = False,
    whole: Annotated[
        bool,
        typer.Option(
            "--whole",
            help="Write the whole song with the new bars after it, or from --bar on in place of those that are "
            "there; nothing else changes.",
        ),
    ] = False,
    final_bar: FinalBar = False,
    temperature: Temperature = 0.5,
    model: SourceModel = None,
    bar: Annotated[
        int | None,
        typer.Option(
            min=2, metavar="N", show_default="after the last note", help="Where the new music begins, from bar 2 on."
        ),
    ] = None,
    track: TrackChoice = None,
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
    styling: ClipStyling,
    renderings: Renderings,
) -> None:
    """Write music that goes on from the end of a clip.

    Of several ways to go on, the one that fits best after the clip is written first. Every file begins with the last
    bars of the clip, so that you hear the join: as many as the model reads at once, as it reads them, on the grid and
    each track as loud as it was on average. With --alone, files hold only the new bars; with --whole, each is the song
    as it stands, with the new bars in it, over the chords that play on."""
    console = Console(quiet, json)
    if alone and whole:
        raise typer.BadParameter("--whole writes the song, --alone the new bars: omit one of them")
    check_output(output, console, force, [""] * n, inputs=[file])
    from musicae.clips.ending import SongEnding

    options = ReadingOptions(tempo, drums, strict, Framing(whole=whole), force)
    start, name = _start(File(file, bar, track), model, console, options)
    styling.check(name, whole=whole)
    from musicae.clips.edits import edits_in_words, with_edits
    from musicae.clips.recipe_fields import RecipeFields
    from musicae.clips.recipe_json import recipe_from
    from musicae.clips.source import piece_of
    from musicae.model import load
    from musicae.verbs.continuation import continuation, ending_of_piece

    net = load(name, device, precision)
    if isinstance(start, RecipeFields):
        label = "the codes" if file == "-" else file
        recipe, edited = with_edits(net, recipe_from(start))
        start = ending_of_piece(net, recipe, label, bar=bar)
        say_source(start.source, console)
        for line in edits_in_words(net, edited):
            console.note(line)
    clips = continuation(
        net,
        start,
        bars,
        n,
        alone=alone,
        final_bar=final_bar,
        mode=styling.mode,
        temperature=temperature,
        seed=seed,
    )
    if isinstance(start, SongEnding):
        over = clips[0].recipe.arguments["over"]
        last = start.bar + bars + final_bar - 1
        new = f"new bars: {start.bar}-{last}" if last > start.bar else f"new bar: {last}"
        console.note(f"{new}{over and f', over {over}'}")
        if start.others:
            console.note(f"none for {start.others}{ADVICE['unread'](start.source.representation.grid.meter)}")
    piece = None if whole else piece_of(start.source)
    clips = styling.applied(clips, console, piece=piece)
    deliver(clips, output, console, force, inputs=[file], drawn=seed is None, renderings=renderings)


def _start(
    file: File, model: str | None, console: Console, options: ReadingOptions
) -> tuple[Ending | RecipeFields, str]:
    """What music goes on from, which is said unless it has to be made, and the name of the model that reads it."""
    from musicae.clips.code_source import is_code, read_code
    from musicae.clips.ending import read_ending, song_ending
    from musicae.clips.recipe_fields import read_fields

    if options.framing.whole:
        (song,), name = read_songs([replace(file, bar=None)], model, console, options)
        with error_context(file.path):
            return song_ending(song, bar=file.bar), name
    given = from_stdin(file.path)
    name = model or (read_code(given).model if is_code(given) else DEFAULT_MODEL)
    if is_code(given):
        refuse_midi_options(file, options)
        fields = read_fields(given)
        known = {**fields.known, "origin": "" if isinstance(given, bytes) else Path(given).stem}
        known |= {"hash": ""} if options.force else {}
        return replace(fields, known=known, style=_at_tempo(fields.style, options.tempo)), name
    ending = read_ending(given, name, bar=file.bar, track=file.track, drums=options.drums or (), strict=options.strict)
    say_source(ending.source, console)
    source = replace(ending.source, style=_at_tempo(ending.source.style, options.tempo))
    return replace(ending, source=source), name


def _at_tempo(style: Style, tempo: float | None) -> Style:
    return style if tempo is None else replace(style, tempo_qpm=tempo)
