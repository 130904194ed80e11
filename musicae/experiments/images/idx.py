"""IDX files, in which MNIST and its kin are distributed: a short header, then unsigned bytes; compressed or not."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from musicae.errors import MusicaeError, error_context

_UNSIGNED_BYTES = 8
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, eq=False)
class LabeledImages:
    """Gray images, 0 (background) to 255, and what each shows."""

    images: UInt8[np.ndarray, "image height width"]
    labels: UInt8[np.ndarray, " image"]


def read_labeled_images(folder: Path) -> tuple[LabeledImages, LabeledImages]:
    """The images to learn from and those to test with, from the four files that MNIST consists of.

    They are called `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and
    `t10k-labels-idx1-ubyte`; `.idx3-ubyte` is as good as `-idx3-ubyte`, and `.gz` may follow.

    Raises:
        MusicaeError: a file is missing, is not what its name says, or there are not as many labels as images.
    """
    with error_context(folder):
        train, test = (_read_part(folder, part) for part in ("train", "t10k"))
    return train, test


def _read_part(folder: Path, part: str) -> LabeledImages:
    images = read_idx(_find(folder, f"{part}-images", 3), 3)
    labels = read_idx(_find(folder, f"{part}-labels", 1), 1)
    if len(images) != len(labels):
        raise MusicaeError(f"{part}: there are {len(images)} images, but {len(labels)} labels")
    return LabeledImages(images, labels)


def _find(folder: Path, name: str, dimensions: int) -> Path:
    plain = [f"{name}{mark}idx{dimensions}-ubyte" for mark in "-."]
    names = [*plain, *(f"{name}.gz" for name in plain)]
    for path in map(folder.joinpath, names):
        if path.is_file():
            return path
    raise MusicaeError(f"there is no {names[0]}", f"it may also be called {', '.join(names[1:])}")


def read_idx(path: Path, dimensions: int) -> UInt8[np.ndarray, ...]:
    """What an IDX file of unsigned bytes holds.

    Args:
        dimensions: that it has to have: 1 for labels, 3 for images.

    Raises:
        MusicaeError: it cannot be read, or is no such file.
    """
    with error_context(path.name):
        data = _content(path)
        if len(data) < 4 or data[:2] != b"\0\0":
            raise MusicaeError(f"this is not an IDX file: it starts with {data[:4].hex(' ') or 'nothing'}")
        if data[2] != _UNSIGNED_BYTES:
            raise MusicaeError(f"it holds values of type {data[2]:#04x}, not unsigned bytes ({_UNSIGNED_BYTES:#04x})")
        if data[3] != dimensions:
            raise MusicaeError(f"it has {data[3]} dimensions, not {dimensions}", "are images and labels exchanged?")
        start = 4 + 4 * dimensions
        if len(data) < start:
            raise MusicaeError("it ends within its header")
        shape = struct.unpack(f">{dimensions}I", data[4:start])
        if len(data) - start != math.prod(shape):
            said = " x ".join(map(str, shape))
            raise MusicaeError(f"its header says {said} bytes, but {len(data) - start} follow")
        return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


def _content(path: Path) -> bytes:
    try:
        data = path.read_bytes()
        return gzip.decompress(data) if data.startswith(_GZIP) else data
    except (OSError, EOFError, zlib.error) as error:  # a broken archive is one of the three
        raise MusicaeError(f"it cannot be read: {getattr(error, 'strerror', None) or error}") from error
