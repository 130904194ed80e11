"""What the commands that make clips share: reading a source, and delivering clips where `-o` says."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from musicae.cli.console import Console

if TYPE_CHECKING:
    from musicae.clip import Clip, Source
    from musicae.model import Model


def check_output(output: str | None, console: Console, several: bool) -> None:
    """Refuse, before anything is computed, an `-o` that contradicts the rest of the command line."""
    if output is not None and output.endswith(".json"):
        raise typer.BadParameter("-o names the MIDI file; the .json beside it follows by itself")
    if output != "-":
        return
    if console.json:
        raise typer.BadParameter("-o - and --json would both write to stdout")
    if several:
        raise typer.BadParameter("-o - takes one MIDI file, and this makes several; name a file or a folder")
    if sys.stdout.isatty():
        raise typer.BadParameter("-o - would write MIDI bytes to the terminal; redirect stdout")


def read_source(
    path: str, model: Model, console: Console, *, bar: int | None = None, track: int | None = None, tempo: float | None
) -> Source:
    """The window of a file that the verb works on, which is said."""
    from musicae.clip import read

    midi = sys.stdin.buffer.read() if path == "-" else path
    source = read(midi, model.representation, bar=bar, track=track)
    console.note(f"reading {source.label}")
    return source if tempo is None else replace(source, style=replace(source.style, tempo_qpm=tempo))


def deliver(clips: Sequence[Clip], output: str | None, console: Console, force: bool) -> None:
    """Write the clips of one run and print their paths; draw the first one if someone watches."""
    from musicae.outputs import write
    from musicae.render.roll import roll

    if console.on_terminal:
        console.show(roll(clips[0].score, console.width))
    if output == "-":
        sys.stdout.buffer.write(clips[0].midi())
        return
    paths = write(clips, output, force=force)
    recipe = clips[0].recipe
    files = [
        {"path": str(path), "label": clip.label, "attributes": clip.attributes()}
        for path, clip in zip(paths, clips, strict=True)
    ]
    console.data(paths, {"model": recipe.model, "hash": recipe.hash, "seed": recipe.seed, "files": files})
