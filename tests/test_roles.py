"""What instruments do in every bar, and how far from it they go."""

from __future__ import annotations

import numpy as np
import pytest

from musicae.music.roles import Roles, role_distance, roles_of
from musicae.music.score import Notes, Score, Track

BAR = 1920


def roles(*bars: list[tuple[int, int, int, int]], program: int = 0, is_drum: bool = False) -> Roles:
    rows = [(start + BAR * n, end + BAR * n, pitch, v) for n, bar in enumerate(bars) for start, end, pitch, v in bar]
    return roles_of(Score(480, (Track(Notes.of(rows), program, is_drum=is_drum),), BAR * len(bars)), BAR)


NOTE = (0, 480, 60, 64)
CHORD = [NOTE, (0, 480, 64, 64)]


@pytest.mark.parametrize(
    ("bar", "distance"),
    [
        ([NOTE], 0),
        ([(0, 480, 66, 64)], 0.5),  # half an octave
        ([(0, 240, 60, 64)], 1),  # half as long
        ([(0, 480, 60, 80)], 0.5),
        ([NOTE, (960, 1440, 60, 64)], 1),  # twice as many
        (CHORD, 1),
        ([], 1),
    ],
)
def test_the_largest_difference_counts(bar: list[tuple[int, int, int, int]], distance: float) -> None:
    before = roles([NOTE])
    (found,) = role_distance(before, roles(bar, [NOTE])).values()
    assert found.tolist() == pytest.approx([distance, 0])


def test_bars_are_compared_with_the_most_alike() -> None:
    before = roles([NOTE], CHORD, [])
    (found,) = role_distance(before, roles(CHORD, [], [NOTE])).values()
    assert found.tolist() == [0, 0, 0]


def test_drums_differ_by_kinds() -> None:
    hits = [(240 * k, 240 * k + 60, pitch, 64) for k, pitch in enumerate((36, 42, 38, 42))]
    others = [(240 * k, 240 * k + 60, pitch, 64) for k, pitch in enumerate((35, 42, 40, 49))]
    before = roles(hits, is_drum=True)
    (found,) = role_distance(before, roles(others, is_drum=True)).values()
    assert found.tolist() == pytest.approx([0.25]), "one hit of four; other pitches of a kind are none"


def test_an_instrument_that_is_not_there_has_left() -> None:
    (found,) = role_distance(roles([NOTE]), roles([NOTE], [NOTE], program=40)).values()
    assert np.array_equal(found, [1, 1])
