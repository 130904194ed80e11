"""Statistics of samples against hand-made ones."""

from __future__ import annotations

import math
from dataclasses import replace
from unittest.mock import Mock

import numpy as np
import pytest
import torch

from musicae.config import spec
from musicae.evaluation.ngram import WindowNGram
from musicae.evaluation.sample_statistics import (
    BINS,
    NOTE_FEATURES,
    compare_feature,
    features_of,
    measure_samples,
    nearest_distances,
    sample_windows,
)
from musicae.model import Model
from musicae.music.score import Notes, Score, Track
from tests.helpers.models import tiny_config, tiny_model
from tests.helpers.progress import Counter


def test_overlap_and_kl_of_histograms() -> None:
    values = np.array([60.0, 62.0, 62.0, 64.0])
    same = compare_feature(values, values, BINS["pitch"])
    assert (same.overlap, same.kl) == (1, 0)
    assert same.samples == same.held_out and same.samples[60:65] == [0.25, 0, 0.5, 0, 0.25]
    disjoint = compare_feature(values, values + 1, BINS["pitch"])
    assert disjoint.overlap == 0 and disjoint.kl > 0
    half = compare_feature(np.array([0.0, 1.0]), np.array([1.0, 1.0]), np.arange(3) - 0.5)
    assert half.overlap == 0.5
    assert half.kl == pytest.approx(0.5 * math.log(3) + 0.5 * math.log(0.6))  # of 1.5, 1.5 and 0.5, 2.5
    assert compare_feature(np.array([99.0]), np.array([1.5]), np.arange(3) - 0.5).overlap == 1
    assert compare_feature(np.array([0.1, 0.9]), np.array([0.1, 0.9])).overlap == 1


def test_features_of_a_tune() -> None:
    tune = Track(Notes.of([(0, 96, 60, 9), (96, 120, 64, 9), (24 * 17, 24 * 19, 62, 9)]))
    score = Score(96, (Track(Notes.of([(0, 24, 36, 9)]), is_drum=True), tune), end=24 * 32)
    found = {name: values.tolist() for name, values in features_of([score, Score(96, (), end=384)]).items()}
    assert found == {
        "pitch": [60, 64, 62],
        "interval": [4, -2],
        "duration": [4, 1, 2],
        "onset": [0, 4, 1],
        "density": [3 / 32, 0],
    }


@pytest.mark.parametrize("meter, steps", [("3/4", 12), ("5/4", 20)])
def test_onsets_lie_in_bars_of_their_own_meter(meter: str, steps: int) -> None:
    config = tiny_config("melody-2bar")
    arguments = {**config.representation.arguments, "meter": meter}
    model = Model(replace(config, representation=spec("melody", **arguments)), "m", "cpu")
    windows = np.zeros((2, 2, steps, 1), dtype=np.int64)
    windows[:, 1, -1] = 40  # on the last step of the second bar
    assert features_of(model.scores(windows))["onset"].tolist() == [steps - 1] * 2
    found = measure_samples(model, windows, torch.from_numpy(windows), torch.from_numpy(windows))
    assert len(found.features["onset"].samples) == steps and found.features["onset"].samples[-1] == 1


def test_nearest_distances() -> None:
    known = np.zeros((3, 1, 4, 1), dtype=int)
    known[1, 0, :2] = 1
    known[2] = 2
    windows = np.array([[[[1], [1], [1], [0]]], [[[2], [2], [2], [2]]]])
    assert nearest_distances(windows, known).tolist() == [0.25, 0.0]


@pytest.mark.parametrize("preset", ["melody-2bar", "multitrack-1bar-chords"])
def test_a_model_that_memorized_its_windows_is_found_out(preset: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny_model(preset)
    generator = np.random.default_rng(0)
    windows = np.stack([model.representation.encode(model.representation.generate(generator)) for _ in range(12)])
    training, real = torch.as_tensor(windows[:8]).long(), torch.as_tensor(windows[8:]).long()
    monkeypatch.setattr(model, "decode", lambda z, *_, **__: windows[np.arange(len(z)) % 4].astype(np.int64))
    ngram = WindowNGram([90], training.numpy()) if preset == "melody-2bar" else None
    progress = Counter()
    found = measure_samples(model, sample_windows(model, 8, progress=progress), real, training, ngram)
    assert (found.memorized, found.duplicates, found.nearest) == (1.0, 0.5, 0.0)
    assert found.nearest_held_out > 0 and progress.done == progress.announced == 8
    assert set(found.features) == {*NOTE_FEATURES, "density"} | ({"cost"} if ngram else set())


def test_tokens_are_not_drawn_by_the_seed_of_their_codes(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    decode = Mock(wraps=model.decode)
    monkeypatch.setattr(model, "decode", decode)
    one, again = (sample_windows(model, 300, seed=5) for _ in range(2))
    assert (one == again).all() and len(one) == 300
    seeds = {call.kwargs["seed"] for call in decode.call_args_list}
    assert len(seeds) == 2 and 5 not in seeds, "two batches, each with draws of its own"


def test_samples_of_noise_are_new(model: Model) -> None:
    windows = torch.as_tensor(model.decode(model.sample_codes(16, 1), temperature=1.0)).long()
    found = measure_samples(model, sample_windows(model, 8, temperature=1.0), windows[:8], windows[8:])
    assert found.duplicates == found.memorized == 0 and found.nearest > 0
