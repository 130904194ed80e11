"""Windows of a data set: gathered where they are."""

import torch

from musicae.corpus.dataset import Dataset


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
    assert pairs.label is not None and torch.equal(pairs.source, windows.take(pairs.label + 1))
