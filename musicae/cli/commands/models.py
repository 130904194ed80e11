"""`musicae models`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer

from musicae.cli import console as cli
from musicae.cli.console import Console

EXAMPLES = ("musicae models", "musicae models show melody-2bar")


def command(
    action: Annotated[Literal["list", "show", "pack"], typer.Argument(help="What to do.")] = "list",
    name: Annotated[
        str | None, typer.Argument(help="The model: a name or a folder.", autocompletion=cli.model_names)
    ] = None,
    output: Annotated[Path | None, cli.folder_option("Where to pack it.")] = None,
    json: cli.Json = False,
) -> None:
    """List the installed models, show one and its card, or pack one: a copy to ship, in half precision.

    Models are looked for in the folder that MUSICAE_MODELS names, in models/, and among those that came with musicae.
    """
    if (action == "list") != (name is None) or (action == "pack") != (output is not None):
        raise typer.BadParameter("write musicae models, models show NAME, or models pack NAME -o FOLDER")
    from musicae.cli.hints import hint
    from musicae.storage.catalog import card, describe, described, find, model_shelves

    console = Console(json=json)
    if name is None:
        models, broken = described()
        for error in broken:
            console.note(f"left out: {error.message}; {hint(error)}")
        if not models:
            console.note(f"no model in {', '.join(map(str, model_shelves()))}; MUSICAE_MODELS can name another folder")
        console.data(models, {"models": [asdict(model) for model in models]})
        return
    if output is not None:
        from musicae.verbs.pack import pack

        pack(name, output)
        console.data([output], {"model": str(output)})
        return
    folder = find(name)
    facts = asdict(describe(folder))
    console.data(
        [*(f"{key}: {value}" for key, value in facts.items()), "", card(folder)], {**facts, "card": card(folder)}
    )
