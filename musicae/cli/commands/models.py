"""`musicae models list`, `show`, `pack` and `listen`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from musicae.cli.console import Console, examples
from musicae.cli.options import (
    DEFAULT_CHORDS_MODEL,
    DEFAULT_MODEL,
    ClipCount,
    Device,
    FixedSeed,
    Json,
    ModelNames,
    Quiet,
    TrainedModel,
    folder_option,
)

ListeningFolder = Annotated[Path, folder_option("Where the page and the clips go.")]
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
    """List the installed models, show one, pack one, or hear what they make.

    Models are looked for in the folder that MUSICAE_MODELS names, in models/, and among the bundled ones.
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
    defaults = {DEFAULT_MODEL: "  (the default)", DEFAULT_CHORDS_MODEL: "  (the default of musicae compose)"}
    rows = [f"{model}{defaults.get(model.name, '')}" for model in found]
    console.data(rows, {"models": [asdict(model) for model in found]})


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


@app.command(
    "listen",
    epilog=examples(
        "musicae models listen melody-2bar -o listen", "musicae models listen melody-2bar drums-2bar -n 8 -o listen"
    ),
)
def listen(
    models: ModelNames,
    output: ListeningFolder,
    n: ClipCount = 20,
    seed: FixedSeed = 0,
    device: Device = "auto",
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write a page of samples of models, as MIDI files and piano rolls.

    README.md there shows them; files of an earlier page are replaced."""
    console = Console(quiet, json)
    from musicae.model import load
    from musicae.report.listening import check_listening_page, write_listening_page
    from musicae.storage.catalog import find

    check_listening_page([find(name).name for name in models], output)
    loaded = [load(name, device) for name in models]
    with console.progress("sampling", n * len(loaded)) as done:
        made_by = f"`musicae sample -n {n} --seed {seed} -m MODEL` makes the same"
        page = write_listening_page(loaded, output, n=n, seed=seed, made_by=made_by, done=done)
    console.data([page], {"page": str(page), "models": [model.name for model in loaded]})
