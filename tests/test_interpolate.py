"""How the steps of an interpolation are chosen among points of a path."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from musicae.model import Model
from musicae.verbs.interpolate import _at_distances, _evenest
from tests.helpers.models import window

LINE = np.abs(np.subtract.outer(np.linspace(0, 1, 9), np.linspace(0, 1, 9)))
"""Gaps between nine points at equal distances."""


@pytest.mark.parametrize("steps", [3, 5, 9])
def test_steps_are_even_on_an_even_path(steps: int) -> None:
    assert _evenest(LINE, np.zeros(9), steps) == np.linspace(0, 8, steps).astype(int).tolist()


def test_of_points_that_are_as_even_the_likely_one_is_taken() -> None:
    gaps = np.array([[0, 0.5, 0.5, 1], [0.5, 0, 0, 0.5], [0.5, 0, 0, 0.5], [1, 0.5, 0.5, 0]])
    for unlikely, middle in (([0, 3, 0, 0], 2), ([0, 0, 3, 0], 1)):
        assert _at_distances(gaps, np.array(unlikely, dtype=float), 3, 0.5) == [0, middle, 3]


def test_an_uneven_step_is_worse_than_an_unlikely_point() -> None:
    unlikely = np.array([0, 0, 0, 0, 2.0, 0, 0, 0, 0])
    assert _evenest(LINE, unlikely, 3) in ([0, 4, 8], [0, 3, 8], [0, 5, 8])
    assert 2 < _evenest(LINE, unlikely * 100, 3)[1] < 6


def test_nll_is_what_the_decoder_says_of_each_window_alone(any_model: Model) -> None:
    windows = np.stack([window(any_model, seed).tokens for seed in range(3)])
    codes = any_model.encode_each(windows)
    together = any_model.nll(codes, windows)
    alone = [any_model.nll(codes[i : i + 1], windows[i : i + 1])[0] for i in range(3)]
    assert np.allclose(together, alone, rtol=1e-4) and (together > 0).all()


def test_nll_is_the_same_on_any_number_of_threads(any_model: Model) -> None:
    windows = np.stack([window(any_model, seed).tokens for seed in range(3)])
    codes, before, found = any_model.encode_each(windows), torch.get_num_threads(), []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        found.append(any_model.nll(codes, windows))
    torch.set_num_threads(before)
    assert (found[0] == found[1]).all()
