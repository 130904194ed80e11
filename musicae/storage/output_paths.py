"""Where outputs go: names that overwrite nothing, and everything that can be refused before it is computed."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from musicae.errors import MusicaeError
from musicae.storage.atomic import sweep


def is_folder(output: str) -> bool:
    """Whether an output is a folder: one that exists, or a name that ends in a slash."""
    return output.endswith("/") or os.path.isdir(output)


def suffix(output: str) -> str:
    """The suffix of a name; a number after a dot ("v1.2") is none."""
    found = Path(output).suffix
    return "" if found[1:].isdigit() else found


def names(output: str | None, stem: str, labels: Sequence[str], kind: str, *, least: int = 0) -> list[Path]:
    """One path for every label.

    Args:
        output: a file, whose name gets `kind` if it has no suffix, and for all labels but the first a number; a folder;
            or None for the current folder. In folders, files are called `stem` and take the first free numbers.
        labels: what else the names say, e.g. "before"; may be empty.
        least: the first number to try.
    """
    ends = [f"-{_plain(label)}" if label else "" for label in labels]
    if output is not None and not takes_free_numbers(output):
        path = Path(output) if suffix(output) else Path(output + kind)
        sweep(path.parent)
        siblings = [path.with_stem(f"{path.stem}-{i:03d}{end}") for i, end in enumerate(ends[1:], start=1)]
        return [path, *siblings]
    folder, stem = Path(output or "."), _plain(stem)
    sweep(folder)
    pattern = re.compile(re.escape(stem) + r"-(\d+)\D.*")
    taken = {int(match[1]) for path in folder.glob("*") if (match := pattern.fullmatch(path.name))}
    first = next(i for i in count(least) if taken.isdisjoint(range(i, i + len(ends))))
    return [folder / f"{stem}-{i:03d}{end}{kind}" for i, end in enumerate(ends, start=first)]


def may_replace(output: str | None, force: bool) -> bool:
    """Whether files that exist may be replaced: where `force` allows it, and never in folders."""
    return force and not takes_free_numbers(output)


def takes_free_numbers(output: str | None) -> bool:
    """Whether outputs take the next free numbers of a folder; there another process may take one first, and no name
    that exists is in the way.
    """
    return output is None or is_folder(output)


def with_recipes(paths: Sequence[Path]) -> list[Path]:
    """The paths, and those of the recipes beside MIDI files."""
    midi = [path for path in paths if path.suffix.lower() in (".mid", ".midi")]
    return list(dict.fromkeys([*paths, *(path.with_suffix(".json") for path in midi)]))


def check(
    output: str | None, labels: Sequence[str], kind: str, *, inputs: Sequence[str] = (), force: bool = False
) -> None:
    """Make sure that outputs can be written before anything is computed for them; arguments as for `names`.

    Raises:
        MusicaeError: one of them is also an input, or exists (unless `force`), or its folder cannot be written.
    """
    try:
        paths = with_recipes(names(output, "untitled", labels, kind))
        _refuse_inputs(paths, inputs)
        refuse_existing(paths, force or takes_free_numbers(output))
        _refuse_unwritable(paths[0])
    except OSError as error:
        raise _unwritable(output or "here", str(error.strerror)) from error


def check_file(path: Path, *, force: bool = False) -> None:
    """Make sure that a file can be written before anything is computed for it.

    Raises:
        MusicaeError: it exists (unless `force`), or its folder cannot be written.
    """
    try:
        sweep(path.parent)
        refuse_existing([path], force)
        _refuse_unwritable(path)
    except OSError as error:
        raise _unwritable(path, str(error.strerror)) from error


def refuse_existing(paths: Sequence[Path], force: bool) -> None:
    """Protect files that exist.

    Raises:
        MusicaeError: there is one, and `force` does not allow to overwrite it.
    """
    exists = next((path for path in paths if os.path.lexists(path)), None)
    if exists and not force:
        raise MusicaeError(f"{exists} exists", "choose another name", kind="exists", path=exists)


def _refuse_inputs(paths: Sequence[Path], inputs: Sequence[str]) -> None:
    read = [Path(name) for name in inputs if Path(name).exists()]
    for path in paths:
        if path.exists() and any(path.samefile(source) for source in read):
            recipe = ", the recipe of what is written," if path.suffix == ".json" else ""
            message = f"{path}{recipe} would be overwritten while it is read"
            raise MusicaeError(message, "choose another name", kind="is-input", path=path)


def _refuse_unwritable(path: Path) -> None:
    if path.exists() and not path.is_file():
        raise _unwritable(path, "it is not a file")
    parent = next(folder for folder in path.absolute().parents if folder.exists())
    if not parent.is_dir():
        raise _unwritable(path, f"{parent} is not a folder")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise _unwritable(path, f"no permission to write to {parent}")


def _unwritable(path: str | Path, why: str) -> MusicaeError:
    return MusicaeError(f"cannot write {path}: {why}", "choose another place", kind="cannot-write", path=path)


def _plain(name: str) -> str:
    """A part of a file name, without characters that lead elsewhere or that some systems refuse."""
    return re.sub(r'[\x00-\x1f<>:"/\\|?*]', "_", name)
