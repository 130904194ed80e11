"""How much is played back, beside a model that always holds, and what is said of it."""

from __future__ import annotations

import pytest
import torch

from musicae.training.playback import Playback, hold_shares, in_percent, outcome
from musicae.training.validation import validate
from tests.helpers.models import tiny_model
from tests.helpers.stand_ins import constant, identity, random_windows


@pytest.mark.parametrize("preset", ["melody-2bar", "drums-2bar", "trio-4bar"])
def test_a_model_that_holds_is_its_own_baseline_and_one_that_loses_nothing_plays_back_all(preset: str) -> None:
    windows = random_windows(tiny_model(preset), 8)
    holding, perfect = constant(torch.zeros_like(windows[:1]), preset), identity(preset)
    baselines = hold_shares(perfect.autoencoder.spec, windows)
    held = Playback.of_metrics(validate(holding.autoencoder, windows), baselines)
    assert held.share == pytest.approx(held.baseline) and held.nothing
    whole = Playback.of_metrics(validate(perfect.autoencoder, windows), baselines)
    assert whole.share == 1 and not whole.nothing


def test_shares_are_said_as_people_read_them() -> None:
    assert in_percent(0.5549) == "55 %" and in_percent(0.9594, 1) == "95.9 %"
    parent, now = Playback(0.959, 0.5), Playback(0.971, 0.5)
    assert outcome(parent, now, kept=False) == ("the parent played back 95.9 % of the held-out steps, now 97.1 %")
    assert "95.9 %" in outcome(parent, now, kept=True) and "97" not in outcome(parent, now, kept=True)
