"""Distances between scores."""

from __future__ import annotations

import pytest

from musicae.music.note_distance import distance_by_track, instrument_distance, note_distance
from tests.helpers.scores import score, track
from tests.helpers.stand_ins import BAND, BEAT, LOUD, PIANO, QUARTER, VIOLIN, band


def test_distances_of_bands() -> None:
    truth = band((PIANO, LOUD, 60, 64, QUARTER, 67), (BEAT, LOUD, 36))
    guess = band((PIANO, LOUD, 60, QUARTER, 67, 72), (VIOLIN, LOUD, 64))
    a, b = (BAND.decode(tokens[0].numpy()) for tokens in (truth, guess))
    assert instrument_distance(a, b) == pytest.approx(1 - 1 / 3)
    assert note_distance(a, b) == 0.5
    silence = BAND.decode(band()[0].numpy())
    assert instrument_distance(silence, silence) == note_distance(silence, silence) == 0
    assert note_distance(a, silence) == instrument_distance(a, silence) == 1


def test_every_instrument_is_compared_alone() -> None:
    a = score(track([(0, 4, 60), (4, 8, 62)], name="Lead"), track([(0, 4, 36)], 33))
    b = score(track([(0, 4, 60), (4, 8, 63)]), track([(0, 4, 36)], 33))
    assert distance_by_track(a, b) == {"Lead": 0.5, "track 2": 0.0}
