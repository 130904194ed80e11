"""`musicae models`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Literal

import typer

from musicae.cli import console as cli
from musicae.cli.console import Console

EXAMPLES = ("musicae models", "musicae models show melody-2bar")


def command(
    action: Annotated[Literal["list", "show"], typer.Argument(help="What to do.")] = "list",
    name: Annotated[
        str | None, typer.Argument(help="The model to show: a name or a folder.", autocompletion=cli.model_names)
    ] = None,
    json: cli.Json = False,
) -> None:
    """List the installed models, or show one and its card."""
    if (action == "show") != (name is not None):
        raise typer.BadParameter("write musicae models, or musicae models show NAME")
    from musicae.shelf import card, describe, find, installed

    console = Console(json=json)
    if name is None:
        models = [describe(folder) for folder in installed().values()]
        console.data(models, {"models": [asdict(model) for model in models]})
        return
    folder = find(name)
    facts = asdict(describe(folder))
    console.data(
        [*(f"{key}: {value}" for key, value in facts.items()), "", card(folder)], {**facts, "card": card(folder)}
    )
