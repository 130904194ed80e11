"""Windows and decodings that all measurements share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from musicae.corpus import IN_TRAINING
from musicae.corpus.dataset import Dataset
from musicae.corpus.preprocess import Annotations, preprocess
from musicae.errors import MusicaeError
from musicae.evaluation.held_out import decode_all, held_out, held_out_runs, repeated_share
from musicae.model import Model
from musicae.music.representations.melody import Melody
from tests.helpers.corpora import piece, tune, write_corpus
from tests.helpers.models import tiny_model
from tests.helpers.scores import score, track
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


def test_windows_that_were_left_out_count_as_repeated_once(data: Dataset, tmp_path: Path) -> None:
    assert repeated_share(data) == 0
    shared, own = tune(0, bars=2), tune(1, bars=2)
    notes = [
        (start + 32 * place, end + 32 * place, pitch)
        for place, part in enumerate((shared, shared, own))
        for start, end, pitch in part
    ]
    folder = write_corpus(tmp_path / "midi", [piece(0, bars=2), score(track(notes), bars=6)])
    splits = tmp_path / "splits.csv"
    splits.write_text("path,split\n000.mid,train\n001.mid,test\n")
    preprocess([folder], tmp_path / "out", Melody(bars=2), annotations=Annotations(splits), workers=1)
    made = Dataset(tmp_path / "out")
    assert made.counts == {
        "found": 1 + 5,
        "too silent": 0,
        "too few pitches": 0,
        "duplicates": 1,
        IN_TRAINING: 1,
        "kept": 1 + 3,
    }
    assert repeated_share(made) == 1 / 4


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
