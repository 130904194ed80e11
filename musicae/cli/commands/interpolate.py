"""`musicae interpolate`."""

from __future__ import annotations

from typing import Annotated, Literal

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
from musicae.cli.renderings import Renderings, with_renderings

EXAMPLES = ("musicae interpolate a.mid b.mid", "musicae interpolate a.mid b.mid --steps 9 --exact-ends -o slow.mid")


@with_renderings
def command(
    a: MidiPath,
    b: MidiPath,
    steps: Annotated[int, typer.Option(min=2, metavar="N", help="Clips from a to b, both included.")] = 5,
    even_in: Annotated[
        Literal["notes", "z"], typer.Option(help="What every step changes by as much: the notes, or the code.")
    ] = "notes",
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
    *,
    renderings: Renderings,
) -> None:
    """Go from one clip to another in steps.

    Writes one file with all steps in a row, and one file per step; tempo and instruments are those of A, unless
    the model writes instruments itself."""
    console = Console(quiet, json)
    if a == b == "-":
        raise typer.BadParameter("stdin holds one file: name a or b")
    bars, tracks = each(bar), each(track)
    check_output(output, console, force, inputs=[a, b])
    start, end = (
        read_source(path, model, console, bar=first, track=part, tempo=tempo, drums=drums, strict=strict)
        for path, first, part in zip((a, b), bars, tracks, strict=True)
    )
    from musicae.clips.clip import Clips
    from musicae.model import load
    from musicae.verbs.interpolate import interpolate

    net = load(model, device, precision)
    clips = interpolate(
        net,
        start,
        end,
        steps=steps,
        even_in=even_in,
        linear=linear,
        exact_ends=exact_ends,
        temperature=temperature,
        seed=seed,
    )
    every = Clips([clips.joined, *clips])
    deliver(every, output, console, force, inputs=[a, b], drawn=seed is None, renderings=renderings)
