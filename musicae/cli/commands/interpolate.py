"""`musicae interpolate`."""

from __future__ import annotations

from typing import Annotated

import typer

from musicae.cli.console import Console
from musicae.cli.delivery import check_output, deliver, each, read_source
from musicae.cli.options import (
    DEFAULT_MODEL,
    Device,
    DrumTracks,
    FirstBars,
    Force,
    Json,
    MidiPath,
    ModelName,
    OutputPath,
    Precision,
    Quiet,
    Seed,
    Strict,
    Temperature,
    TempoQpm,
    TrackNumbers,
)

EXAMPLES = ("musicae interpolate a.mid b.mid", "musicae interpolate a.mid b.mid --steps 9 --exact-ends -o slow.mid")


def command(
    a: MidiPath,
    b: MidiPath,
    steps: Annotated[int, typer.Option(min=2, metavar="N", help="Clips from a to b, both included.")] = 5,
    linear: Annotated[bool, typer.Option("--linear", help="Go along a line, not a great circle.")] = False,
    exact_ends: Annotated[
        bool, typer.Option("--exact-ends", help="Keep the notes of a and b; they are reconstructions otherwise.")
    ] = False,
    bar: FirstBars = None,
    track: TrackNumbers = None,
    temperature: Temperature = 0.0,
    model: ModelName = DEFAULT_MODEL,
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
) -> None:
    """Go from one clip to another in steps.

    Writes one file with all steps in a row, and one file per step; tempo and instruments are those of A, unless
    the model writes instruments itself."""
    console = Console(quiet, json)
    if a == b == "-":
        raise typer.BadParameter("stdin holds one file: name a or b")
    bars, tracks = each(bar), each(track)
    check_output(output, console, force, inputs=[a, b])
    from musicae.model import load
    from musicae.verbs.interpolate import interpolate

    net = load(model, device, precision)
    start, end = (
        read_source(path, net, console, bar=first, track=part, tempo=tempo, drums=drums, strict=strict)
        for path, first, part in zip((a, b), bars, tracks, strict=True)
    )
    clips = interpolate(
        net, start, end, steps=steps, linear=linear, exact_ends=exact_ends, temperature=temperature, seed=seed
    )
    deliver(clips, output, console, force, inputs=[a, b], drawn=seed is None)
