"""`musicae reconstruct`."""

from __future__ import annotations

from musicae.cli import console as cli
from musicae.cli.console import Console
from musicae.cli.delivery import check_output, deliver, read_source

EXAMPLES = ("musicae reconstruct a.mid", "musicae reconstruct a.mid --bar 5 -o heard.mid")


def command(
    file: cli.File,
    temperature: cli.Temperature = 0.0,
    model: cli.Model = cli.DEFAULT_MODEL,
    bar: cli.Bar = None,
    track: cli.Track = None,
    tempo: cli.QPM = None,
    seed: cli.Seed = None,
    output: cli.Output = None,
    force: cli.Force = False,
    device: cli.Device = "auto",
    precision: cli.Precision = "auto",
    json: cli.Json = False,
    quiet: cli.Quiet = False,
) -> None:
    """Encode a clip and decode it again."""
    console = Console(quiet, json)
    check_output(output, console, force, inputs=[file])
    from musicae.model import load
    from musicae.verbs.reconstruct import reconstruct

    net = load(model, device, precision)
    source = read_source(file, net, console, bar=bar, track=track, tempo=tempo)
    clips = reconstruct(net, source, temperature=temperature, seed=seed)
    deliver(clips, output, console, force, inputs=[file], drawn=seed is None)
