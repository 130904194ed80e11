"""Draws from the prior against hand-made ones."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from musicae.evaluation import prior_samples as samples
from musicae.evaluation.ngram import Language
from musicae.model import Model
from musicae.music.score import Notes, Score, Track
from tests.helpers.models import tiny_model


def test_the_same_values_are_alike_and_others_are_not() -> None:
    values = np.array([60.0, 62.0, 62.0, 64.0])
    same = samples.likeness(values, values, samples.BINS["pitch"])
    assert (same.overlap, same.divergence) == (1, 0)
    assert same.samples == same.held_out and same.samples[60:65] == [0.25, 0, 0.5, 0, 0.25]
    apart = samples.likeness(values, values + 1, samples.BINS["pitch"])
    assert apart.overlap == 0 and apart.divergence > 0
    half = samples.likeness(np.array([0.0, 1.0]), np.array([1.0, 1.0]), np.arange(3) - 0.5)
    assert half.overlap == 0.5
    assert half.divergence == pytest.approx(0.5 * math.log(3) + 0.5 * math.log(0.6))  # of 1.5, 1.5 and 0.5, 2.5
    assert samples.likeness(np.array([99.0]), np.array([1.5]), np.arange(3) - 0.5).overlap == 1
    assert samples.likeness(np.array([0.1, 0.9]), np.array([0.1, 0.9])).overlap == 1


def test_features_of_a_tune() -> None:
    tune = Track(Notes.of([(0, 96, 60, 9), (96, 120, 64, 9), (24 * 17, 24 * 19, 62, 9)]))
    score = Score(96, (Track(Notes.of([(0, 24, 36, 9)]), is_drum=True), tune), end=24 * 32)
    found = {name: values.tolist() for name, values in samples.features([score, Score(96, (), end=384)]).items()}
    assert found == {
        "pitch": [60, 64, 62],
        "interval": [4, -2],
        "duration": [4, 1, 2],
        "onset": [0, 4, 1],
        "density": [3 / 32, 0],
    }


def test_the_nearest_window() -> None:
    known = np.zeros((3, 1, 4, 1), dtype=int)
    known[1, 0, :2] = 1
    known[2] = 2
    windows = np.array([[[[1], [1], [1], [0]]], [[[2], [2], [2], [2]]]])
    assert samples.nearest(windows, known).tolist() == [0.25, 0.0]


@pytest.mark.parametrize("preset", ["melody-2bar", "multitrack-1bar-chords"])
def test_a_model_that_learned_by_heart_is_found_out(preset: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny_model(preset)
    generator = np.random.default_rng(0)
    windows = np.stack([model.representation.encode(model.representation.generate(generator)) for _ in range(12)])
    heard, real = torch.as_tensor(windows[:8]).long(), torch.as_tensor(windows[8:]).long()
    monkeypatch.setattr(model, "decode", lambda z, *_, **__: windows[np.arange(len(z)) % 4].astype(np.int64))
    language = Language([90], heard.numpy()) if preset == "melody-2bar" else None
    counts: list[int] = []
    found = samples.measure(model, real, heard, language, samples=8, progress=counts.append)
    assert (found.copies, found.repeated, found.nearest) == (1.0, 0.5, 0.0)
    assert found.nearest_real > 0 and counts == [8]
    assert set(found.likeness) == {*samples.OF_NOTES, "density"} | ({"cost"} if language else set())


def test_a_model_of_noise_repeats_nothing(model: Model) -> None:
    windows = torch.as_tensor(model.decode(model.prior(16, 1), temperature=1.0)).long()
    found = samples.measure(model, windows[:8], windows[8:], samples=8, temperature=1.0)
    assert found.repeated == found.copies == 0 and found.nearest > 0
