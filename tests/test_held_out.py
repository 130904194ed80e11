"""Windows and decodings that all measurements share."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from musicae.corpus import IN_TRAINING
from musicae.corpus.dataset import Dataset
from musicae.errors import MusicaeError
from musicae.evaluation.held_out import decode_all, held_out, held_out_runs, repeated_share
from musicae.model import Model
from tests.helpers.models import tiny_model
from tests.helpers.stand_ins import identity


def test_held_out_windows_are_the_same_for_every_model(model: Model, data: Dataset) -> None:
    windows = held_out(model, data, 10, seed=1)
    assert torch.equal(windows, held_out(identity(), data, 10, seed=1))
    assert torch.equal(windows, held_out(model, data, 20, seed=1)[:10])
    assert not torch.equal(windows, held_out(model, data, 10, seed=2))
    assert len(held_out(model, data, 1000)) == 64


def test_windows_of_another_kind_or_none_are_refused(model: Model, data: Dataset) -> None:
    with pytest.raises(MusicaeError, match="not drums"):
        held_out(tiny_model("drums-2bar"), data, 10)
    np.save(data.folder / "test" / "offsets.npy", np.zeros(0, dtype=np.uint32))
    with pytest.raises(MusicaeError, match=r"test split of .* has 0 windows"):
        held_out(model, data, 10)


def test_windows_that_were_left_out_count_as_repeated(data: Dataset) -> None:
    assert repeated_share(data) == 0
    data.counts[IN_TRAINING] = sum(data.manifest["splits"][name]["windows"] for name in ("validation", "test"))
    assert repeated_share(data) == 0.5


def test_runs_are_windows_one_behind_the_other_of_one_piece(model: Model, data: Dataset) -> None:
    assert len(held_out_runs(model, data, 10, 2)) == 0, "no window begins between two others"
    tokens = np.load(data.folder / "test" / "tokens.npy")
    offsets = np.array([*range(0, 161, 16), *range(192, 241, 16)], dtype=np.uint32)
    np.save(data.folder / "test" / "offsets.npy", offsets[::-1].copy())
    runs = held_out_runs(model, data, 100, 3, seed=1)
    assert len(runs) == 7, "five of ten bars in the first piece begin one, none in the second"
    pieces = [tokens[start : start + 96, 0] for start in range(0, 97, 16)]
    onsets = [(piece >= 2) * piece for piece in pieces]
    for run in runs.numpy():
        assert any(((run.ravel() >= 2) * run.ravel() == one).all() for one in onsets)


def test_argmax_does_not_depend_on_batches_and_samples_follow_the_seed(model: Model) -> None:
    z, condition = model.sample_codes(300, 0), torch.zeros(300, 2, 16, 0, dtype=torch.int64)
    np.testing.assert_array_equal(decode_all(model, z, condition)[256:], decode_all(model, z[256:], condition[256:]))
    one, same, other = (decode_all(model, z, condition, temperature=1.0, seed=seed) for seed in (1, 1, 2))
    assert (one == same).all() and (one != other).any()
