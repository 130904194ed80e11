"""What is different about some music, in words."""

from __future__ import annotations

import pytest

from musicae.music.attributes import ATTRIBUTES
from musicae.music.comparison import FEATURES, TELLING, WORDS_A_SIDE, all_features, both_ways, in_comparison
from tests.helpers.scores import score, track

HIGH = [(4 * k, 4 * k + 2, 72) for k in range(8)]
LOW = [(8 * k, 8 * k + 4, 48) for k in range(4)]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"pitch": -1.0, "density": -0.6}, "lower and sparser"),
        ({"density": 0.6, "pitch": 1.0, "range": 0.2}, "higher and denser"),
        ({"density": TELLING}, "denser"),
        ({"density": TELLING - 0.01}, ""),
        ({}, ""),
        ({"pitch": 3.0, "range": 2.0, "density": 1.0, "interval": 0.9}, "higher, over a wider range and denser"),
        ({"pitch": float("nan")}, ""),
    ],
)
def test_the_largest_changes_have_words(changed: dict[str, float], words: str) -> None:
    assert in_comparison(changed) == words


def test_no_more_than_a_few_words_are_said() -> None:
    assert in_comparison(dict.fromkeys(FEATURES, 1.0)).count(",") == WORDS_A_SIDE - 2


def test_every_attribute_has_two_words_and_no_word_is_said_of_two_things() -> None:
    assert ATTRIBUTES.keys() <= FEATURES.keys()
    words = [word for feature in FEATURES.values() for word in (feature.more, feature.less)]
    assert len(set(words)) == len(words)


def test_features_of_scores_written_by_hand() -> None:
    high, low = all_features(score(track(HIGH))), all_features(score(track(LOW)))
    assert (high["pitch"], high["length"], low["pitch"], low["length"]) == (72, 0.5, 48, 1.0)
    beat = all_features(score(track([(0, 1, 36), (4, 5, 38), (4, 5, 42), (8, 9, 46), (12, 13, 49)], is_drum=True)))
    assert [beat[name] for name in ("kick", "snare", "hats", "toms", "cymbals")] == [1, 1, 2, 0, 1]
    assert beat["pitch"] == beat["length"] == high["kick"] == 0


def test_both_ways_are_said_in_one_text() -> None:
    assert both_ways("denser", "") == "+2: denser; -2: other notes"
