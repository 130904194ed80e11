"""`musicae vary`."""

from __future__ import annotations

from typing import Annotated

import typer

from musicae.cli.console import Console
from musicae.cli.delivery import check_output, deliver, read_source
from musicae.cli.options import (
    DEFAULT_MODEL,
    ClipCount,
    Device,
    DrumTracks,
    FirstBar,
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
    TrackNumber,
)

EXAMPLES = ("musicae vary a.mid", "musicae vary a.mid --amount 0.6 -n 8 -o variations/")


def command(
    file: MidiPath,
    n: ClipCount = 4,
    amount: Annotated[
        float, typer.Option(min=0, max=1, metavar="X", help="0 repeats the clip, 1 makes new music.")
    ] = 0.3,
    temperature: Temperature = 0.0,
    model: ModelName = DEFAULT_MODEL,
    bar: FirstBar = None,
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
) -> None:
    """Write variations of a clip."""
    console = Console(quiet, json)
    check_output(output, console, force, inputs=[file])
    from musicae.model import load
    from musicae.verbs.vary import vary

    net = load(model, device, precision)
    source = read_source(file, net, console, bar=bar, track=track, tempo=tempo, drums=drums, strict=strict)
    clips = vary(net, source, n, amount=amount, temperature=temperature, seed=seed)
    deliver(clips, output, console, force, inputs=[file], drawn=seed is None)
