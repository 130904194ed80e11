"""The classifier of scores: it learns a class from real music, and does not mind the key."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from musicae.experiments.music import score_classifier
from musicae.experiments.music.score_classifier import (
    DRUM,
    ONSET,
    SOUNDING,
    ScoreClassifier,
    pitch_class_rolls,
    share_of,
    train_classifier,
)
from musicae.music.score import Notes, Score, Track

MAJOR, MINOR = (0, 4, 7, 12), (0, 3, 7, 12)


BACKBEAT = Track(Notes.of([(0, 10, 36, 90), (480, 490, 38, 90), (960, 970, 36, 90)]), is_drum=True)


def arpeggio(chord: tuple[int, ...], tonic: int, order: int) -> Score:
    """The notes of a chord in some order, a quarter each, over drums."""
    pitches = np.random.default_rng(order).permutation(chord)
    rows = [(480 * i, 480 * i + 480, 60 + tonic + int(pitch), 90) for i, pitch in enumerate(pitches)]
    return Score(480, (Track(Notes.of(rows)), BACKBEAT), 1920)


def test_rolls_say_what_sounds_what_is_struck_and_which_drums() -> None:
    melody = Track(Notes.of([(0, 240, 62, 90), (1920, 2400, 60, 90)]))
    drums = Track(Notes.of([(120, 130, 36, 90)]), is_drum=True)
    (roll,) = pitch_class_rolls([Score(480, (melody, drums), 2400)], 1)
    assert roll[SOUNDING].nonzero().tolist() == [[2, 0], [2, 1]]
    assert roll[ONSET].nonzero().tolist() == [[2, 0]]
    assert roll[DRUM].nonzero().tolist() == [[0, 1]]


def test_a_transposed_score_is_of_the_same_class() -> None:
    torch.manual_seed(0)
    classifier = ScoreClassifier(3, 1)
    rolls = pitch_class_rolls([arpeggio(MAJOR, tonic, 0) for tonic in range(12)], 1)
    logits = classifier(rolls).detach()
    torch.testing.assert_close(logits, logits[:1].expand_as(logits))


def test_it_tells_major_from_minor_in_keys_that_it_never_saw(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(score_classifier, "UPDATES", 150)

    def music(tonics: range) -> tuple[list[Score], torch.Tensor]:
        scores = [arpeggio(chord, tonic, order) for tonic in tonics for order in range(8) for chord in (MAJOR, MINOR)]
        return scores, torch.tensor([0, 1]).repeat(len(scores) // 2)

    classifier = train_classifier(*music(range(6)), classes=2, bars=1)
    assert share_of(classifier, *music(range(6, 12))) == 1
