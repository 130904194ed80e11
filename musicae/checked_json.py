"""JSON that somebody else may have written: files of a sane size and depth, and values of the types that are needed.

Everything that is wrong is a ValueError in words, so that who asks can say which file it was. What is written for
others has null where a number is not finite, which JSON cannot say.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

LARGEST_FILE = 2**26
"""Bytes; recipes of long pieces have a few millions."""

MOST_LEVELS = 50
"""Levels of lists and objects."""

LARGEST_NUMBER = 2**63 - 1
"""What fits into the integers of arrays."""


def parse_json(text: str | bytes) -> Any:
    """What JSON text says.

    Raises:
        ValueError: it is not JSON, nested too deep or too large.
    """
    if len(text) > LARGEST_FILE:
        raise ValueError(f"it has more than {LARGEST_FILE} bytes")
    try:
        found = json.loads(text)
    except RecursionError:
        raise ValueError(f"it is nested deeper than {MOST_LEVELS} levels") from None
    level, depth = [found], 0
    while level := [item for some in level if isinstance(some, list | dict) for item in _inside(some)]:
        depth += 1
        if depth > MOST_LEVELS:
            raise ValueError(f"it is nested deeper than {MOST_LEVELS} levels")
    return found


def _inside(some: list[Any] | dict[str, Any]) -> list[Any]:
    return some if isinstance(some, list) else list(some.values())


def finite(value: Any) -> Any:
    """Plain data as JSON can say it: None in place of numbers that are not finite, lists in place of tuples."""
    if isinstance(value, Mapping):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read_json(path: Path) -> Any:
    """What the JSON in a file says.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not a file, or as for `parse_json`.
    """
    return parse_json(read_bytes(path))


def read_bytes(path: Path, largest: int = LARGEST_FILE) -> bytes:
    """The bytes of a file.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not a file (a device or a pipe never ends), or is too large.
    """
    path.stat()
    if not path.is_file():
        raise ValueError(f"{path.name} is not a file")
    with path.open("rb") as file:
        found = file.read(largest + 1)
    if len(found) > largest:
        raise ValueError(f"{path.name} has more than {largest} bytes")
    return found


def typed(value: Any, annotation: Any, name: str) -> Any:
    """A value, if it is of the annotated type; a record (a dataclass) is made from an object with its fields.

    Whole numbers are taken where floats are needed; all numbers are finite, and whole ones fit into 64 bits.

    Args:
        annotation: a class, a literal, a tuple, list or mapping of such, one of several, or Any.
        name: what it is, for errors.

    Raises:
        ValueError: it is of another type.
    """
    origin, inside = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation is Any:
        return value
    if origin in (types.UnionType, typing.Union):
        return _one_of(value, inside, name)
    if origin is Literal:
        if any(value == item and type(value) is type(item) for item in inside):
            return value
        raise ValueError(f"{name} is {_shown(value)}, not one of {', '.join(map(str, inside))}")
    if dataclasses.is_dataclass(annotation):
        return value if type(value) is annotation else _record(value, annotation, name)
    if origin in (list, tuple) and isinstance(value, list | tuple):
        kinds = inside[:1] * len(value) if origin is list or Ellipsis in inside else inside
        if len(kinds) != len(value):
            raise ValueError(f"{name} has {len(value)} values, not {len(kinds)}")
        pairs = enumerate(zip(value, kinds, strict=True))
        return origin(typed(item, kind, f"{name}[{place}]") for place, (item, kind) in pairs)
    if origin in (dict, Mapping) and isinstance(value, Mapping):
        return {key: typed(item, inside[1], f"{name}.{key:.40}") for key, item in value.items()}
    if origin is not None:
        raise ValueError(f"{name} is {_shown(value)}, not of type {annotation}")
    return _plain(value, annotation, name)


def _one_of(value: Any, kinds: tuple[Any, ...], name: str) -> Any:
    for kind in kinds[:-1]:
        try:
            return typed(value, kind, name)
        except ValueError:
            continue
    return typed(value, kinds[-1], name)


def _record(value: Any, annotation: Any, name: str) -> Any:
    if not isinstance(value, Mapping):
        raise ValueError(f"{name} is {_shown(value)}, not an object")
    hints = _hints(annotation)
    if unknown := [key for key in value if key not in hints]:
        raise ValueError(f"{name} has an unknown entry {unknown[0]:.60}")
    needed = [f.name for f in dataclasses.fields(annotation) if f.default is f.default_factory]
    if missing := [key for key in needed if key not in value]:
        raise ValueError(f"{name} has no {missing[0]}")
    return annotation(**{key: typed(item, hints[key], f"{name}.{key}") for key, item in value.items()})


@functools.cache
def _hints(annotation: Any) -> dict[str, Any]:
    return typing.get_type_hints(annotation)


def _plain(value: Any, annotation: Any, name: str) -> Any:
    kind = type(None) if annotation is None else annotation
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if number and kind in (int, float):
        if isinstance(value, int) and abs(value) > LARGEST_NUMBER:
            raise ValueError(f"{name} is too large a number")
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"{name} is {value}")
        if kind is float or isinstance(value, int):
            return float(value) if kind is float and isinstance(value, int) else value
    elif isinstance(value, kind) and not (number or kind in (int, float)):
        return value
    raise ValueError(f"{name} is {_shown(value)}, not of type {getattr(kind, '__name__', kind)}")


def _shown(value: Any) -> str:
    return f"{value!r:.60}"
