"""Melodies: the skyline of a track, and which tracks are read."""

import numpy as np
import pytest

from musicae.errors import MusicaeError
from musicae.music.representations.base import SHIFTS
from musicae.music.representations.melody import Melody
from musicae.music.score import Notes, Track
from tests.helpers.scores import STEP, scale, score, track


def melody(*notes: tuple[int, int, int], bars: int = 1) -> list[int]:
    tokens: list[int] = Melody(bars=bars).encode(score(track(notes), bars=bars)).reshape(-1).tolist()
    return tokens


def test_onsets_holds_and_note_offs() -> None:
    assert melody((0, 4, 60), (4, 5, 21), (8, 16, 108)) == [41, 0, 0, 0, 2, 1, 0, 0, 89, 0, 0, 0, 0, 0, 0, 0]


def test_the_highest_note_of_an_onset_is_kept_and_ended_by_the_next() -> None:
    assert melody((0, 8, 60), (0, 2, 64), (4, 6, 50)) == [45, 0, 1, 0, 31, 0, 1, *[0] * 9]
    assert melody((0, 8, 64), (4, 6, 50)) == [45, 0, 0, 0, 31, 0, 1, *[0] * 9]
    assert melody((0, 2, 64), (0, 5, 64)) == melody((0, 5, 64), (0, 2, 64)) == [45, 0, 0, 0, 0, 1, *[0] * 10]


def test_pitches_outside_the_piano_are_dropped_first() -> None:
    assert melody((0, 4, 120), (0, 4, 60), (4, 8, 20)) == melody((0, 4, 60))


def test_a_long_rest_is_one_note_off() -> None:
    tokens = melody((0, 4, 60), (60, 64, 62), bars=4)
    assert np.flatnonzero(tokens).tolist() == [0, 4, 60]


def test_bars_in_which_a_note_is_held_are_not_silent() -> None:
    (stream,), _ = Melody(bars=2).streams(score(track([(12, 40, 60), (96, 100, 62)]), bars=8))
    assert stream.playing.tolist() == [[1, 1, 1, 0, 0, 0, 1, 0]]


def test_tokens_that_mean_nothing_are_rests() -> None:
    tokens = np.zeros((1, 16, 1), dtype=np.int64)
    tokens[[0, 0, 0, 0], [0, 3, 5, 6], 0] = [1, 41, 1, 1]
    (decoded,) = Melody(bars=1).decode(tokens).tracks
    assert decoded.notes.rows() == [(3 * 120, 5 * 120, 60, 80)]


def test_programs_and_velocities_are_not_tokens() -> None:
    notes = Notes.of([(0, STEP, 60, 3)])
    for program in (0, 40, 80, 111):
        assert melody((0, 1, 60)) == Melody(bars=1).encode(score(Track(notes, program), bars=1)).reshape(-1).tolist()


def choices(*tracks: Track) -> list[int]:
    """Which track each stream of a melody reads."""
    return [stream.tracks[0] for stream in Melody(bars=2).streams(score(*tracks))[0]]


def test_a_track_that_says_melody_comes_first() -> None:
    assert choices(track(scale(2)), track(scale(1), name="Lead Guitar")) == [1, 0]


def test_then_single_notes_playing_throughout_and_high() -> None:
    chords = track([note for a, b, p in scale(2) for note in ((a, b, p), (a, b, p + 4))])
    low = track([(a, b, p - 24) for a, b, p in scale(2)])
    assert choices(chords, low, track(scale(1)), track(scale(2))) == [3, 1, 2, 0]
    assert choices(track(scale(2)), track(scale(2))) == [0, 1]


def test_drums_effects_and_basses_are_no_melodies() -> None:
    others = (track(scale(2), is_drum=True), track(scale(2), program=115), track(scale(2), program=33), track([]))
    streams, refusals = Melody(bars=2).streams(score(track(scale(2), name="Tune"), *others))
    assert [stream.label for stream in streams] == ["track 1 'Tune' (Acoustic Grand Piano)"]
    assert {refusal.track: refusal.reason for refusal in refusals} == {
        1: "drums",
        2: "sound effects",
        3: "bass",
        4: "no notes",
    }


def test_a_bass_is_a_melody_where_there_is_nothing_else() -> None:
    assert choices(track(scale(2), is_drum=True), track(scale(2), program=33)) == [1]


def test_the_error_lists_the_tracks_and_what_each_would_need() -> None:
    music = score(track(scale(2), is_drum=True, name="Kit"), track(scale(2), program=120))
    with pytest.raises(MusicaeError) as failure:
        Melody(bars=2).encode(music)
    assert failure.value.message == (
        "no melody in the score: track 1 'Kit' (drums) needs a pitched instrument; "
        "track 2 (Guitar Fret Noise) needs a program from 0 to 111"
    )


def test_onsets_transpose_within_the_range_and_the_rest_stays() -> None:
    (field,) = Melody(bars=1).shape.fields
    up, down = field.transposition[SHIFTS.index(6)], field.transposition[SHIFTS.index(-5)]
    assert up[[0, 1, 2, 83, 84, 89]].tolist() == [0, 1, 8, 89, -1, -1]
    assert down[[0, 1, 2, 6, 7, 89]].tolist() == [0, 1, -1, -1, 2, 84]
