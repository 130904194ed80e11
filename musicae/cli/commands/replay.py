"""`musicae replay`."""

from __future__ import annotations

from typing import Annotated

import typer

from musicae.cli.console import Console
from musicae.cli.delivery import check_output, deliver
from musicae.cli.option_records import with_option_records
from musicae.cli.options import DeviceName, Json, OutputPath, PrecisionName, Quiet, RecipeModel, RecipePath
from musicae.cli.renderings import Renderings
from musicae.cli.sources import from_stdin

EXAMPLES = ("musicae replay morph.json", "musicae replay morph.json -o again.mid")


@with_option_records
def command(
    file: RecipePath,
    model: RecipeModel = None,
    output: OutputPath = None,
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Overwrite the file that -o names, and accept another model, which gives other notes."
        ),
    ] = False,
    device: Annotated[
        DeviceName | None, typer.Option(show_default=False, help="Device; default: the one in FILE.")
    ] = None,
    precision: Annotated[
        PrecisionName | None, typer.Option(show_default=False, help="Precision; default: the one in FILE.")
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
    *,
    renderings: Renderings,
) -> None:
    """Make an output again, byte for byte.

    FILE is the JSON beside it, as it was written. musicae decode makes new clips from its codes, edited or at another
    temperature.
    """
    console = Console(quiet, json)
    from musicae.clips.recipe_json import read_recipe
    from musicae.errors import error_context
    from musicae.verbs.replay import original, replay

    recipe = read_recipe(from_stdin(file))
    check_output(output, console, force, [recipe.label], inputs=[file])
    with error_context(file):
        net = original(model or recipe.model, device or recipe.device, precision or recipe.precision)
    with error_context(file):
        clips = replay(recipe, net, force=force)
    deliver(clips, output, console, force, inputs=[file], renderings=renderings)
