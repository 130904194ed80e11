"""Windows of a data set: gathered and transposed where they are."""

import torch

from musicae.corpus.dataset import Dataset


def test_windows_transpose_where_they_are(data: Dataset) -> None:
    windows = data.split("train")
    batch = windows.take(torch.arange(8)).clamp(max=60)
    assert torch.equal(windows.transpose(batch, torch.full((8,), 5)), batch)
    up = windows.transpose(batch, torch.full((8,), 7))
    assert torch.equal(up, torch.where(batch > 1, batch + 2, batch))
    low = batch.clone()
    low[0, 0, 0, 0] = 3
    down = windows.transpose(low, torch.zeros(8, dtype=torch.int64))
    assert torch.equal(down[0], low[0])


def test_windows_begin_without_orphan_note_offs(data: Dataset) -> None:
    windows = data.split("train").take(torch.arange(64)).flatten(1)
    for window in windows.tolist():
        first = next((token for token in window if token), 0)
        assert first != 1
