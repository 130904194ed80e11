"""The metrics of a training: JSON lines, of which each says what was measured after an update."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from musicae.checked_json import parse_json, read_bytes, typed
from musicae.errors import MusicaeError
from musicae.storage.atomic import append, write_atomically
from musicae.training.reporter import Metrics

METRICS = "metrics.jsonl"

LARGEST_METRICS = 2**30
"""Bytes, of which an update writes a few."""


def append_metrics(folder: Path, update: int, metrics: Mapping[str, object]) -> None:
    """Writes what was measured after an update."""
    append(folder / METRICS, (json.dumps({"update": update, **metrics}) + "\n").encode())


def cut_metrics(folder: Path, last: int) -> None:
    """Takes away what was measured after an update, and lines that were cut short.

    Raises:
        MusicaeError: they cannot be read.
    """
    if (folder / METRICS).exists():
        lines = [line for line in _lines_of(folder / METRICS) if _line(line).get("update", math.inf) <= last]
        write_atomically(folder / METRICS, b"".join(line + b"\n" for line in lines))


def validation_at(folder: Path, update: int) -> Metrics:
    """What a validation measured after an update; empty if there was none."""
    if (folder / METRICS).exists():
        for line in _lines_of(folder / METRICS):
            found = _line(line)
            if found.get("update", update) > update:
                break  # lines stand in the order of updates
            if (found.get("update"), found.get("split")) == (update, "validation"):
                return {name: float(value) for name, value in found.items() if isinstance(value, int | float)}
    return {}


def _lines_of(path: Path) -> list[bytes]:
    try:
        return read_bytes(path, LARGEST_METRICS).split(b"\n")
    except (OSError, ValueError) as error:
        raise MusicaeError(f"cannot go on with {path}: {error}", "move it away, or begin again") from None


def _line(text: bytes) -> dict[str, Any]:
    """What a line says; nothing if it is none, because it was cut short."""
    try:
        found = typed(parse_json(text), dict[str, Any], "a line")
        return {**found, "update": typed(found.get("update"), float, "update")}
    except ValueError:
        return {}
