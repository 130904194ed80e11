"""Clips to files, and beside every MIDI file the recipe that makes it again."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import accumulate, count
from pathlib import Path

from musicae.clips.recipe import Recipe
from musicae.clips.recipe_json import dump_recipe
from musicae.errors import MusicaeError
from musicae.storage import output_paths
from musicae.storage.atomic import write_together

MIDI_SUFFIXES = (".mid", ".midi")

LONGEST_ORIGIN = 80
"""Bytes: file systems take about 255, and there is more to a name."""


def clip_paths(recipe: Recipe, output: str | Path | None, labels: Sequence[str], *, least: int = 0) -> list[Path]:
    """Paths for the MIDI files of clips of those labels, the first of them made by `recipe`.

    Args:
        output: a file (the other clips get its name and a number), a folder (that exists, or whose name ends in a
            slash), or None for the current folder. In folders, files are named after what the clips came from.
        least: the first number to try in a folder.

    Raises:
        MusicaeError: the file is not called `.mid` or `.midi`.
    """
    name = None if output is None else os.fspath(output)
    if name and not output_paths.is_folder(name) and output_paths.suffix(name).lower() not in ("", *MIDI_SUFFIXES):
        raise MusicaeError(f"{name} is not a name for a MIDI file", f"choose one that ends in {MIDI_SUFFIXES[0]}")
    return output_paths.names(name, stem(recipe), labels, MIDI_SUFFIXES[0], least=least)


def refuse_existing_clips(paths: Sequence[Path], force: bool) -> None:
    """Protect MIDI files that exist, and what stands where their recipes would be written.

    Raises:
        MusicaeError: there is one, and `force` does not allow to overwrite it.
    """
    output_paths.refuse_existing(output_paths.with_recipes(paths), force)


def write_clip(path: Path, midi: bytes, recipe: Recipe, *, overwrite: bool = False) -> bool:
    """Write a recipe and its MIDI file.

    Returns:
        Whether they are written: without `overwrite`, not where one of the names has been taken.

    Raises:
        MusicaeError: one of them cannot be written.
    """
    return write_together({path.with_suffix(".json"): dump_recipe(recipe), path: midi}, overwrite=overwrite)


def write_recipe(recipe: Recipe, output: str | None, *, force: bool = False) -> Path:
    """Write only a recipe; `output` as for clips.

    Raises:
        MusicaeError: the file exists, or cannot be written.
    """
    for least in count():  # another process may be faster
        (path,) = output_paths.names(output, stem(recipe), [""], ".json", least=least)
        output_paths.refuse_existing([path], force or output_paths.takes_free_numbers(output))
        if write_together({path: dump_recipe(recipe)}, overwrite=output_paths.may_replace(output, force)):
            break
    return path


def stem(recipe: Recipe) -> str:
    """What names of outputs begin with: what the clip came from, the verb, the model, and the seed if there is one."""
    verb = "" if recipe.verb == "sample" else recipe.verb
    seed = "" if recipe.seed is None else f"seed{recipe.seed}"
    return "-".join(part for part in (_cut(recipe.origin), verb, recipe.model, seed) if part)


def _cut(origin: str) -> str:
    """As many characters as fit into `LONGEST_ORIGIN`; bytes that are not characters (`os.fsdecode`) are kept."""
    lengths = accumulate(len(character.encode("utf-8", "surrogatepass")) for character in origin)
    return origin[: sum(length <= LONGEST_ORIGIN for length in lengths)]
