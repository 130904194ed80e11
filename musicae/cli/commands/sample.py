"""`musicae sample`."""

from __future__ import annotations

from musicae.cli import console as cli
from musicae.cli.console import Console
from musicae.cli.delivery import check_output, deliver

EXAMPLES = ("musicae sample", "musicae sample -n 8 --temperature 1 --tempo 96 -o ideas/")


def command(
    n: cli.Count = 4,
    temperature: cli.Temperature = 0.5,
    model: cli.Model = cli.DEFAULT_MODEL,
    tempo: cli.QPM = None,
    seed: cli.Seed = None,
    output: cli.Output = None,
    force: cli.Force = False,
    device: cli.Device = "auto",
    precision: cli.Precision = "auto",
    json: cli.Json = False,
    quiet: cli.Quiet = False,
) -> None:
    """Write new music, drawn from a model."""
    console = Console(quiet, json)
    check_output(output, console, force)
    from musicae.model import load
    from musicae.verbs.sample import sample

    net = load(model, device, precision)
    clips = sample(net, n, temperature=temperature, seed=seed, tempo_qpm=tempo or 120.0)
    deliver(clips, output, console, force, drawn=seed is None)
