"""IDX files, written by code."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np


def idx(array: np.ndarray, kind: int = 8) -> bytes:
    """An IDX file of unsigned bytes, or what says that it is of another kind."""
    return struct.pack(f">2x2B{array.ndim}I", kind, array.ndim, *array.shape) + array.tobytes()


def write_squares(folder: Path, n: int = 40, side: int = 7, classes: int = 3) -> Path:
    """A folder like MNIST's of n images to train on and half as many to test with: class k is a white row k."""
    folder.mkdir(exist_ok=True)
    for part, count in (("train", n), ("t10k", n // 2)):
        labels = (np.arange(count) % classes).astype(np.uint8)
        images = np.zeros((count, side, side), np.uint8)
        images[np.arange(count), labels] = 255
        (folder / f"{part}-images-idx3-ubyte").write_bytes(idx(images))
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(idx(labels))
    return folder
