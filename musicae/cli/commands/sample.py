"""`musicae sample`."""

from __future__ import annotations

from musicae.cli.console import Console
from musicae.cli.delivery import check_output, deliver
from musicae.cli.options import (
    DEFAULT_MODEL,
    ClipCount,
    Device,
    Force,
    Json,
    ModelName,
    OutputPath,
    Precision,
    Quiet,
    Seed,
    Temperature,
    TempoQpm,
)

EXAMPLES = ("musicae sample", "musicae sample -n 8 --temperature 1 --tempo 96 -o ideas/")


def command(
    n: ClipCount = 4,
    temperature: Temperature = 0.5,
    model: ModelName = DEFAULT_MODEL,
    tempo: TempoQpm = None,
    seed: Seed = None,
    output: OutputPath = None,
    force: Force = False,
    device: Device = "auto",
    precision: Precision = "auto",
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write new music, drawn from a model."""
    console = Console(quiet, json)
    check_output(output, console, force)
    from musicae.model import load
    from musicae.verbs.sample import sample

    net = load(model, device, precision)
    clips = sample(net, n, temperature=temperature, seed=seed, tempo_qpm=tempo or 120.0)
    deliver(clips, output, console, force, drawn=seed is None)
