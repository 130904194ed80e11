"""Clips to files, and beside every MIDI file the recipe that makes it again."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from musicae.clips.recipe import Recipe
from musicae.clips.recipe_json import dump_recipe
from musicae.errors import MusicaeError
from musicae.storage import output_paths
from musicae.storage.atomic import write_atomically

MIDI_SUFFIXES = (".mid", ".midi")

LONGEST_ORIGIN = 80
"""Bytes: file systems take about 255, and there is more to a name."""


def clip_paths(recipe: Recipe, output: str | Path | None, labels: Sequence[str]) -> list[Path]:
    """Paths for the MIDI files of clips of those labels, the first of them made by `recipe`.

    Args:
        output: a file (the other clips get its name and a number), a folder (that exists, or whose name ends in a
            slash), or None for the current folder. In folders, files are named after what the clips came from.

    Raises:
        MusicaeError: the file is not called `.mid` or `.midi`.
    """
    name = None if output is None else os.fspath(output)
    if name and not output_paths.is_folder(name) and output_paths.suffix(name).lower() not in ("", *MIDI_SUFFIXES):
        raise MusicaeError(f"{name} is no name for a MIDI file", f"choose one that ends in {MIDI_SUFFIXES[0]}")
    return output_paths.names(name, stem(recipe), labels, MIDI_SUFFIXES[0])


def refuse_existing_clips(paths: Sequence[Path], force: bool) -> None:
    """Protect MIDI files that exist, and what stands where their recipes would be written.

    Raises:
        MusicaeError: there is one, and `force` does not allow to overwrite it.
    """
    output_paths.refuse_existing(output_paths.with_recipes(paths), force)


def write_clip(path: Path, midi: bytes, recipe: Recipe) -> None:
    """Write a MIDI file and its recipe, whatever stands there.

    Raises:
        MusicaeError: one of them cannot be written.
    """
    write_atomically(path, midi)
    write_atomically(path.with_suffix(".json"), dump_recipe(recipe))


def write_recipe(recipe: Recipe, output: str | None, *, force: bool = False) -> Path:
    """Write a recipe alone; `output` as for clips.

    Raises:
        MusicaeError: the file exists, or cannot be written.
    """
    (path,) = output_paths.names(output, stem(recipe), [""], ".json")
    output_paths.refuse_existing([path], force)
    write_atomically(path, dump_recipe(recipe))
    return path


def stem(recipe: Recipe) -> str:
    """What names of outputs begin with: what the clip came from, the verb, the model, and the seed if there is one."""
    verb = "" if recipe.verb == "sample" else recipe.verb
    seed = "" if recipe.seed is None else f"seed{recipe.seed}"
    origin = recipe.origin.encode()[:LONGEST_ORIGIN].decode(errors="ignore")
    return "-".join(part for part in (origin, verb, recipe.model, seed) if part)
