"""`musicae`: registration of the commands, and nothing else."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from musicae import __version__
from musicae.cli import console
from musicae.cli.commands import (
    attribute,
    benchmark,
    compose,
    data,
    decode,
    encode,
    evaluate,
    fit,
    interpolate,
    models,
    preprocess,
    reconstruct,
    replay,
    sample,
    train,
    vary,
)
from musicae.cpu import THREADS, use_all_cores
from musicae.errors import MusicaeError

COMMANDS = {
    "preprocess": preprocess,
    "train": train,
    "sample": sample,
    "interpolate": interpolate,
    "reconstruct": reconstruct,
    "vary": vary,
    "attribute": attribute,
    "compose": compose,
    "encode": encode,
    "decode": decode,
    "replay": replay,
    "fit": fit,
    "evaluate": evaluate,
    "benchmark": benchmark,
}

GROUPS = {"data": data, "models": models}

# Plain help: drawn by rich it would take twice as long.
app = typer.Typer(
    name="musicae",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=console.examples("musicae sample", "musicae interpolate a.mid b.mid"),
)
for name, module in COMMANDS.items():
    app.command(name, epilog=console.examples(*module.EXAMPLES))(module.command)
for name, group in GROUPS.items():
    app.add_typer(group.app, name=name)


def _show_version(asked: bool) -> bool:
    if asked:
        with console.stdout() as out:
            print(f"musicae {__version__}", file=out)
        raise typer.Exit
    return asked


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Learn a latent space of music and move through it. Everything ends as MIDI."""


def main() -> None:
    """Run the command line; an expected failure ends in two lines on stderr and exit code 1."""
    try:
        _use_all_cores()
        app(prog_name="musicae")
    except MusicaeError as error:
        console.report(error)
        sys.exit(1)


def _use_all_cores() -> None:
    try:
        use_all_cores()
    except ValueError as error:
        raise MusicaeError(str(error), f"set it to a whole number, say {THREADS}=2, or unset it") from None
