"""Music moved into keys: laws of the way there, and of what is there already."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicae.music.chords import progression
from musicae.music.key import Key, parse_key
from musicae.music.score import Score
from musicae.music.transposition import chords_into, moved_into, semitones_into, shorter_way
from tests.helpers.scores import score, track
from tests.helpers.stand_ins import quarters

keys = st.builds(Key, st.integers(0, 11), st.booleans())
pitches = st.lists(st.integers(0, 127), min_size=1, max_size=16)
TUNE = (60, 64, 67, 65, 62, 59, 60, 72)
"""In C major, which is A minor's scale."""


def pitches_of(found: Score) -> list[int]:
    return [pitch for one in found.tracks for pitch in one.notes.pitch.tolist()]


def moved(found: Score, key: Key) -> Score:
    return moved_into(found, semitones_into([found], key)[1], key).score


@given(keys, keys)
def test_the_shorter_way_leads_there_and_is_half_an_octave_at_most(start: Key, end: Key) -> None:
    semitones = shorter_way(start, end)
    assert -5 <= semitones <= 6 and start.transpose(semitones).tonic == end.tonic


@given(pitches, keys)
def test_every_note_is_in_the_key_and_one_semitone_from_where_it_was_moved_to(some: list[int], key: Key) -> None:
    found = quarters(*some)
    semitones = semitones_into([found], key)[1]
    inside = pitches_of(moved_into(found, semitones, key).score)
    assert all(pitch % 12 in key.tones for pitch in inside)
    near = [
        abs(pitch - other) for pitch, other in zip(inside, pitches_of(moved_into(found, semitones).score), strict=True)
    ]
    assert max(near) <= 1


@given(st.integers(-5, 6), keys)
def test_a_tune_of_a_key_is_only_transposed_whatever_key_it_comes_from(semitones: int, key: Key) -> None:
    before = quarters(*(pitch + semitones for pitch in TUNE))
    after = moved(before, key)
    steps = {after - before for before, after in zip(pitches_of(before), pitches_of(after), strict=True)}
    assert len(steps) == 1 and max(map(abs, steps)) <= 6


@given(keys)
def test_moving_twice_is_moving_once_and_what_is_in_the_key_stays(key: Key) -> None:
    once = moved(quarters(*TUNE), key)
    assert moved(once, key) == once


def test_a_major_tune_is_in_the_minor_key_of_its_notes() -> None:
    start, semitones = semitones_into([quarters(*TUNE)], Key(11, minor=True))
    assert (str(start), semitones) == ("A minor", 2)


def test_drums_never_move_and_have_no_key() -> None:
    band = score(track([(0, 4, 61), (4, 8, 66)]), track([(0, 1, 37), (4, 5, 42)], is_drum=True))
    after = moved_into(band, 5, parse_key("C")).score
    assert after.tracks[1] == band.tracks[1] and after.tracks[0] != band.tracks[0]
    drums = score(track([(0, 1, 37)], is_drum=True))
    assert semitones_into([drums], Key(3)) == (None, 0) and moved_into(drums, 0, Key(3)).score == drums


@given(pitches, st.integers(-24, 24))
def test_what_would_leave_the_range_of_midi_moves_by_octaves(some: list[int], semitones: int) -> None:
    after = pitches_of(moved_into(quarters(*some), semitones).score)
    assert all(0 <= pitch <= 127 for pitch in after)
    assert np.array_equal(np.array(after) % 12, (np.array(pitches_of(quarters(*some))) + semitones) % 12)


def test_notes_that_meet_on_one_pitch_are_one() -> None:
    pair = score(track([(0, 4, 60), (0, 8, 61)]))
    (after,) = moved_into(pair, 0, Key(0)).score.tracks
    assert [(end, pitch) for _, end, pitch, _ in after.notes.rows()] == [(8 * 24, 60)]


@pytest.mark.parametrize(
    ("chords", "key", "expected"),
    [
        ("C Am F G", "D", "D Bm G A"),
        ("C Am F G", "Em", "G Em C D"),
        ("Am E7 Am", "a minor", "Am E7 Am"),
        ("N.C.", "D", "N.C."),
    ],
)
def test_chords_move_by_the_shorter_way(chords: str, key: str, expected: str) -> None:
    assert " ".join(map(str, chords_into(progression(chords), parse_key(key))[0])) == expected
