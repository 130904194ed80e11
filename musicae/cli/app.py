"""`musicae`: registration of the commands, and nothing else."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from musicae import __version__
from musicae.cli import console, streams
from musicae.cli.commands import (
    attribute,
    benchmark,
    compose,
    continuation,
    data,
    decode,
    encode,
    evaluate,
    experiment,
    fit,
    interpolate,
    models,
    preprocess,
    reconstruct,
    render,
    replay,
    sample,
    train,
    transfer,
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
    "continue": continuation,
    "attribute": attribute,
    "transfer": transfer,
    "compose": compose,
    "encode": encode,
    "decode": decode,
    "replay": replay,
    "render": render,
    "fit": fit,
    "evaluate": evaluate,
    "benchmark": benchmark,
}

GROUPS = {"experiment": experiment, "data": data, "models": models}


class Commands(TyperGroup):
    """The commands; a name from the command line, which may be that of a file, is printed as a terminal may show it."""

    def invoke(self, ctx: Any) -> Any:
        _require_current_folder()
        try:
            return super().invoke(ctx)
        except Exception as error:
            if hasattr(error, "message") and hasattr(error, "exit_code"):  # typer's own, of a click that it hides
                error.message = console.as_message(error.message)
            raise


def _require_current_folder() -> None:
    """Libraries look for themselves from there, and end the process where it is gone."""
    try:
        os.getcwd()
    except OSError as error:
        message = "the current folder has been removed, or cannot be entered"
        raise MusicaeError(message, "change to another one") from error


# Plain help: drawn by rich it would take twice as long.
app = typer.Typer(
    name="musicae",
    cls=Commands,
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
        print(f"musicae {__version__}")
        raise typer.Exit
    return asked


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Learn a latent space of music and move through it. Everything ends as MIDI.

    A clip is as long as what its model reads at once: two bars of melody, unless -m names another model. A code is the
    place of a clip in the latent space: the JSON that musicae encode writes, and that lies beside every clip."""


def main() -> None:
    """Run the command line; an expected failure ends in two lines on stderr and exit code 1."""
    streams.set_up()
    code = _code()
    lost = streams.failure()
    if lost and code == 0:
        hint = "make room, or send it elsewhere"
        console.report(MusicaeError(f"cannot write to stdout: {lost.strerror}", hint))
        code = 1
    sys.exit(code)


def _code() -> int:
    """The exit code of the command line that was typed."""
    try:
        _use_all_cores()
        app(prog_name="musicae")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except MusicaeError as error:
        console.report(error)
    except OSError as error:
        console.report(_unforeseen(error))
    return 1


def _unforeseen(error: OSError) -> MusicaeError:
    """What the system refused, somewhere where nobody counted on it."""
    where = "" if error.filename is None else f": {error.filename}"
    found = MusicaeError(
        f"{error.strerror or error}{where}", "check the path, its permissions and the room on the disk"
    )
    found.__cause__ = error
    return found


def _use_all_cores() -> None:
    try:
        use_all_cores()
    except ValueError as error:
        raise MusicaeError(str(error), f"set it to a whole number, say {THREADS}=2, or unset it") from None
