"""Whether windows hang together, on windows written by hand."""

import numpy as np
import pytest

from musicae.evaluation.coherence import coherence, recurrence
from musicae.music.representations.drums import Drums
from musicae.music.representations.melody import Melody
from musicae.music.representations.multitrack import Multitrack
from musicae.music.score import Notes, Score, Track


def tune(*pitches: int) -> Score:
    return Score(4, (Track(Notes.of([(n, n + 1, pitch, 90) for n, pitch in enumerate(pitches)])),), end=32)


def test_keys_and_leaps_of_tunes() -> None:
    melody = Melody(bars=2)
    scores = [tune(60, 62, 64, 76), tune(60, 61, 62), tune(60), Score(4, (), end=32)]
    windows = np.stack([melody.encode(score) for score in scores])
    found = coherence(scores, windows, melody)
    assert found["one_key"] == pytest.approx(2 / 3), "a window without notes is in no key and does not count"
    assert found["leaps"] == pytest.approx(1 / 5)
    assert set(found) == {"one_key", "leaps", "recurrence"}


def test_drums_have_no_key_and_one_bar_has_no_other() -> None:
    drums = Score(4, (Track(Notes.of([(0, 1, 36, 90)]), is_drum=True),), end=32)
    assert set(coherence([drums], Drums(bars=2).encode(drums)[None], Drums(bars=2))) == {"recurrence"}
    bar = tune(60, 64)
    assert set(coherence([bar], Multitrack(bars=1).encode(bar)[None], Multitrack(bars=1))) == {"one_key", "leaps"}


def test_bars_recur_as_far_as_they_are_alike() -> None:
    bars = np.array([[[1, 2, 3, 4], [1, 2, 3, 5], [9, 9, 9, 9]]])[..., None]
    assert recurrence(bars) == pytest.approx((0.75 + 0.75 + 0) / 3)
