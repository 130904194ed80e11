"""The checkpoints of adversarially regularized autoencoders: known values, and what is changed in windows."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from musicae.corpus.dataset import Dataset
from musicae.evaluation.study import Study
from musicae.experiments.music import arae_checkpoints
from musicae.experiments.music.arae_checkpoints import (
    EDITS,
    SWAPS,
    length_and_variance,
    measure_checkpoints,
    participation,
    swappable,
    swapped,
    variants,
    where_codes_are,
)
from musicae.model import Model
from musicae.music.representations.melody import Melody
from musicae.objectives import apply
from tests.helpers.models import tiny_config, tiny_model

FIELDS = Melody(bars=2).shape.fields
HOLD, OFF, C, D, E = 0, 1, 40, 42, 44


def window_of(*tokens: int) -> np.ndarray:
    """A window of two bars with these tokens, then holds."""
    window = np.zeros((1, 2, 16, 1), dtype=np.int64)
    window.reshape(-1)[: len(tokens)] = tokens
    return window


def test_length_and_variance_of_a_cross() -> None:
    codes = torch.tensor([[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    assert length_and_variance(codes) == pytest.approx((1.5, 2.5))


def test_codes_that_vary_alike_in_two_directions_have_two() -> None:
    cross = torch.tensor([[2.0, 0.0, 5.0], [-2.0, 0.0, 5.0], [0.0, 2.0, 5.0], [0.0, -2.0, 5.0]])
    assert participation(cross) == pytest.approx(2)
    assert participation(0.01 * cross) == pytest.approx(2)
    assert participation(cross[:2]) == pytest.approx(1)


def test_variants_are_within_the_edit_distance_and_of_steps_of_music() -> None:
    rng = np.random.default_rng(0)
    windows = rng.integers(2, 90, size=(6, 2, 16, 1))
    some = variants(windows, 1, 50, rng).reshape(6, 50, -1)
    changed = (some != windows.reshape(6, 1, -1)).sum(2)
    assert changed.max() == EDITS and changed.min() <= 1
    assert set(np.unique(some)) <= set(np.unique(windows))


def test_conditions_stay_in_variants() -> None:
    windows = np.random.default_rng(0).integers(90, size=(6, 2, 16, 2))
    some = variants(windows, 1, 10, np.random.default_rng(0)).reshape(6, 10, 2, 16, 2)
    assert (some[..., 1] == windows[:, None, ..., 1]).all()


def test_a_swap_exchanges_neighboring_notes_and_keeps_the_rhythm() -> None:
    window = window_of(C, HOLD, D, OFF, D, HOLD, E)
    assert swappable(window[0].reshape(-1, 1), FIELDS) == [(0, 0, 2), (0, 4, 6)]
    once = swapped(window, FIELDS, 1, np.random.default_rng(0))
    assert any((once == wanted).all() for wanted in (window_of(D, 0, C, 1, D, 0, E), window_of(C, 0, D, 1, E, 0, D)))
    assert (swapped(window, FIELDS, 0, np.random.default_rng(0)) == window).all()


def test_a_window_of_one_note_has_nothing_to_swap() -> None:
    window = window_of(C, HOLD, OFF, C)
    assert (swapped(window, FIELDS, 4, np.random.default_rng(0)) == window).all()


def test_codes_of_arae_and_its_draws_have_length_one(data: Dataset) -> None:
    torch.manual_seed(0)
    model = Model(apply(tiny_config("melody-2bar"), "arae"), "m", "cpu")
    found = where_codes_are(Study(model, data, n=32))
    assert found["code_norm"] == pytest.approx(1) and found["draw_norm"] == pytest.approx(1)
    assert 0 < found["draw_variance"] <= 1 and 0 < found["dimensions"] <= 8


def test_similar_windows_have_more_similar_codes_than_others(data: Dataset, model: Model) -> None:
    found = arae_checkpoints.neighbor_cosines(Study(model, data, n=32))
    assert found["pair_cosine"] < found["neighbor_cosine"] < 1


def test_the_class_beside_a_code_counts_for_nothing(data: Dataset) -> None:
    torch.manual_seed(0)
    config = apply(tiny_config("melody-2bar"), "arae-transfer", ("major", "minor"))
    found = where_codes_are(Study(Model(config, "m", "cpu"), data, n=32))
    assert found["code_norm"] == pytest.approx(1) and found["draw_norm"] == pytest.approx(1)


def test_without_a_swap_the_window_costs_what_its_own_code_makes_it(data: Dataset, model: Model) -> None:
    study = Study(model, data, n=16)
    found = arae_checkpoints.swap_curves(study)
    assert {len(curve) for curve in found.values()} == {len(SWAPS)}
    assert found["swap_nll"][0] == pytest.approx(
        arae_checkpoints.nll_given(model, study.windows, model.encode(study.windows)), rel=1e-5
    )
    assert all(0 <= share <= 1 for share in found["swap_accuracy"])


def test_rows_of_events_have_the_first_two_alone(data: Dataset) -> None:
    model = tiny_model("multitrack-1bar-chords")
    rng = np.random.default_rng(0)
    windows = np.stack([model.representation.encode(model.representation.generate(rng)) for _ in range(8)])
    study = Study(model, data)
    study.__dict__["windows"] = torch.as_tensor(windows).long()
    assert set(measure_checkpoints(study)) == {
        "code_norm",
        "draw_norm",
        "code_variance",
        "draw_variance",
        "dimensions",
    }
