"""Digits to compare autoencoders on: scikit-learn's, or those of a folder of IDX files, MNIST's first of all."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import UInt8

from musicae.errors import MusicaeError
from musicae.experiments.images.idx import LabeledImages, read_labeled_images
from musicae.experiments.images.image_task import Images
from musicae.networks.types import ClassLabel

TEST_SHARE = 0.2
"""Of scikit-learn's digits. They lie writer by writer, so that the last ones were written by others than the first."""

MNIST_COUNTS = (5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949)
"""How often each digit is in the images that MNIST trains on, by which it is told from other folders of IDX files."""


@dataclass(frozen=True, eq=False)
class Digits:
    """Images of digits, or of other classes.

    Attributes:
        name: of the data set.
        train, test: images to learn from, and others.
    """

    name: str
    train: LabeledImages
    test: LabeledImages

    @property
    def classes(self) -> int:
        """How many there are."""
        return int(self.train.labels.max()) + 1

    @property
    def is_mnist(self) -> bool:
        """Whether figures that were published of MNIST may stand beside ours."""
        return tuple(np.bincount(self.train.labels).tolist()) == MNIST_COUNTS

    @property
    def side(self) -> int:
        """The least power of two that images fit in, in pixels: what networks that halve them need."""
        return 1 << (max(self.train.images.shape[1:]) - 1).bit_length()


def read_digits(folder: Path | None) -> Digits:
    """The digits of a folder of IDX files, or scikit-learn's where there is none.

    Raises:
        MusicaeError: the folder holds other files, or none, or scikit-learn is not installed.
    """
    return _scikit_learn_digits() if folder is None else _idx_digits(folder)


def _idx_digits(folder: Path) -> Digits:
    digits = Digits(folder.resolve().name, *read_labeled_images(folder))
    for part in (digits.train, digits.test):
        if not len(part.labels):
            raise MusicaeError(f"{folder} holds no images", "name a folder with images to train on and to test with")
        if part.images.shape[1:] != digits.train.images.shape[1:]:
            raise MusicaeError(f"{folder}: test images have another size than the others", "name another folder")
    return digits


def _scikit_learn_digits() -> Digits:
    """1,797 images of 8 by 8 pixels, 0 to 16 each."""
    try:
        loaded: Any = import_module("sklearn.datasets").load_digits()
    except ImportError:
        hint = "pip install 'musicae[experiments]', or name a folder of IDX files"
        message = "scikit-learn, whose digits these are, is not installed"
        raise MusicaeError(message, hint, kind="no-digits") from None
    images = np.rint(loaded.images * (255 / 16)).astype(np.uint8)
    labels = loaded.target.astype(np.uint8)
    first = len(labels) - round(TEST_SHARE * len(labels))
    parts = (LabeledImages(images[some], labels[some]) for some in (slice(first), slice(first, None)))
    return Digits("scikit-learn", *parts)


def to_pixels(images: UInt8[np.ndarray, "image rows columns"], side: int = 0) -> Images:
    """Images as pixels from -1 to 1, in the middle of black squares where a side is given."""
    pixels = torch.from_numpy(images.astype(np.float32))[:, None] / 127.5 - 1
    if not side:
        return pixels
    (above, below), (left, right) = ((extra // 2, extra - extra // 2) for extra in (side - n for n in images.shape[1:]))
    return F.pad(pixels, (left, right, above, below), value=-1.0)


def drawn(
    part: LabeledImages, n: int, source: torch.Generator, *, side: int = 0, known: float = 1.0
) -> tuple[Images, ClassLabel]:
    """n images at random, and their classes.

    Args:
        side: as of `to_pixels`.
        known: the share of all images, the first ones, whose class is known.
    """
    chosen = torch.randint(len(part.labels), (n,), generator=source)
    label = torch.from_numpy(part.labels[chosen.numpy()].astype(np.int64))
    return to_pixels(part.images[chosen.numpy()], side), label.masked_fill(chosen >= known * len(part.labels), -1)
