"""A dataset on disk: token streams and window offsets as plain arrays, one folder per split, and the manifest.

The manifest is written last and removed first, so that a folder with a manifest is complete.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Integer

from musicae.corpus import SPLITS
from musicae.corpus.chunks import Chunk, covered
from musicae.corpus.labels import Labels
from musicae.music.representations.base import Representation
from musicae.storage.atomic import write_atomically

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
    tokens, starts = covered(chunk.tokens, chunk.starts[keep], representation.bars)
    _, steps, fields = tokens.shape
    rows = len(tokens) * steps
    _write_array(folder / "tokens.npy", tokens.reshape(rows, fields))
    _write_array(folder / "offsets.npy", (starts * steps).astype(np.uint32 if rows < 2**32 else np.int64))
    if labels:
        _write_array(folder / "labels.npy", labels.of_window[keep])
    return {
        "files": len(np.unique(chunk.window_file[keep])),
        "streams": len(np.unique(chunk.window_stream[keep])),
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
    """Write the manifest, which makes the dataset complete."""
    write_atomically(folder / MANIFEST, f"{json.dumps(manifest, indent=2)}\n".encode())


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of a complete dataset, or None."""
    try:
        manifest: Manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return manifest


def remove_dataset(folder: Path) -> None:
    """Remove what the writers above have written, and nothing else."""
    parts = [folder / split / name for split in SPLITS for name in ("tokens.npy", "offsets.npy", "labels.npy")]
    for path in (folder / MANIFEST, folder / DROPPED, *parts):
        path.unlink(missing_ok=True)


def _write_array(path: Path, array: Integer[np.ndarray, ...]) -> None:
    buffer = io.BytesIO()
    np.save(buffer, array)
    write_atomically(path, buffer.getvalue())
