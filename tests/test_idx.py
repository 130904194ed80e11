"""IDX files: what is read is what was written, and what is none is refused with its name."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from musicae.errors import MusicaeError
from musicae.experiments.images.idx import read_idx, read_labeled_images
from tests.helpers.idx import idx

IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
LABELS = np.array([7, 250], np.uint8)


def write_four(folder: Path, **other: bytes) -> Path:
    """A folder like MNIST's, some files of it otherwise."""
    files = {f"{part}_images": idx(IMAGES) for part in ("train", "t10k")}
    files |= {f"{part}_labels": idx(LABELS) for part in ("train", "t10k")}
    for name, data in {**files, **other}.items():
        dimensions = 3 if name.endswith("images") else 1
        (folder / f"{name.replace('_', '-')}-idx{dimensions}-ubyte").write_bytes(data)
    return folder


@pytest.mark.parametrize("array", [IMAGES, LABELS, IMAGES[:0]], ids=["images", "labels", "none"])
@pytest.mark.parametrize("packed", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_what_is_read_is_what_was_written(tmp_path: Path, array: np.ndarray, packed: type[bytes]) -> None:
    path = tmp_path / "a"  # compressed or not is seen in the content, not in the name
    path.write_bytes(packed(idx(array)))
    read = read_idx(path, array.ndim)
    assert read.dtype == np.uint8 and np.array_equal(read, array) and read.shape == array.shape


def test_folders_give_images_with_their_labels(tmp_path: Path) -> None:
    train, test = read_labeled_images(write_four(tmp_path, t10k_images=idx(IMAGES + 1)))
    assert np.array_equal(train.images, IMAGES) and np.array_equal(test.images, IMAGES + 1)
    assert np.array_equal(train.labels, LABELS) and np.array_equal(test.labels, LABELS)


@pytest.mark.parametrize("end", [".idx3-ubyte", "-idx3-ubyte.gz", ".idx3-ubyte.gz"])
def test_files_have_the_names_under_which_they_are_found(tmp_path: Path, end: str) -> None:
    path = write_four(tmp_path) / "train-images-idx3-ubyte"
    data = path.read_bytes()
    path.unlink()
    (tmp_path / f"train-images{end}").write_bytes(gzip.compress(data, mtime=0) if end.endswith(".gz") else data)
    assert np.array_equal(read_labeled_images(tmp_path)[0].images, IMAGES)


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "this is not an IDX file: it starts with nothing"),
        (b"\0\0\x08", "this is not an IDX file: it starts with 00 00 08"),
        (b"\x89PNG....", "this is not an IDX file: it starts with 89 50 4e 47"),
        (idx(IMAGES, kind=13), "it holds values of type 0x0d, not unsigned bytes (0x08)"),
        (idx(LABELS), "it has 1 dimensions, not 3"),
        (idx(IMAGES)[:10], "it ends within its header"),
        (idx(IMAGES)[:-1], "its header says 2 x 3 x 4 bytes, but 23 follow"),
        (idx(IMAGES) + b"\0", "its header says 2 x 3 x 4 bytes, but 25 follow"),
        (struct.pack(">2x2B3I", 8, 3, *[2**32 - 1] * 3), "4294967295 x 4294967295 x 4294967295 bytes, but 0 follow"),
        (gzip.compress(idx(IMAGES), mtime=0)[:-12], "it cannot be read"),
        (gzip.compress(idx(IMAGES), mtime=0)[:12], "it cannot be read"),
        (b"\x1f\x8bnonsense", "it cannot be read"),
        (gzip.compress(idx(IMAGES), mtime=0)[:12] + bytes(30), "it cannot be read"),
        (gzip.compress(b"\0\0", mtime=0), "this is not an IDX file: it starts with 00 00"),
    ],
)
def test_what_is_no_file_of_images_is_refused_with_its_name(tmp_path: Path, data: bytes, complaint: str) -> None:
    path = tmp_path / "some-images"
    path.write_bytes(data)
    with pytest.raises(MusicaeError) as caught:
        read_idx(path, 3)
    assert str(caught.value).startswith("some-images: ") and complaint in str(caught.value)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(MusicaeError, match="it cannot be read"):
            read_idx(path, 1)


def test_a_missing_file_is_named_with_its_other_names(tmp_path: Path) -> None:
    (write_four(tmp_path) / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(MusicaeError, match="there is no t10k-labels-idx1-ubyte") as caught:
        read_labeled_images(tmp_path)
    assert "t10k-labels.idx1-ubyte, t10k-labels-idx1-ubyte.gz, t10k-labels.idx1-ubyte.gz" in caught.value.hint


def test_every_image_needs_its_label(tmp_path: Path) -> None:
    with pytest.raises(MusicaeError, match="t10k: there are 2 images, but 1 labels") as caught:
        read_labeled_images(write_four(tmp_path, t10k_labels=idx(LABELS[:1])))
    assert str(caught.value).startswith(f"{tmp_path}: ")
