"""Note-ons find their note-offs: a slip concerns one note, and no other."""

import numpy as np
import pytest

from musicae.music.note_pairing import pair

ON, OFF = 90, 0
LAST, MOMENT = 9600, 60


def paired(*events: tuple[int, int]) -> list[tuple[int, int]]:
    """Starts and ends of the notes of one pitch, from ticks and velocities."""
    tick, velocity = np.array(events, dtype=np.int64).reshape(-1, 2).T
    key, last = np.zeros(len(tick), dtype=np.int64), np.full(len(tick), LAST)
    found = pair(key, tick, velocity, last, MOMENT)
    return list(zip(tick[found.note_on].tolist(), found.end.tolist(), strict=True))


STACCATO = [(start, start + 120) for start in range(0, 4800, 480)]


def of(spans: list[tuple[int, int]], *lost: int) -> list[tuple[int, int]]:
    """The events of notes, some of which have no note-off."""
    rows = [[(start, ON)] if n in lost else [(start, ON), (end, OFF)] for n, (start, end) in enumerate(spans)]
    return [event for row in rows for event in row]


@pytest.mark.parametrize("lost", [(0,), (4,), (0, 1), (2, 5, 6)])
def test_a_lost_note_off_concerns_its_note_alone(lost: tuple[int, ...]) -> None:
    found = paired(*of(STACCATO, *lost))
    assert [start for start, _ in found] == [start for start, _ in STACCATO]
    assert [note for number, note in enumerate(found) if number not in lost] == [
        note for number, note in enumerate(STACCATO) if number not in lost
    ]
    assert all(found[number][1] == STACCATO[number + 1][0] for number in lost)


def test_the_last_note_sounds_to_the_end_of_its_track_without_note_off() -> None:
    assert paired(*of(STACCATO, 9))[-1] == (4320, LAST)


@pytest.mark.parametrize("later", [0, 10])
def test_a_doubled_note_off_concerns_no_note(later: int) -> None:
    twice = [one for start, end in STACCATO for one in ((start, ON), (end, OFF), (end + later, OFF))]
    assert paired(*twice) == STACCATO


def test_a_note_off_twice_around_the_next_note_on_does_not_end_it() -> None:
    legato = [(0, ON), (240, ON), (240, OFF), (240, OFF), (480, OFF)]
    assert paired(*legato) == [(0, 240), (240, 480)]
    assert paired((0, ON), (240, OFF), (240, ON), (245, OFF), (480, OFF)) == [(0, 240), (240, 480)]


def test_lost_and_doubled_note_offs_do_not_make_up_for_each_other() -> None:
    assert paired((0, ON), (480, ON), (600, OFF), (600, OFF), (960, ON), (1080, OFF)) == [
        (0, 480),
        (480, 600),
        (960, 1080),
    ]


def test_a_note_struck_twice_at_a_tick_is_one_note() -> None:
    assert paired((0, ON), (0, ON), (240, OFF), (480, ON), (600, OFF)) == [(0, 240), (480, 600)]
    assert paired((0, ON), (0, ON), (240, OFF), (240, OFF), (480, ON), (600, OFF)) == [(0, 240), (480, 600)]
    assert paired((0, ON), (0, ON), (240, OFF), (480, OFF)) == [(0, 480)]


def test_of_two_notes_as_long_the_louder_is_heard() -> None:
    arrays = (np.zeros(4, dtype=np.int64), np.array([0, 0, 9, 9]), np.array([50, 70, 0, 0]), np.full(4, LAST))
    assert pair(*arrays, MOMENT).velocity.tolist() == [70]


def test_what_is_balanced_is_paired_first_in_first_out() -> None:
    late = [(0, ON), *(one for tick in range(240, 1920, 240) for one in ((tick, ON), (tick, OFF))), (1920, OFF)]
    assert paired(*late) == [(tick, tick + 240) for tick in range(0, 1920, 240)]
    assert paired((0, ON), (240, ON), (250, OFF), (480, OFF)) == [(0, 250), (240, 480)]
    assert paired((0, ON), (100, ON), (200, OFF), (800, OFF)) == [(0, 200), (100, 800)]


def test_one_lost_note_off_in_legato_leaves_the_notes_behind_it_alone() -> None:
    """Every key is released a moment after the next stroke of it; the second is never."""
    events = [(0, ON), (480, ON), (490, OFF), (960, ON), (1440, ON), (1450, OFF), (1920, ON), (1930, OFF), (2400, OFF)]
    assert paired(*events)[2:] == [(960, 1450), (1440, 1930), (1920, 2400)]


def test_note_offs_without_note_are_ignored() -> None:
    assert paired((0, OFF), (10, ON), (20, OFF), (300, OFF), (400, ON), (500, OFF)) == [(10, 20), (400, 500)]
    assert paired((0, OFF), (5, OFF)) == [] == paired()


def test_keys_do_not_mix() -> None:
    key, tick = np.array([1, 0, 0, 1]), np.array([0, 5, 10, 20])
    found = pair(key, tick, np.array([9, 9, 0, 0]), np.full(4, LAST), MOMENT)
    assert sorted(zip(key[found.note_on].tolist(), found.end.tolist(), strict=True)) == [(0, 10), (1, 20)]


def test_thousands_of_notes_at_once_are_paired_in_no_time() -> None:
    deep = [(tick, ON) for tick in range(20_000)] + [(tick, OFF) for tick in range(20_000, 39_999)]
    assert len(paired(*deep)) == 20_000
