"""`musicae models list`, `show` and `pack`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from musicae.cli.console import Console, examples
from musicae.cli.options import Json, TrainedModel, folder_option

PackFolder = Annotated[Path, folder_option("Where to pack it.")]


class ListByDefault(TyperGroup):
    """A group that lists when it is asked for nothing else."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        bare = not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names)
        return super().parse_args(ctx, ["list", *args] if bare else args)


app = typer.Typer(
    cls=ListByDefault, rich_markup_mode=None, epilog=examples("musicae models", "musicae models show melody-2bar")
)


@app.callback()
def models() -> None:
    """List the installed models, show one, or pack one.

    Models are looked for in the folder that MUSICAE_MODELS names, in models/, and among those that came with musicae.
    """


@app.command("list", epilog=examples("musicae models list", "musicae models list --json"))
def list_models(json: Json = False) -> None:
    """List the installed models."""
    console = Console(json=json)
    from musicae.cli.hints import hint
    from musicae.storage.catalog import described, model_places

    found, damaged = described()
    for error in damaged:
        console.note(f"left out: {error.message}; {hint(error)}")
    if not found:
        console.note(f"no model in {', '.join(map(str, model_places()))}; MUSICAE_MODELS can name another folder")
    console.data(found, {"models": [asdict(model) for model in found]})


@app.command("show", epilog=examples("musicae models show melody-2bar", "musicae models show melody-2bar --json"))
def show_model(name: TrainedModel, json: Json = False) -> None:
    """Show a model: its facts and its card."""
    from musicae.storage.catalog import card, describe, find

    folder = find(name)
    facts, text = asdict(describe(folder)), card(folder)
    Console(json=json).data(
        [*(f"{key}: {value}" for key, value in facts.items()), "", *text.split("\n")], {**facts, "card": text}
    )


@app.command(
    "pack",
    epilog=examples(
        "musicae models pack melody-2bar -o packed", "musicae models pack melody-2bar -o packed/melody --json"
    ),
)
def pack_model(name: TrainedModel, output: PackFolder, json: Json = False) -> None:
    """Pack a model to ship it: a copy without the state of its training, in half precision."""
    from musicae.verbs.pack import pack

    pack(name, output)
    Console(json=json).data([output], {"model": str(output)})
