"""A data set on disk: token streams and window offsets as plain arrays, one folder per split, and the manifest.

The manifest is written last and removed first, so that a folder with a manifest is complete.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence, Sized
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Integer, Shaped

from musicae.checked_json import read_json
from musicae.corpus import SPLITS
from musicae.corpus.chunk_file import Chunk, token_type
from musicae.corpus.chunks import cover
from musicae.corpus.labels import Labels
from musicae.corpus.windows import rows_per_bar
from musicae.music.representations.base import Representation
from musicae.storage.atomic import write_atomically

PIECE_BARS = 2**14
"""Bars that are copied at once."""

MANIFEST, DROPPED = "manifest.json", "dropped.csv"

Manifest = dict[str, Any]


def write_split(
    folder: Path,
    chunk: Chunk,
    keep: Bool[np.ndarray, " window"],
    representation: Representation,
    labels: Labels | None = None,
) -> dict[str, int]:
    """Write the bars that the kept windows cover, the rows at which the windows start, and the windows' labels.

    Returns:
        How many files, streams, windows and rows were written.
    """
    kept = np.flatnonzero(keep)
    pieces, starts, bars = covered(chunk, kept, representation.bars)
    steps, fields = rows_per_bar(representation), len(representation.shape.columns)
    rows = bars * steps
    _write_array(folder / "tokens.npy", (rows, fields), token_type(representation), pieces)
    kind = np.uint32 if rows < 2**32 else np.int64
    _write_array(folder / "offsets.npy", starts.shape, kind, [(starts * steps).astype(kind)])
    if labels:
        _write_array(folder / "labels.npy", kept.shape, labels.of_window.dtype.type, [labels.of_window[kept]])
    return {
        "files": len(np.unique(chunk.window_file[kept])),
        "streams": len(np.unique(chunk.window_stream[kept])),
        "windows": len(starts),
        "rows": rows,
    }


def write_dropped(folder: Path, rows: Iterable[Sequence[str]]) -> Path:
    """Write `dropped.csv`: path, reason and detail of every file of which nothing was kept."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("path", "reason", "detail"), *rows])
    write_atomically(folder / DROPPED, text.getvalue().encode("utf-8", "surrogateescape"))
    return folder / DROPPED


def read_dropped(folder: Path) -> list[dict[str, str]]:
    """The rows of `dropped.csv`."""
    with (folder / DROPPED).open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        return list(csv.DictReader(file))


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest, which makes the data set complete."""
    write_atomically(folder / MANIFEST, f"{json.dumps(manifest, indent=2)}\n".encode())


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of a complete data set, or None."""
    try:
        manifest = read_json(folder / MANIFEST)
    except (OSError, ValueError):
        return None
    return manifest if isinstance(manifest, dict) else None


def remove_dataset(folder: Path) -> None:
    """Remove what the writers above have written, and nothing else."""
    parts = [folder / split / name for split in SPLITS for name in ("tokens.npy", "offsets.npy", "labels.npy")]
    for path in (folder / MANIFEST, folder / DROPPED, *parts):
        path.unlink(missing_ok=True)


def covered(
    chunk: Chunk, windows: Integer[np.ndarray, " window"], bars: int
) -> tuple[Iterator[Integer[np.ndarray, "bar step field"]], Integer[np.ndarray, " window"], int]:
    """The bars that some windows of `bars` bars cover, piece by piece; where the windows start among them; how many."""
    starts = chunk.starts[windows]
    marks = [cover(len(block), starts[own] - first, bars) for block, first, own in _blocks(chunk, starts)]
    keep = np.concatenate([np.zeros(0, dtype=bool), *marks])
    place = np.cumsum(keep) - 1

    def pieces() -> Iterator[Integer[np.ndarray, "bar step field"]]:
        for block, mark in zip(chunk.tokens, marks, strict=True):
            for first in range(0, len(block), PIECE_BARS):
                piece = slice(first, first + PIECE_BARS)
                yield block[piece][mark[piece]]

    return pieces(), place[starts], int(keep.sum())


def _blocks(chunk: Chunk, starts: Integer[np.ndarray, " window"]) -> Iterator[tuple[Sized, int, slice]]:
    """Every block of a chunk, its first bar, and which windows start in it."""
    first = 0
    for block in chunk.tokens:
        yield block, first, slice(*np.searchsorted(starts, (first, first + len(block))))
        first += len(block)


def _write_array(
    path: Path, shape: tuple[int, ...], kind: type[np.generic], pieces: Iterable[Shaped[np.ndarray, ...]]
) -> None:
    """Writes what `np.save` writes of an array, which is never there as a whole."""
    head = io.BytesIO()
    declared = {"descr": np.lib.format.dtype_to_descr(np.dtype(kind)), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(head, declared)
    write_atomically(path, chain([head.getvalue()], (np.ascontiguousarray(piece).tobytes() for piece in pieces)))
