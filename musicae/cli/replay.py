"""`musicae replay`."""

from __future__ import annotations

from typing import Annotated

import typer

from musicae.cli import console as cli
from musicae.cli.clips import check_output, deliver
from musicae.cli.console import Console

EXAMPLES = ("musicae replay morph.json", "musicae replay morph.json -o again.mid")


def command(
    file: cli.RecipeFile,
    model: cli.RecipeModel = None,
    output: cli.Output = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files, and go on with another model.")] = False,
    device: Annotated[cli.Where | None, typer.Option(show_default=False, help="Where to compute; as before.")] = None,
    json: cli.Json = False,
    quiet: cli.Quiet = False,
) -> None:
    """Make an output again, byte for byte."""
    console = Console(quiet, json)
    check_output(output, console, several=False)
    from musicae.model import load
    from musicae.outputs import read_recipe
    from musicae.replay import replay

    recipe = read_recipe(file)
    net = load(model or recipe.model, device or recipe.device)
    deliver([replay(net, recipe, force=force)], output, console, force)
