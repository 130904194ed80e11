"""Reconstruction by models that lose nothing, always write the same, or mix windows up."""

from __future__ import annotations

import math

import numpy as np
import pytest

from musicae.evaluation.reconstruction import (
    ConfidenceInterval,
    FieldScores,
    NoteScores,
    bootstrap_intervals,
    differences_between,
    hold_baseline,
    measure_reconstruction,
    note_scores,
    onset_f1,
)
from musicae.model import Model
from musicae.music.representations import REPRESENTATIONS
from tests.helpers.stand_ins import (
    BEAT,
    C4,
    D4,
    E4,
    LOUD,
    PIANO,
    QUARTER,
    VIOLIN,
    StandIn,
    band,
    constant,
    identity,
    melody_windows,
    random_windows,
)

MELODY = REPRESENTATIONS["melody"](bars=2)


@pytest.mark.parametrize("preset", ["melody-2bar", "drums-2bar", "trio-4bar", "multitrack-1bar-chords"])
def test_a_model_that_loses_nothing_has_perfect_scores(preset: str) -> None:
    model = identity(preset)
    tokens = random_windows(model, 3)
    result = measure_reconstruction(model, tokens)
    ragged = preset.startswith("multitrack")
    perfect = FieldScores(1.0, 1.0, 1.0, 1.0, None if ragged else 1.0)
    assert all(scores == perfect for scores in result.fields.values())
    assert result.nll == pytest.approx(0, abs=1e-3)
    fields = len(model.representation.shape.fields)
    assert result.kl == pytest.approx(0.5 * fields * model.representation.window)  # N(one-hot, 1): half a nat for a 1
    assert (result.hits["free_running"] == result.steps[:, None]).all() and result.hits["free_running"].shape == (
        3,
        fields,
    )
    assert result.notes == (NoteScores(1.0, 1.0) if ragged else None)
    alike = measure_reconstruction(model, tokens[:1].expand(3, -1, -1, -1))
    assert alike.active_dimensions == 0 and result.code_gain_nats is not None and alike.code_gain_nats is not None
    assert alike.code_gain_nats == pytest.approx(0, abs=1e-3) and result.code_gain_nats > 50


def test_a_constant_model_is_right_where_windows_agree_with_it() -> None:
    tokens = melody_windows({0: C4, 4: D4}, {0: C4, 4: E4, 5: 1})
    result = measure_reconstruction(constant(melody_windows({0: C4, 8: C4})), tokens)
    assert result.hits["sampled"].tolist() == [[30], [29]]
    (scores,) = result.fields.values()
    assert scores == FieldScores(59 / 64, 59 / 64, 59 / 64, 59 / 64, 0.5)  # 2 onsets in common, of 4 and 4
    assert result.nll == pytest.approx(5 * 50 / 2, abs=1e-3)
    assert result.code_gain_nats == 0, "however much its code says"
    assert measure_reconstruction(constant(tokens[:1]), tokens[:1]).code_gain_nats is None


def test_a_model_that_mixes_windows_up_is_right_where_both_agree() -> None:
    tokens = melody_windows({0: C4, 4: D4}, {0: C4, 4: E4, 5: 1}, {0: E4})
    model = identity()
    model.autoencoder = StandIn(model.autoencoder.spec, lambda z: 50 * z.roll(1, 0))
    result = measure_reconstruction(model, tokens)
    assert result.hits["free_running"].tolist() == [[30], [30], [29]]  # against the last, the first and the second one
    assert result.nll == pytest.approx(50 * (2 + 2 + 3) / 3, abs=1e-3)
    assert result.bits_per_step == pytest.approx(result.nll / 32 / math.log(2))
    (scores,) = result.fields.values()
    assert scores.onset_f1 == pytest.approx(2 * 1 / 10)  # the second one's first onset is in the first one too


def test_note_scores_of_a_band() -> None:
    truth = band((PIANO, LOUD, 60, 64, QUARTER, 67), (BEAT, LOUD, 36))
    guess = band((PIANO, LOUD, 60, QUARTER, 67, 72), (VIOLIN, LOUD, 64))
    model = identity("multitrack-1bar-chords")
    found = note_scores(model, np.concatenate([guess, truth]), np.concatenate([truth, truth]))
    assert found == NoteScores(2 * (2 + 4) / (8 + 8), 0.5)


def test_the_hold_baseline_is_the_model_that_writes_token_0(model: Model) -> None:
    tokens = random_windows(model, 5)
    measured = measure_reconstruction(constant(melody_windows({})), tokens).fields
    assert hold_baseline(model, tokens) == measured
    assert measured["melody"].free_running == float((tokens == 0).double().mean())


def test_onset_f1_counts_starts_and_not_ends() -> None:
    (field,) = MELODY.shape.fields
    truth = melody_windows({0: C4, 4: 1, 8: D4, 12: E4})[..., 0].numpy()
    guess = melody_windows({0: C4, 4: 1, 8: E4, 13: E4, 14: E4})[..., 0].numpy()
    mask = np.ones_like(truth, dtype=bool)
    assert onset_f1(guess, truth, mask, field) == pytest.approx(2 * 1 / (4 + 3))
    assert onset_f1(0 * guess, 0 * truth, mask, field) == 1.0
    mask[:, :, 1:] = False
    assert onset_f1(guess, truth, mask, field) == 1.0


def test_onset_f1_counts_drums_hit_together_one_by_one() -> None:
    (field,) = REPRESENTATIONS["drums"](bars=1).shape.fields
    truth, guess = np.array([[[0b101, 0b010, 0]]]), np.array([[[0b001, 0b010, 0b100]]])
    mask = np.ones_like(truth, dtype=bool)
    assert onset_f1(guess, truth, mask, field) == pytest.approx(2 * 2 / (3 + 3))


def test_bootstrap_of_what_does_not_vary_is_a_point() -> None:
    counts, steps = np.full((20, 2), (8, -4)), np.full(20, 32)
    assert bootstrap_intervals(counts, steps) == [
        ConfidenceInterval(0.25, 0.25, 0.25),
        ConfidenceInterval(-0.125, -0.125, -0.125),
    ]


def test_bootstrap_is_as_wide_as_the_normal_approximation() -> None:
    counts = np.random.default_rng(0).integers(33, size=(1000, 1))
    (interval,) = bootstrap_intervals(counts, np.full(1000, 32))
    error = counts.std() / 32 / 1000**0.5
    assert interval.value == pytest.approx(counts.mean() / 32)
    assert interval.low == pytest.approx(interval.value - 1.96 * error, abs=0.2 * error)
    assert interval.high == pytest.approx(interval.value + 1.96 * error, abs=0.2 * error)


def test_differences_are_between_the_same_windows(model: Model) -> None:
    tokens = random_windows(model, 16)
    perfect, holding = (measure_reconstruction(m, tokens) for m in (identity(), constant(melody_windows({}))))
    nothing = differences_between(perfect, perfect)["melody"]
    assert nothing == dict.fromkeys(("free_running", "sampled"), ConfidenceInterval(0.0, 0.0, 0.0))
    gain = differences_between(perfect, holding)["melody"]["free_running"]
    assert gain.value == pytest.approx(float((tokens != 0).double().mean()))
    assert 0 < gain.low < gain.value < gain.high
