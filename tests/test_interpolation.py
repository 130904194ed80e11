"""Paths of models that jump, stay, or lose nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from musicae.errors import MusicaeError
from musicae.evaluation.interpolation import (
    Curve,
    blends,
    curve_of,
    hamming,
    largest_step,
    mean_distance,
    measure_interpolation,
    relative_costs,
)
from musicae.evaluation.ngram import WindowNGram
from musicae.model import Model
from tests.helpers.stand_ins import (
    BEAT,
    C4,
    D4,
    E4,
    LOUD,
    PIANO,
    VIOLIN,
    band,
    constant,
    identity,
    melody_windows,
    random_windows,
)


def test_paths_between_bands_are_measured_by_instruments_and_notes_and_blend_by_track() -> None:
    ends = torch.cat([band((PIANO, LOUD, 60, 64)), band((BEAT, LOUD, 36), (VIOLIN, LOUD, 67))])
    result = measure_interpolation(identity("multitrack-1bar-chords"), ends, points=4)
    assert set(result.paths) == {"instrument", "note"}
    for paths in result.paths.values():
        assert paths.a_to_b == 1
        assert paths.latent.to_a == [0, 0, 1, 1]
        assert paths.blend.to_a[0] == paths.blend.to_b[-1] == 0
    a, b = ends[:1].numpy(), ends[1:].numpy()
    mixed = blends(a, b, 9, np.random.default_rng(1), by_segment=True)
    whole = [(mixed == end).all(-2) for end in (a, b)]
    assert (whole[0] | whole[1]).all()


def test_hamming_is_the_share_of_tokens_that_differ() -> None:
    a, b = melody_windows({0: C4, 4: D4}, {}).numpy(), melody_windows({0: C4, 4: E4, 5: 1}, {}).numpy()
    assert hamming(a[0], b[0]) == 2 / 32
    assert mean_distance(hamming, [*a], [*b]) == 1 / 32


@pytest.mark.parametrize(
    ("values", "share"),
    [([0.0, 0.1, 0.5, 1.0], 0.5), ([0.0, 0.8, 0.4], 2.0), ([0.3, 0.3, 0.3], 1.0), ([0.9, 0.8, 0.7], 1.0)],
)
def test_the_largest_step(values: list[float], share: float) -> None:
    assert largest_step(np.array(values)) == pytest.approx(share)


def test_the_curve_of_a_straight_path_is_monotone() -> None:
    to_a, to_b = [0.0, 0.25, 0.5, 0.75, 1.0], [1.0, 0.75, 0.5, 0.25, 0.0]
    assert curve_of(to_a, to_b) == Curve(to_a, to_b, True, True, 0.25)
    back = curve_of(*([points[i] for i in (0, 2, 1, 4)] for points in (to_a, to_b)))
    assert (back.monotone_from_a, back.monotone_to_b, back.largest_step) == (False, False, 0.75)
    assert curve_of([1.0, 0.8, 0.5], [1.0, 0.5, 0.25]).largest_step == 1.0, "it never leaves A"


def test_costs_are_in_units_of_the_ends() -> None:
    tokens = melody_windows({0: C4, 4: D4}, {0: E4}, {8: C4}, {9: C4})
    ngram = WindowNGram([90], tokens.numpy())
    costs = measure_interpolation(identity(), tokens, ngram, points=5).ngram_costs
    assert costs is not None
    assert costs.latent[0] == costs.latent[-1] == costs.blend[0] == costs.blend[-1] == pytest.approx(1)
    way, noise = (tokens[[0, 2]].numpy()[None], np.random.default_rng(0).integers(90, size=(1, 2, 2, 16, 1)))
    (alike,), (unlikely,) = (
        relative_costs(ngram, w, tokens[[0, 2]].numpy(), tokens[[1, 3]].numpy()) for w in (way, noise)
    )
    assert alike == pytest.approx(1) and unlikely > 5


def test_distances_by_which_no_pair_differs_are_left_out() -> None:
    ends = torch.cat([band((PIANO, LOUD, 60, 64)), band((PIANO, LOUD, 67))])
    assert set(measure_interpolation(identity("multitrack-1bar-chords"), ends, points=3).paths) == {"note"}
    with pytest.raises(MusicaeError, match="all alike"):
        measure_interpolation(identity("multitrack-1bar-chords"), ends[[0, 0]], points=3)


def test_a_model_that_jumps_and_one_that_stays_have_known_curves() -> None:
    tokens = melody_windows({0: C4, 4: D4}, {0: E4}, {8: C4}, {9: C4})
    jump = measure_interpolation(identity(), tokens, points=4)
    assert (jump.pairs, jump.points, jump.paths["hamming"].a_to_b) == (2, 4, 2 / 32)
    assert jump.paths["hamming"].latent == Curve([0.0, 0.0, 1.0, 1.0], [1.0, 1.0, 0.0, 0.0], False, False, 1.0)
    stay = measure_interpolation(constant(tokens[:1]), tokens, points=4).paths["hamming"].latent
    assert stay.to_a == [stay.to_a[0]] * 4
    assert (stay.monotone_from_a, stay.monotone_to_b, stay.largest_step) == (False, False, 1.0)


def test_blends_replace_whole_steps_and_never_return_them() -> None:
    a, b = np.zeros((50, 16, 16, 3), dtype=np.int64), np.ones((50, 16, 16, 3), dtype=np.int64)
    way = blends(a, b, 5, np.random.default_rng(0))
    assert (way[0] == a).all() and (way[-1] == b).all()
    assert (np.diff(way, axis=0) >= 0).all()
    assert (way == way[..., :1]).all()
    np.testing.assert_allclose(way.mean((1, 2, 3, 4)), np.linspace(0, 1, 5), atol=0.02)


def test_a_window_without_a_partner_is_left_out(model: Model) -> None:
    tokens = random_windows(model, 5)
    assert measure_interpolation(model, tokens, points=3) == measure_interpolation(model, tokens[:4], points=3)
