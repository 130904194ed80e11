"""What is said of models whose faults are known."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from musicae.corpus.dataset import Dataset
from musicae.evaluation.attribute_effects import Effect, EffectMatrix
from musicae.evaluation.evaluate import evaluate
from musicae.evaluation.reconstruction import FieldScores
from musicae.evaluation.verdicts import verdicts_on
from musicae.model import Model
from musicae.training.playback import Playback

MOVES = {direction: {"density": Effect(sign * 0.1, 0.9)} for direction, sign in (("add", 1), ("subtract", -1))}
CHANCE = {direction: {"density": Effect(0.0, 0.3)} for direction in MOVES}


def playing_back(share: float) -> dict[str, FieldScores]:
    return {"melody": FieldScores(share, share, share, share, share)}


@pytest.fixture
def sound(model: Model, data: Dataset) -> dict[str, Any]:
    """Results without a fault."""
    results = evaluate(model, data, only=["reconstruction", "samples"], windows=16).results
    return {
        "reconstruction": replace(results["reconstruction"], code_gain_nats=40.0, fields=playing_back(0.9)),
        "samples": replace(results["samples"], memorized=0.0, nearest=0.5, nearest_held_out=0.5),
        "attributes": EffectMatrix(16, 1.0, {"density": 0.3}, {"density": MOVES}, {"density": CHANCE}),
    }


def test_verdicts_name_every_fault(sound: dict[str, Any]) -> None:
    faults = {
        "collapsed": {"reconstruction": replace(sound["reconstruction"], code_gain_nats=0.2)},
        "repeats its training windows: 50.0%": {"samples": replace(sound["samples"], memorized=0.5, repeated=0.4)},
        "memorized": {"samples": replace(sound["samples"], nearest=0.1)},
    }
    for words, fault in faults.items():
        first, verdict = verdicts_on({**sound, **fault})
        assert words in verdict and first.startswith(
            "It plays back 90 % of the steps; always holding one note would get "
        )
    as_music = replace(sound["samples"], memorized=0.5, repeated=0.6)
    assert "samples are new" in verdicts_on({**sound, "samples": as_music})[1], "music repeats itself more often"
    by_chance = {direction: {"density": replace(MOVES[direction]["density"], success_rate=0.3)} for direction in MOVES}
    idle = EffectMatrix(16, 1.0, {"density": 0.3}, {"density": by_chance}, {"density": CHANCE})
    assert [verdict[:21] for verdict in verdicts_on({**sound, "attributes": idle})[1:]] == [
        "To add density moves ",
        "To subtract density m",
    ]


def test_a_vector_that_moves_the_mean_the_other_way_is_named(sound: dict[str, Any]) -> None:
    backwards = {**MOVES, "add": {"density": Effect(-0.0061, 0.047)}}
    chance = {direction: {"density": Effect(0.0, 0.016)} for direction in MOVES}
    found = EffectMatrix(16, 1.0, {"density": 0.3}, {"density": backwards}, {"density": chance})
    assert verdicts_on({**sound, "attributes": found})[1:] == [
        "To add density does not raise it: its mean changes by -0.0061."
    ]


def test_verdicts_are_on_what_was_measured(sound: dict[str, Any]) -> None:
    _, fine = verdicts_on(sound)
    assert all(words in fine for words in ("No fault", "uses the code", "are new", "moves the mean of its attribute"))
    del sound["attributes"]
    _, fine = verdicts_on(sound, skipped=["chords"])
    assert "attribute" not in fine
    _, verdict = verdicts_on(sound, skipped=["attributes"])
    assert "no attribute vectors" in verdict
    assert verdicts_on({"probe": {}}) == []


def test_of_a_model_that_plays_back_nothing_nothing_else_is_said_that_it_could_have_learned(
    sound: dict[str, Any],
) -> None:
    baseline = sound["reconstruction"].playback.baseline
    learned_nothing = replace(sound["reconstruction"], fields=playing_back(baseline + 0.05 * (1 - baseline)))
    by_heart = replace(sound["samples"], nearest=0.0, memorized=0.5)
    as_music = replace(sound["samples"], memorized=0.5, repeated=0.6)
    assert "samples are new" in verdicts_on({**sound, "samples": as_music})[1], "music repeats itself more often"
    idle = EffectMatrix(16, 1.0, {"density": 0.3}, {"density": CHANCE}, {"density": CHANCE})
    results = {"reconstruction": learned_nothing, "samples": by_heart, "attributes": idle}
    (verdict,) = verdicts_on(results, skipped=["attributes"])
    assert re.fullmatch(
        r"It plays back nothing: \d+ % of the steps, as good as always holding one note \(\d+ %\)\.", verdict
    )
    results["reconstruction"] = replace(learned_nothing, code_gain_nats=0.0)
    _, why = verdicts_on(results)
    assert "ignores the code" in why


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_a_model_that_holds_plays_back_nothing_and_one_that_loses_nothing_everything(share: float) -> None:
    for baseline in (0.0, 0.3, 0.9):
        shares, baselines = {"melody": baseline + share * (1 - baseline)}, {"melody": baseline}
        assert Playback.of(shares, baselines).nothing == (share == 0)


def test_what_holding_is_depends_on_what_is_played(sound: dict[str, Any]) -> None:
    for field, words in (("drums", "silence"), ("events", "empty bars"), ("melody", "one note")):
        assert words in Playback.of({field: 0.5}, {field: 0.5}).beside_baseline


@pytest.mark.parametrize(("share", "baseline", "near"), [(0.02, 0.06, False), (0.5, 0.6, False), (0.58, 0.6, True)])
def test_what_plays_back_less_than_holding_is_as_good_only_where_it_is_near(
    share: float, baseline: float, near: bool
) -> None:
    said = Playback.of({"events": share}, {"events": baseline}).beside_baseline
    assert ("as good as" in said) == near and ("worse than" in said) != near
