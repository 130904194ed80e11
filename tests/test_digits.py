"""Digits: where they come from, how they are split, and what networks see of them."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from musicae.errors import MusicaeError
from musicae.experiments.images.digits import MNIST_COUNTS, Digits, drawn, read_digits, to_pixels
from musicae.experiments.images.idx import LabeledImages
from tests.helpers.idx import idx, write_squares


def test_digits_of_scikit_learn_are_tested_on_those_of_other_writers() -> None:
    digits = read_digits(None)
    assert (len(digits.train.labels), len(digits.test.labels)) == (1438, 359)
    assert (digits.side, digits.classes, digits.is_mnist) == (8, 10, False)
    assert digits.train.images.max() == 255 and digits.train.images.dtype == np.uint8
    shapes = {image.tobytes() for image in digits.train.images}
    assert not [image for image in digits.test.images if image.tobytes() in shapes]


def test_without_scikit_learn_one_learns_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(MusicaeError, match="not installed") as caught:
        read_digits(None)
    assert "musicae[experiments]" in caught.value.hint


def test_a_folder_of_idx_files_is_a_data_set(tmp_path: Path) -> None:
    digits = read_digits(write_squares(tmp_path / "squares"))
    assert (digits.name, digits.side, digits.classes, digits.is_mnist) == ("squares", 8, 3, False)
    assert (len(digits.train.labels), len(digits.test.labels)) == (40, 20)


def test_images_of_two_sizes_or_none_are_refused(tmp_path: Path) -> None:
    folder = write_squares(tmp_path / "squares")
    (folder / "t10k-images-idx3-ubyte").write_bytes(idx(np.zeros((20, 5, 5), np.uint8)))
    with pytest.raises(MusicaeError, match="another size"):
        read_digits(folder)
    with pytest.raises(MusicaeError, match="no images"):
        read_digits(write_squares(tmp_path / "none", n=0))


def test_mnist_is_known_by_how_often_it_has_each_digit() -> None:
    labels = np.repeat(np.arange(10, dtype=np.uint8), MNIST_COUNTS)
    images = LabeledImages(np.zeros((len(labels), 1, 1), np.uint8), labels)
    assert Digits("a", images, images).is_mnist and len(labels) == 60_000
    fewer = LabeledImages(images.images[1:], labels[1:])
    assert not Digits("b", fewer, fewer).is_mnist


def test_images_lie_in_the_middle_of_black() -> None:
    pixels = to_pixels(np.full((2, 28, 28), 255, np.uint8), 32)
    assert pixels.shape == (2, 1, 32, 32) and (pixels[:, :, 2:30, 2:30] == 1).all()
    assert pixels.sum() == 2 * (28**2 - (32**2 - 28**2))
    assert to_pixels(np.zeros((1, 5, 4), np.uint8), 8).shape == (1, 1, 8, 8)
    assert torch.equal(to_pixels(np.array([[[0, 255]]], np.uint8)), torch.tensor([[[[-1.0, 1.0]]]]))


def test_draws_follow_their_source_and_tell_the_first_labels_alone() -> None:
    images = np.arange(100, dtype=np.uint8).reshape(100, 1, 1)
    part = LabeledImages(images, np.full(100, 7, np.uint8))
    some, label = drawn(part, 500, torch.Generator().manual_seed(0), known=0.2)
    number = ((some[:, 0, 0, 0] + 1) * 127.5).round()
    assert torch.equal(label == 7, number < 20) and torch.equal(label == -1, number >= 20)
    assert torch.equal(some, drawn(part, 500, torch.Generator().manual_seed(0))[0])
    assert len(number.unique()) > 90
