"""Windows of a data set: gathered where they are."""

import gc
import warnings

import numpy as np
import pytest
import torch

from musicae.corpus.dataset import Dataset
from musicae.errors import MusicaeError


def test_windows_begin_without_orphan_note_offs(data: Dataset) -> None:
    windows = data.split("train").take(torch.arange(64)).flatten(1)
    for window in windows.tolist():
        first = next((token for token in window if token), 0)
        assert first != 1


def test_labels_come_with_their_windows(data: Dataset) -> None:
    windows = data.split("train")
    assert windows.draw(8, torch.Generator().manual_seed(0)).label is None
    windows.labels = torch.arange(len(windows)) - 1
    pairs = windows.draw(8, torch.Generator().manual_seed(0))
    assert pairs.label is not None and torch.equal(pairs.encoder_columns, windows.take(pairs.label + 1))


def test_a_smaller_share_of_labels_is_part_of_a_larger_one(data: Dataset) -> None:
    windows = data.split("train")
    assert windows.with_labels_of(0.5) is windows  # there are none
    windows.labels = torch.arange(len(windows)) % 2
    few, more = (windows.with_labels_of(share).labels for share in (0.25, 0.5))
    assert few is not None and more is not None and windows.labels.min() == 0
    assert (few >= 0).sum() == 16 and (more >= 0).sum() == 32
    assert ((few < 0) | (few == more)).all() and ((more < 0) | (more == windows.labels)).all()


HEADS = {
    "a size that overflows": "{'descr': '|u1', 'fortran_order': False, 'shape': (9223372036854775807, 9), }",
    "a product that overflows": "{'descr': '|u1', 'fortran_order': False, 'shape': (4294967296, 4294967296, 1), }",
    "numbers of Python 2": "{'descr': '|u1', 'fortran_order': False, 'shape': (2048L, 2L), }",
    "an unknown escape": "{'descr': '|u1\\d', 'fortran_order': False, 'shape': (2048, 1), }",
}


@pytest.mark.parametrize("head", HEADS)
def test_a_damaged_head_is_an_error_and_nothing_beside_it(data: Dataset, head: str) -> None:
    text = HEADS[head].encode()
    for name in ("tokens", "offsets"):
        path = data.folder / "train" / f"{name}.npy"
        good = path.read_bytes()
        path.write_bytes(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(4096))
        with warnings.catch_warnings(record=True) as said, pytest.raises(MusicaeError, match="cannot be read"):
            warnings.simplefilter("always")
            data.split("train")
        assert not said
        path.write_bytes(good)


def test_an_archive_in_the_place_of_an_array_is_closed(data: Dataset) -> None:
    np.savez(data.folder / "train" / "tokens.npz", np.arange(4))
    (data.folder / "train" / "tokens.npz").rename(data.folder / "train" / "tokens.npy")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        with pytest.raises(MusicaeError, match="cannot be read"):
            data.split("train")
        gc.collect()  # a file that is left open is found here
    assert not said
