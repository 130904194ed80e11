"""`musicae compose`."""

from __future__ import annotations

from typing import Annotated

import typer

from musicae.cli import console as cli
from musicae.cli.clips import check_output, deliver, read_source
from musicae.cli.console import Console

EXAMPLES = ('musicae compose --chords "C Am F G"', 'musicae compose --chords "Dm7 G7 C" --form AABA -o song.mid')


def command(
    chords: Annotated[
        str, typer.Option("--chords", metavar="SYMBOLS", help="Chords of one section, like C, F#m7b5, Bbmaj7 or N.C.")
    ],
    bars_per_chord: Annotated[int, typer.Option(min=1, max=64, metavar="N", help="How long a chord lasts.")] = 1,
    form: Annotated[
        str, typer.Option(metavar="LETTERS", help="A letter for every section; equal ones sound alike.")
    ] = "A",
    repeat: Annotated[int, typer.Option(min=1, max=64, metavar="N", help="How often the form is played.")] = 1,
    start: Annotated[
        str | None, typer.Option("--from", metavar="FILE", show_default=False, help="A MIDI file to begin from.")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="FILE", show_default=False, help="A MIDI file to arrive at.")
    ] = None,
    variation: Annotated[
        float, typer.Option(min=0, max=1, metavar="SHARE", help="How much the bars of a section differ.")
    ] = 0.0,
    temperature: cli.Temperature = 0.5,
    model: cli.Model = cli.DEFAULT_CHORDS_MODEL,
    tempo: cli.QPM = None,
    seed: cli.Seed = None,
    output: cli.Output = None,
    force: cli.Force = False,
    device: cli.Device = "auto",
    json: cli.Json = False,
    quiet: cli.Quiet = False,
) -> None:
    """Write a piece for several instruments over a chord progression.

    The instruments and the style stay through a section, and the notes follow the chords. With --from and --to, the
    piece leads from one file's style to the other's."""
    console = Console(quiet, json)
    if start == end == "-":
        raise typer.BadParameter("stdin holds one file: name the one to begin from, or the one to arrive at")
    check_output(output, console, force, inputs=[path for path in (start, end) if path])
    from musicae.compose import Song, compose
    from musicae.model import load
    from musicae.music.chords import progression

    for chord in progression(chords):
        if chord.notice:
            console.note(chord.notice)
    net = load(model, device)
    sources = [read_source(path, net, console, tempo=tempo) if path else None for path in (start, end)]
    qpm = tempo or (sources[0].style.tempo_qpm if sources[0] else 120.0)
    song = Song(chords, bars_per_chord, form, repeat)
    drawn = console.seed(seed)
    clip = compose(net, song, *sources, variation=variation, temperature=temperature, seed=drawn, tempo_qpm=qpm)
    deliver([clip], output, console, force)
