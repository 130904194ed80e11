"""`musicae decode`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from musicae.cli.console import Console
from musicae.cli.delivery import check_output, deliver, from_stdin
from musicae.cli.options import (
    Device,
    Force,
    Json,
    OutputPath,
    Precision,
    Quiet,
    RecipeModel,
    RecipePath,
    Seed,
    Temperature,
    TempoQpm,
)
from musicae.cli.renderings import Renderings, with_renderings

EXAMPLES = ("musicae decode z.json", "musicae decode z.json --temperature 0.8 -o again.mid")


@with_renderings
def command(
    file: RecipePath,
    temperature: Temperature = 0.0,
    model: RecipeModel = None,
    tempo: TempoQpm = None,
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
    """Write the music of latent codes.

    FILE is what musicae encode wrote, or the JSON beside any output, edited as you like. Each of its codes becomes a
    clip, made anew with the temperature and seed of this command. musicae replay makes an output again as it was.
    """
    console = Console(quiet, json)
    from musicae.clips.recipe_json import read_recipe
    from musicae.errors import error_context
    from musicae.model import load
    from musicae.verbs.codes import decode

    recipe = read_recipe(from_stdin(file))
    if file != "-":
        recipe = replace(recipe, origin=Path(file).stem)
    check_output(output, console, force, inputs=[file])
    net = load(model or recipe.model, device, precision)
    if recipe.hash not in ("", net.hash):
        console.note(f"the codes are of {recipe.model} {recipe.hash}: {net.name} {net.hash} decodes them otherwise")
    with error_context(file):
        clips = decode(net, recipe, temperature=temperature, seed=seed, tempo_qpm=tempo)
    deliver(clips, output, console, force, inputs=[file], drawn=seed is None, renderings=renderings)
