"""`musicae data`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from musicae.cli import console as cli
from musicae.cli.commands.preprocess import deliver
from musicae.cli.console import Console

EXAMPLES = ("musicae data build tunes", "musicae data build grooves -n 100 -o grooves/")


def command(
    action: Annotated[Literal["build"], typer.Argument(help="What to do.")],
    what: Annotated[
        Literal["tunes", "grooves"],
        typer.Argument(help="tunes: the dataset of public-domain tunes. grooves: MIDI with drums, bass and chords."),
    ],
    output: Annotated[
        Path | None,
        cli.folder_option("Without it: data/tunes, data/grooves."),
    ] = None,
    n: Annotated[
        int | None,
        typer.Option("-n", min=1, metavar="N", show_default=False, help="How many grooves. Without it: all."),
    ] = None,
    force: cli.ForceFolder = False,
    json: cli.Json = False,
    quiet: cli.Quiet = False,
) -> None:
    """Build data from packages alone, offline; they come with pip install 'musicae[corpus]'.

    Tunes are a finished dataset, made from music21's corpus. Grooves are a folder of MIDI files, rendered by mma, for
    musicae preprocess.
    """
    console = Console(quiet, json)
    folder = output or Path("data") / what
    from musicae.corpus.builtin import build_grooves, build_tunes

    if what == "tunes":
        deliver(build_tunes(folder, force=force, progress=console.progress), folder, console)
        return
    files = build_grooves(folder, grooves=n, force=force, progress=console.progress)
    console.note(f"{len(files)} grooves; next: musicae preprocess {folder} --representation drums")
    console.data([folder], {"folder": str(folder), "files": [str(path) for path in files]})
