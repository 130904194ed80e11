"""Clips to files, and beside every MIDI file the recipe that makes it again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from musicae.clips.recipe import Recipe
from musicae.clips.render import Clip
from musicae.errors import MusicaeError, error_context
from musicae.storage import output_paths
from musicae.storage.atomic import write_atomically


def write(
    clips: Iterable[Clip], output: str | None, labels: Sequence[str] = ("",), *, force: bool = False
) -> Iterator[tuple[Path, Clip]]:
    """Write the clips of one run as MIDI files, each as soon as it is made, with its recipe as a `.json` beside it.

    Args:
        output: a file (the other clips get its name and a number), a folder (that exists, or whose name ends in a
            slash), or None for the current folder. In folders, files are named after what the clips came from.
        labels: of all clips, in order.
        force: overwrite.

    Raises:
        MusicaeError: a file exists, or cannot be written.
    """
    clips = iter(clips)
    first = next(clips)
    paths = output_paths.names(output, stem(first.recipe), labels, ".mid")
    output_paths.refuse_existing(output_paths.with_recipes(paths), force)
    for path, clip in zip(paths, chain([first], clips), strict=True):
        write_atomically(path, clip.midi())
        write_atomically(path.with_suffix(".json"), dump(clip.recipe))
        yield path, clip


def write_recipe(recipe: Recipe, output: str | None, *, force: bool = False) -> Path:
    """Write a recipe alone; `output` as for clips.

    Raises:
        MusicaeError: the file exists, or cannot be written.
    """
    (path,) = output_paths.names(output, stem(recipe), [""], ".json")
    output_paths.refuse_existing([path], force)
    write_atomically(path, dump(recipe))
    return path


def stem(recipe: Recipe) -> str:
    """What names of outputs begin with: what the clip came from, the verb, the model, and the seed if there is one."""
    verb = "" if recipe.verb == "sample" else recipe.verb
    seed = "" if recipe.seed is None else f"seed{recipe.seed}"
    origin = recipe.origin.encode()[:LONGEST_ORIGIN].decode(errors="ignore")
    return "-".join(part for part in (origin, verb, recipe.model, seed) if part)


def dump(recipe: Recipe) -> bytes:
    """A recipe as JSON text, one entry a line."""
    entries = (f"  {json.dumps(key)}: {json.dumps(value, allow_nan=False)}" for key, value in recipe.to_json().items())
    return ("{\n" + ",\n".join(entries) + "\n}\n").encode()


def read_recipe(source: str | Path | bytes) -> Recipe:
    """The recipe in a file, or in its bytes, that a verb wrote or a user edited.

    Raises:
        MusicaeError: there is no such file, or it holds no recipe.
    """
    name = "the recipe" if isinstance(source, bytes) else source
    try:
        data = json.loads(source if isinstance(source, bytes) else Path(source).read_bytes())
    except OSError as error:
        raise MusicaeError(f"cannot read {name}: {error.strerror}", "check the path") from None
    except (ValueError, RecursionError) as error:
        hint = "give the .json that was written beside a MIDI file, or by encode"
        raise MusicaeError(f"{name} is not JSON: {error}", hint, kind="not-a-recipe") from None
    with error_context(name):
        return Recipe.from_json(data)


LONGEST_ORIGIN = 80
"""Bytes: file systems take about 255, and there is more to a name."""
