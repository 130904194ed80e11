"""Probes and agreements on codes whose meaning is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from musicae.evaluation import consistency as agreement
from musicae.evaluation import probe
from musicae.model import Model
from musicae.music.key import NO_KEY, key
from musicae.music.score import Notes, Score, Track
from tests.helpers.models import tiny_model


def tune(*pitches: int, is_drum: bool = False) -> Score:
    notes = Notes.of([(24 * i, 24 * i + 24, pitch, 80) for i, pitch in enumerate(pitches)])
    return Score(96, (Track(notes, is_drum=is_drum),), end=24 * max(len(pitches), 1))


def test_a_linear_attribute_is_read_and_noise_is_not() -> None:
    generator = np.random.default_rng(0)
    x, held = generator.normal(size=(2000, 5)), generator.normal(size=(500, 5))
    linear = np.array([[1.0, -2.0, 0.0, 3.0, 0.5]]).T
    y = np.concatenate([x @ linear + 7, generator.normal(size=(2000, 1)), np.ones((2000, 1))], 1)
    truth = np.concatenate([held @ linear + 7, generator.normal(size=(500, 1)), np.ones((500, 1))], 1)
    read, noise, constant = probe.r_squared(probe.ridge(x, y, held), truth)
    assert read == pytest.approx(1, abs=1e-3) and noise == pytest.approx(0, abs=0.05) and constant == 0


def test_attributes_of_windows_are_probed(model: Model) -> None:
    windows = torch.as_tensor(model.decode(model.prior(80, 0), temperature=1.0)).long()
    found = probe.measure(model, windows[:60], windows[60:])
    assert {"density", "diatonic", "interval"} <= set(found) and "tracks" not in found
    assert all(value <= 1 for value in found.values())


@pytest.mark.parametrize(
    ("pitches", "expected"),
    [
        ((60, 62, 64, 65, 67, 69, 71, 72), 0),
        ((67, 69, 71, 72, 74, 76, 78, 79), 7),
        ((69, 71, 72, 74, 76, 77, 68, 69), 21),
    ],
)
def test_keys_of_scales(pitches: tuple[int, ...], expected: int) -> None:
    assert key(tune(*pitches)) == expected
    assert key(tune(*(pitch + 2 for pitch in pitches))) == expected // 12 * 12 + (expected + 2) % 12


def test_what_has_no_pitch_has_no_key() -> None:
    assert key(tune()) == key(tune(36, 38, is_drum=True)) == key(tune(*range(60, 72))) == NO_KEY


def test_agreement_of_pairs() -> None:
    tunes = tune(60, 64, 67, 72), tune(48, 52, 55), tune(61, 65, 68, 73), tune(36, 36, is_drum=True)
    c_major, again, shifted, drums = map(agreement.hear, tunes)
    assert agreement.agreement([(c_major, c_major)]) == agreement.Agreement(1.0, 1.0)
    assert agreement.agreement([(c_major, again), (c_major, shifted)]) == agreement.Agreement(0.5, 14 / 15)
    assert agreement.agreement([(drums, drums)]) == agreement.Agreement(None, 1.0)


@pytest.mark.parametrize("preset", ["melody-2bar", "multitrack-1bar-chords"])
def test_a_code_that_says_all_agrees_with_itself_alone(preset: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny_model(preset)
    counts: list[int] = []
    decode = model.decode
    monkeypatch.setattr(model, "decode", lambda *a, **k: decode(*a, **{**k, "temperature": 0.0}))
    found = agreement.measure(model, codes=4, decodings=3, progress=counts.append)
    assert sum(counts) == 12
    assert found.within == agreement.Agreement(1.0, 1.0)
    assert found.across.key is not None and (found.across.key, found.across.rhythm) < (1.0, 1.0)
