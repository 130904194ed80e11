"""What the commands that make clips share: delivering them where `-o` says."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from musicae.cli.console import Console
from musicae.cli.renderings import MIDI_ALONE, Renderings, panels_of
from musicae.storage import output_paths

if TYPE_CHECKING:
    from musicae.clips.clip import Clips
    from musicae.music.score import Score
    from musicae.render.sheet import Panel

MIDI = (".mid", ".midi")
JSON = (".json",)


def check_output(
    output: str | None,
    console: Console,
    force: bool,
    labels: Sequence[str] = ("",),
    *,
    inputs: Sequence[str] = (),
    suffixes: Sequence[str] = MIDI,
) -> None:
    """Refuse, before anything is computed, an `-o` that contradicts the rest of the command line or cannot be written.

    Args:
        labels: of the clips that will be made, as far as they are known; one clip at least.
        inputs: files that the command reads, and never overwrites.
        suffixes: that the output may have; a name without any gets the first one.
    """
    if output == "-":
        _check_stdout(console, len(labels), binary=suffixes == MIDI)
        return
    if (
        output is not None
        and not output_paths.is_folder(output)
        and output_paths.suffix(output).lower() not in ("", *suffixes)
    ):
        hint = f"write {output}{suffixes[0]} if that is its name"
        raise typer.BadParameter(f"-o takes a {suffixes[0]} file, a folder or -, not {output}; {hint}")
    if output == "":
        raise typer.BadParameter("-o needs a name: a file, a folder or -")
    output_paths.check(output, labels, suffixes[0], inputs=inputs, force=force)


def _check_stdout(console: Console, files: int, binary: bool) -> None:
    if console.json:
        raise typer.BadParameter("-o - and --json would both write to stdout")
    if files > 1:
        raise typer.BadParameter("-o - takes one file, and this makes several; name a file or a folder")
    if binary and sys.stdout.isatty():
        raise typer.BadParameter("-o - would write MIDI bytes to the terminal; redirect stdout")


def deliver(
    clips: Clips,
    output: str | None,
    console: Console,
    force: bool,
    *,
    inputs: Sequence[str] = (),
    drawn: bool = False,
    renderings: Renderings = MIDI_ALONE,
    panels: Sequence[Panel] | None = None,
    extra: dict[str, object] | None = None,
) -> None:
    """Write the clips of one run, each as soon as it is made, and print their paths; draw the first if someone watches.

    Args:
        inputs: as for `check_output`.
        drawn: nobody chose the seed, so that it is said.
        renderings: what is made besides MIDI.
        panels: what its picture shows; by default every clip.
        extra: what else the JSON says.
    """
    from musicae.clips.write import clip_paths

    check_output(output, console, force, clips.labels, inputs=inputs)
    renderings.check(output, [] if output is None else clip_paths(clips[0].recipe, output, clips.labels), force)
    if drawn and clips.seed is not None:
        console.note(f"seed {clips.seed}")
    if output == "-":
        _draw(clips[0].score, console)
        sys.stdout.buffer.write(clips[0].midi())
        if renderings.play:
            renderings.play_all(clips)
        return
    paths = []
    with console.progress("making clips", len(clips)) as done:
        for path, _ in clips.write(output, force=force):
            paths.append(path)
            done(1)
    _draw(clips[0].score, console)
    silent = [path.name for path, clip in zip(paths, clips, strict=True) if clip.score.silent]
    if silent:
        console.note(f"nothing sounds in {', '.join(silent)}")
    files = [
        {"path": str(path), "label": clip.label, "attributes": clip.attributes()}
        for path, clip in zip(paths, clips, strict=True)
    ]
    recipe = clips[0].recipe
    if renderings.pictured and panels is None:
        panels = panels_of(clips)
    more = renderings.write(clips, paths, panels or (), console)
    files += [{"path": str(path)} for path in more]
    facts = {"model": recipe.model, "hash": recipe.hash, "seed": recipe.seed}
    console.data([*paths, *more], {**facts, **(extra or {}), "files": files})
    if renderings.play:
        renderings.play_all(clips)


def _draw(score: Score, console: Console) -> None:
    """A piano roll on the terminal."""
    if console.on_terminal:
        from musicae.render.roll import roll

        console.show(roll(score, console.width))
