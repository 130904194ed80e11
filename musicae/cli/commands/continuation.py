"""`musicae continue`."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from musicae.cli.console import Console
from musicae.cli.delivery import check_output, deliver
from musicae.cli.option_records import with_option_records
from musicae.cli.options import (
    DEFAULT_MODEL,
    MOST_NEW_BARS,
    ClipCount,
    Device,
    DrumTracks,
    Force,
    Json,
    ModelName,
    OutputPath,
    Precision,
    Quiet,
    Seed,
    Strict,
    Temperature,
    TempoQpm,
    TrackNumber,
)
from musicae.cli.renderings import Renderings
from musicae.cli.sources import from_stdin, say_source
from musicae.cli.styling import Styling

EXAMPLES = ("musicae continue a.mid", "musicae continue a.mid --bars 4 --bar 5 -n 2 --alone -o next/")


@with_option_records
def command(
    file: Annotated[str, typer.Argument(help="A MIDI file of any length, or - for stdin.")],
    bars: Annotated[int, typer.Option(min=1, max=MOST_NEW_BARS, metavar="N", help="How many to write.")] = 8,
    n: ClipCount = 4,
    alone: Annotated[
        bool, typer.Option("--alone", help="Write the new bars alone, not what they go on from as well.")
    ] = False,
    temperature: Temperature = 0.5,
    model: ModelName = DEFAULT_MODEL,
    bar: Annotated[
        int | None,
        typer.Option(
            min=2, metavar="N", show_default="behind the last note", help="Where the new music begins, from bar 2 on."
        ),
    ] = None,
    track: TrackNumber = None,
    tempo: TempoQpm = None,
    drums: DrumTracks = None,
    strict: Strict = False,
    seed: Seed = None,
    output: OutputPath = None,
    force: Force = False,
    device: Device = "auto",
    precision: Precision = "auto",
    json: Json = False,
    quiet: Quiet = False,
    *,
    styling: Styling,
    renderings: Renderings,
) -> None:
    """Write music that goes on from the end of a clip.

    Of several ways to go on the one that fits best behind the clip is written first. Every file begins with the last
    bars of the clip as they are, so that you hear the join: as many as the model reads at once. With --alone it begins
    behind them."""
    console = Console(quiet, json)
    check_output(output, console, force, inputs=[file])
    styling.check(model)
    from musicae.clips.ending import read_ending

    ending = read_ending(from_stdin(file), model, bar=bar, track=track, drums=drums or (), strict=strict)
    say_source(ending.source, console)
    if tempo is not None:
        ending = replace(ending, source=replace(ending.source, style=replace(ending.source.style, tempo_qpm=tempo)))
    from musicae.model import load
    from musicae.verbs.continuation import continuation

    net = load(model, device, precision)
    clips = continuation(net, ending, bars, n, alone=alone, temperature=temperature, seed=seed)
    clips = styling.applied(clips, console)
    deliver(clips, output, console, force, inputs=[file], drawn=seed is None, renderings=renderings)
