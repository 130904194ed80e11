"""Clips to files: names, never overwriting, and beside every MIDI file the recipe that makes it again."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from musicae.clip import Clip, Recipe
from musicae.errors import MusicaeError
from musicae.files import write_atomically


def write(clips: Sequence[Clip], output: str | None, *, force: bool = False) -> list[Path]:
    """Write clips of one run as MIDI files, each with its recipe as a `.json` of the same name.

    Args:
        output: a file (the other clips get its name and a number), a folder (that exists, or whose name ends in a
            slash), or None for the current folder. In folders, files are named after model, verb, seed and number.
        force: overwrite.

    Raises:
        MusicaeError: a file exists, or cannot be written.
    """
    first = clips[0].recipe
    verb = "" if first.verb == "sample" else f"-{first.verb}"
    stem = f"{first.model}{verb}-seed{first.seed}"
    paths = names(output, stem, [f"-{clip.label}" if clip.label else "" for clip in clips], ".mid")
    recipes = [path.with_suffix(".json") for path in paths]
    _refuse_existing([*paths, *recipes], force)
    for clip, path, recipe in zip(clips, paths, recipes, strict=True):
        write_atomically(path, clip.midi())
        write_atomically(recipe, dump(clip.recipe))
    return paths


def write_recipe(recipe: Recipe, output: str | None, *, force: bool = False) -> Path:
    """Write a recipe alone; `output` as for clips.

    Raises:
        MusicaeError: the file exists, or cannot be written.
    """
    (path,) = names(output, f"{recipe.model}-{recipe.verb}", [""], ".json")
    _refuse_existing([path], force)
    write_atomically(path, dump(recipe))
    return path


def dump(recipe: Recipe) -> bytes:
    """A recipe as JSON text, one entry a line."""
    entries = (f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in recipe.to_json().items())
    return ("{\n" + ",\n".join(entries) + "\n}\n").encode()


def read_recipe(path: Path) -> Recipe:
    """The recipe in a file that a verb wrote, or that a user edited.

    Raises:
        MusicaeError: there is no such file, or it holds no recipe.
    """
    try:
        data = json.loads(path.read_bytes())
    except OSError as error:
        raise MusicaeError(f"cannot read {path}: {error.strerror}", "check the path") from None
    except ValueError as error:
        hint = "give the .json that musicae wrote beside a MIDI file, or musicae encode"
        raise MusicaeError(f"{path} is not JSON: {error}", hint) from None
    return Recipe.from_json(data)


def names(output: str | None, stem: str, labels: Sequence[str], suffix: str) -> list[Path]:
    """One path for every label: `output` itself and numbered siblings, or free numbers after `stem` in a folder."""
    if output is not None and not output.endswith("/") and not Path(output).is_dir():
        path = Path(output)
        siblings = [path.with_stem(f"{path.stem}-{i:03d}{label}") for i, label in enumerate(labels[1:], start=1)]
        return [path, *siblings]
    folder = Path(output or ".")
    pattern = re.compile(re.escape(stem) + r"-(\d+)\D.*")
    taken = {int(match[1]) for path in folder.glob("*") if (match := pattern.fullmatch(path.name))}
    first = next(i for i in count() if taken.isdisjoint(range(i, i + len(labels))))
    return [folder / f"{stem}-{i:03d}{label}{suffix}" for i, label in enumerate(labels, start=first)]


def _refuse_existing(paths: Sequence[Path], force: bool) -> None:
    exists = next((path for path in paths if path.exists()), None)
    if exists and not force:
        raise MusicaeError(f"{exists} exists", "choose another name, or overwrite it with --force")
