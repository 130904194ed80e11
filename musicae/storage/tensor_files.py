"""The heads of safetensors files: names, types and shapes of tensors, before one of them is read."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from musicae.checked_json import parse_json, typed

LARGEST_HEAD = 2**24
"""Bytes; ours have some ten thousand."""

BYTES = {"F64": 8, "I64": 8, "F32": 4, "I32": 4, "F16": 2, "BF16": 2, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}
"""Of a number, by type; others are not in our files."""


@dataclass(frozen=True)
class TensorHead:
    """What a file says of a tensor."""

    dtype: str
    shape: tuple[int, ...]
    data_offsets: tuple[int, int]


@dataclass(frozen=True)
class FileHead:
    """What stands before the tensors of a file.

    Attributes:
        notes: texts by name.
    """

    tensors: Mapping[str, TensorHead]
    notes: Mapping[str, str]

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every tensor."""
        return {name: head.shape for name, head in self.tensors.items()}

    @property
    def numbers(self) -> int:
        """In all tensors."""
        return sum(math.prod(head.shape) for head in self.tensors.values())


def read_head(path: Path) -> FileHead:
    """The head of a safetensors file: eight bytes of length, and JSON. What it says of tensors fits the file's size.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no such file, or is damaged.
    """
    size = path.stat().st_size
    if not path.is_file():
        raise ValueError(f"{path.name} is not a file")
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > min(size - 8, LARGEST_HEAD):
            raise ValueError(f"{path.name} is cut off, or no safetensors file")
        entries = typed(parse_json(file.read(length)), dict[str, Any], path.name)
    notes = typed(entries.pop("__metadata__", {}), dict[str, str], "__metadata__")
    tensors = {name: typed(entry, TensorHead, name[:60]) for name, entry in entries.items()}
    if wrong := next(_misplaced(tensors, size - 8 - length), None):
        raise ValueError(f"{path.name} is damaged at {wrong[:60]}")
    return FileHead(tensors, notes)


def _misplaced(tensors: Mapping[str, TensorHead], size: int) -> Iterator[str]:
    """The tensors that do not lie end to end in so many bytes, or have other sizes than their shapes say."""
    place = 0
    for name, head in sorted(tensors.items(), key=lambda item: item[1].data_offsets):
        first, last = head.data_offsets
        width = BYTES.get(head.dtype, 0)
        if min(head.shape, default=0) < 0 or first != place or last - first != math.prod(head.shape) * width:
            yield name
        place = last
    if place != size:
        yield "its end"
