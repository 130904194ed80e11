"""Probes on codes whose meaning is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from musicae.evaluation.probe import measure_probe, r_squared, ridge
from musicae.model import Model


def test_linear_attributes_are_read_and_noise_is_not() -> None:
    generator = np.random.default_rng(0)
    x, held = generator.normal(size=(2000, 5)), generator.normal(size=(500, 5))
    linear = np.array([[1.0, -2.0, 0.0, 3.0, 0.5]]).T
    y = np.concatenate([x @ linear + 7, generator.normal(size=(2000, 1)), np.ones((2000, 1))], 1)
    truth = np.concatenate([held @ linear + 7, generator.normal(size=(500, 1)), np.ones((500, 1))], 1)
    read, noise, constant = r_squared(ridge(x, y, held), truth)
    assert read == pytest.approx(1, abs=1e-3) and noise == pytest.approx(0, abs=0.05) and constant == 0


def test_attributes_of_windows_are_probed(model: Model) -> None:
    windows = torch.as_tensor(model.decode(model.sample_codes(80, 0), temperature=1.0)).long()
    found = measure_probe(model, windows[:60], windows[60:])
    assert {"density", "diatonic", "interval"} <= set(found) and "tracks" not in found
    assert all(value <= 1 for value in found.values())
