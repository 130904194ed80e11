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
from musicae.cli.renderings import Renderings, panels_of, with_renderings

EXAMPLES = ("musicae vary a.mid", "musicae vary a.mid --amount 0.6 -n 8 -o variations/")


@with_renderings
def command(
    file: MidiPath,
    n: ClipCount = 4,
    amount: Annotated[
        float, typer.Option(min=0, max=1, metavar="X", help="The share of the notes that change; 1 makes new music.")
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
    *,
    renderings: Renderings,
) -> None:
    """Write variations of a clip."""
    console = Console(quiet, json)
    check_output(output, console, force, inputs=[file])
    source = read_source(file, model, console, bar=bar, track=track, tempo=tempo, drums=drums, strict=strict)
    from musicae.model import load
    from musicae.music.note_distance import note_distance
    from musicae.verbs.reconstruct import reconstruct
    from musicae.verbs.vary import vary

    net = load(model, device, precision)
    clips = vary(net, source, n, amount=amount, temperature=temperature, seed=seed)
    (again,) = reconstruct(net, source)
    shares = ", ".join(f"{note_distance(again.score, clip.score):.0%}" for clip in clips)
    console.note(f"of the notes of its reconstruction change: {shares}")
    panels = panels_of(clips, again) if renderings.pictured else None
    deliver(clips, output, console, force, inputs=[file], drawn=seed is None, renderings=renderings, panels=panels)
