"""What is said of models whose faults are known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from musicae.corpus.dataset import Dataset
from musicae.evaluation.attribute_effects import Effect, EffectMatrix
from musicae.evaluation.evaluate import evaluate
from musicae.evaluation.verdicts import verdicts_on
from musicae.model import Model

MOVES = {direction: {"density": Effect(sign * 0.1, 0.9)} for direction, sign in (("add", 1), ("subtract", -1))}
CHANCE = {direction: {"density": Effect(0.0, 0.3)} for direction in MOVES}


@pytest.fixture
def sound(model: Model, data: Dataset) -> dict[str, Any]:
    """Results without a fault."""
    results = evaluate(model, data, only=["reconstruction", "samples"], windows=16).results
    return {
        "reconstruction": replace(results["reconstruction"], code_gain_nats=40.0),
        "samples": replace(results["samples"], memorized=0.0, nearest=0.5, nearest_held_out=0.5),
        "attributes": EffectMatrix(16, 1.0, {"density": 0.3}, {"density": MOVES}, {"density": CHANCE}),
    }


def test_verdicts_name_every_fault(sound: dict[str, Any]) -> None:
    faults = {
        "collapsed": {"reconstruction": replace(sound["reconstruction"], code_gain_nats=0.2)},
        "repeats its training windows: 50.0%": {"samples": replace(sound["samples"], memorized=0.5)},
        "memorized": {"samples": replace(sound["samples"], nearest=0.1)},
    }
    for words, fault in faults.items():
        (verdict,) = verdicts_on({**sound, **fault})
        assert words in verdict
    idle = EffectMatrix(16, 1.0, {"density": 0.3}, {"density": CHANCE}, {"density": CHANCE})
    assert [verdict[:21] for verdict in verdicts_on({**sound, "attributes": idle})] == [
        "To add density moves ",
        "To subtract density m",
    ]


def test_verdicts_are_on_what_was_measured(sound: dict[str, Any]) -> None:
    (fine,) = verdicts_on(sound)
    assert all(words in fine for words in ("No fault", "uses the code", "are new", "moves its attribute"))
    del sound["attributes"]
    (fine,) = verdicts_on(sound, skipped=["chords"])
    assert "attribute" not in fine
    (verdict,) = verdicts_on(sound, skipped=["attributes"])
    assert "no attribute vectors" in verdict
    assert verdicts_on({"probe": {}}) == []
