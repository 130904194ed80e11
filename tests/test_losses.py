"""What reading leaves out, counted by hand."""

from __future__ import annotations

import pytest

from musicae.clips.losses import lost
from musicae.music.representations.drums import Drums
from musicae.music.representations.melody import Melody
from musicae.music.representations.multitrack import Multitrack
from musicae.music.representations.trio import Trio
from musicae.music.score import Notes, Score, Track

SIXTEENTH = 120
MELODY = Melody(bars=2)


def score(*notes: tuple[float, int], is_drum: bool = False) -> Score:
    """Notes at (step, pitch), a sixteenth long."""
    rows = [(round(step * SIXTEENTH), round((step + 1) * SIXTEENTH), pitch, 80) for step, pitch in notes]
    return Score(480, (Track(Notes.of(rows), is_drum=is_drum),), 2 * 1920)


def test_a_tune_on_the_grid_loses_nothing() -> None:
    assert lost(score(*((step, 60 + step) for step in range(0, 32, 2))), (0,), 0, MELODY) == ()


def test_notes_that_are_too_fast_too_low_or_in_chords_are_counted() -> None:
    chords = [(step, pitch) for step in (0, 4) for pitch in (60, 64, 67)]
    assert lost(score(*chords), (0,), 0, MELODY) == ("4 of 6 notes are below others of a chord",)
    assert lost(score((8, 60), (12, 10), (16, 120)), (0,), 0, MELODY) == (
        "2 of 3 notes are lower or higher than a piano",
    )
    (fast, moved) = lost(score(*((step / 2, 60 + step) for step in range(8))), (0,), 0, MELODY)
    assert fast.startswith("3 of 8 notes are faster") or fast.startswith("4 of 8 notes are faster")
    assert moved.startswith("4 notes between the steps")


def test_only_the_window_counts() -> None:
    music = score((0, 60), (0, 64), (40, 60), (40, 64))
    assert lost(music, (0,), 1920, MELODY) == ("1 of 2 notes are below others of a chord",)


@pytest.mark.parametrize(("late", "said"), [(0.1, 0), (1 / 3, 1)])
def test_swing_is_told(late: float, said: int) -> None:
    music = score(*((step + late * (step % 4 == 2), 60) for step in range(0, 32, 2)))
    assert len(lost(music, (0,), 0, MELODY)) == said


def test_hits_that_are_not_read_are_counted() -> None:
    music = score((0, 36), (0, 35), (4, 38), (8, 100), is_drum=True)
    assert lost(music, (0,), 0, Drums(bars=2)) == (
        "1 of 4 notes are drums of a kind that is not read",
        "1 of 4 notes are hits of a kind of drum that is hit there already",
    )


def test_parts_that_are_missing_are_named() -> None:
    assert lost(score((0, 60)), (0,), 0, Trio(bars=2)) == ("there is no bass", "there are no drums")
    assert lost(score((0, 60), (0, 64)), (0,), 0, Multitrack(bars=2)) == ()
