"""`musicae decode`."""

from __future__ import annotations

from musicae.cli import console as cli
from musicae.cli.clips import check_output, deliver
from musicae.cli.console import Console

EXAMPLES = ("musicae decode z.json", "musicae decode z.json --temperature 0.8 -o again.mid")


def command(
    file: cli.RecipeFile,
    temperature: cli.Temperature = 0.0,
    model: cli.RecipeModel = None,
    tempo: cli.QPM = None,
    seed: cli.Seed = None,
    output: cli.Output = None,
    force: cli.Force = False,
    device: cli.Device = "auto",
    json: cli.Json = False,
    quiet: cli.Quiet = False,
) -> None:
    """Write the music of latent codes.

    FILE is what `musicae encode` wrote, or the JSON beside any output."""
    console = Console(quiet, json)
    check_output(output, console, several=False)
    from musicae.encode import decode
    from musicae.model import load
    from musicae.outputs import read_recipe

    recipe = read_recipe(file)
    net, drawn = load(model or recipe.model, device), console.seed(seed)
    clips = decode(net, recipe, temperature=temperature, seed=drawn, tempo_qpm=tempo)
    check_output(output, console, several=len(clips) > 1)
    deliver(clips, output, console, force)
