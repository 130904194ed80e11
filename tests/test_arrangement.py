"""Bars in order: key, grid, bass and drums."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from musicae.music.arrangement import (
    allowed_under,
    arranged,
    at_rest,
    beat,
    cells,
    final_bar,
    nearest,
    resting_chord,
    scale_of,
    share_outside_chords,
    with_additions,
    with_cells,
)
from musicae.music.chords import NO_CHORD, of_class, parse_chord, progression
from musicae.music.key import Key
from musicae.music.representations.multitrack import Multitrack
from musicae.music.score import Notes, Score, Track

C_SCALE = frozenset({0, 2, 4, 5, 7, 9, 11})
BAR = 1920


def bar(*notes: tuple[int, int], program: int = 0, is_drum: bool = False, length: int = 240) -> Track:
    return Track(Notes.of((start, start + length, pitch, 80) for start, pitch in notes), program, is_drum)


def in_order(*tracks: Track, chord: str = "C", loose: bool = False) -> Score:
    return arranged(Score(480, tracks, BAR), progression(chord), C_SCALE, loose=loose).score


@pytest.mark.parametrize(
    ("chords", "tonic"), [("C Am F G", 0), ("Am F C G", 0), ("Dm7 G7 C A7", 0), ("E B C#m A", 4), ("Cm Fm Bb Eb", 3)]
)
def test_the_scale_of_a_progression_has_most_of_its_tones(chords: str, tonic: int) -> None:
    assert scale_of(progression(chords)) == {(tonic + step) % 12 for step in C_SCALE}


@pytest.mark.parametrize(
    ("chords", "home"),
    [
        ("C Am F G", "C"),
        ("Dm G7 C C", "C"),
        ("Am F E7 Am", "Am"),
        ("G D C A", "G"),
        ("N.C.", "N.C."),
        ("N.C. F C", "F"),
    ],
)
def test_pieces_come_home_to_the_tonic(chords: str, home: str) -> None:
    assert resting_chord(progression(chords)) == progression(home)[0]


def test_a_last_bar_is_held() -> None:
    piano, drums = bar((240, 60), (240, 64), (960, 72)), bar((0, 38), (480, 36), is_drum=True)
    found = final_bar(Score(480, (piano, drums, bar(program=33)), BAR), BAR)
    assert [one.notes.rows() for one in found.tracks] == [
        [(0, BAR, 60, 80), (0, BAR, 64, 80)],
        [(0, 120, 36, 80), (0, 120, 49, 80)],
        [],
    ]


def test_music_comes_to_rest_on_the_nearest_tonic() -> None:
    tune, bass = bar((0, 60), (480, 62), (480, 71)), bar((0, 36), (960, 46), program=33)
    drums, silent = bar((0, 38), is_drum=True), bar(program=5)
    found = at_rest(Score(480, (tune, bass, drums, silent), BAR), BAR, Key(4, minor=True))
    assert found.end == BAR
    assert [one.notes.rows() for one in found.tracks] == [
        [(0, BAR, 76, 80)],
        [(0, BAR, 40, 80)],
        [(0, 120, 36, 80), (0, 120, 49, 80)],
        [],
    ]


def test_a_foreign_chord_brings_its_tones_and_takes_what_is_beside_them() -> None:
    (a_major,) = progression("A")
    assert allowed_under(a_major, C_SCALE) == C_SCALE - {0, 2} | {1}


def test_chord_tones_fit_where_a_bar_begins_and_the_scale_elsewhere() -> None:
    tune = bar((0, 60), (480, 65), (BAR, 65), (BAR + 480, 66))
    score = Score(480, (tune, bar((0, 37), is_drum=True)), 3 * BAR)
    assert share_outside_chords(score, progression("C"), C_SCALE, BAR) == 0
    assert share_outside_chords(score, progression("C C"), C_SCALE, BAR) == 0.5, "F where the bar begins, and F#"
    assert share_outside_chords(score, progression("F F"), C_SCALE, BAR) == 0.25
    assert share_outside_chords(score, [NO_CHORD, *progression("C")], C_SCALE, BAR) == 0.5
    assert share_outside_chords(Score(480, (), BAR), progression("C"), C_SCALE, BAR) == 0


def test_notes_outside_chord_and_key_are_moved_to_the_nearest_inside() -> None:
    found = arranged(Score(480, (bar((0, 60), (480, 61), (960, 66)),), BAR), progression("C"), C_SCALE)
    assert found.score.tracks[0].notes.pitch.tolist() == [60, 60, 65]
    assert (found.moved, found.pitched) == (2, 3)
    assert nearest(66, set()) == 66


def test_where_there_is_no_chord_pitches_stay() -> None:
    assert in_order(bar((0, 61)), chord="N.C.").tracks[0].notes.pitch.tolist() == [61]


def test_starts_and_ends_are_sixteenths_or_triplets() -> None:
    crooked = bar((7, 60), (150, 62), (1900, 64), length=20)
    (track,) = in_order(crooked).tracks
    assert [row[:2] for row in track.notes.rows()] == [(0, 120), (160, 320), (1800, 1920)]
    assert in_order(crooked, loose=True).tracks[0].notes.start.tolist() == [7, 150, 1900]


def test_a_seventh_that_is_named_fits_and_the_other_one_does_not() -> None:
    sevenths = {name: allowed_under(parse_chord(name), C_SCALE) & {10, 11} for name in ("C", "C7", "Cmaj7", "C-7")}
    assert sevenths == {"C": {11}, "C7": {10}, "Cmaj7": {11}, "C-7": {10}}
    assert in_order(bar((0, 60), (480, 71)), chord="C9").tracks[0].notes.pitch.tolist() == [60, 70]


def test_a_bass_plays_in_its_octaves() -> None:
    high = bar((0, 72), (480, 79), (960, 84), (1440, 76), program=33)
    assert in_order(high, chord="C").tracks[0].notes.pitch.tolist() == [36, 43, 48, 40]
    assert in_order(bar((0, 72), program=0), chord="C").tracks[0].notes.pitch.tolist() == [72]


def test_one_bass_begins_on_the_root() -> None:
    busy, idle = bar((0, 40), (480, 43), (720, 43), (1440, 19), program=33), bar((0, 36), program=35)
    (track,) = in_order(idle, busy, chord="F").tracks
    assert track.program == 33
    assert track.notes.pitch.tolist() == [41, 41, 43, 29], "chord tones on quarters, and no lower than a bass goes"


def test_a_bass_plays_one_note_at_a_time() -> None:
    chords = bar((0, 48), (0, 36), (0, 43), (480, 55), (480, 43), program=33, length=700)
    (track,) = in_order(chords).tracks
    assert [(start, end, pitch) for start, end, pitch, _ in track.notes.rows()] == [(0, 480, 36), (480, 1200, 43)]
    assert len(in_order(replace(chords, program=0)).tracks[0].notes) == 5, "a piano plays chords"
    assert in_order(bar(program=33)).tracks[0].notes.rows() == []


def test_additions_come_where_nothing_sounds_on_their_pitch() -> None:
    ours = Score(480, (bar((0, 60), (480, 64)), bar((0, 36), program=33, length=480)), BAR)
    more = (
        bar((0, 60), (120, 60), (480, 62), (500, 65), length=400),
        bar((240, 43), (960, 43), program=33),
        bar((0, 70), program=9),
    )
    piano, bass = with_additions(ours, Score(480, more, BAR)).tracks
    assert [(start, pitch) for start, _, pitch, _ in piano.notes.rows()] == [(0, 60), (480, 62), (480, 64)]
    assert [(start, pitch) for start, _, pitch, _ in bass.notes.rows()] == [(0, 36), (960, 43)], "one at a time"


def test_cells_are_taken_from_other_music_instrument_by_instrument() -> None:
    ours = Score(480, (bar((0, 60), (480, 62)), bar((0, 36), (480, 38), program=33)), BAR)
    other = Score(480, (bar((0, 70), (240, 71), (600, 72)), bar((0, 40), program=33)), BAR)
    assert cells(ours) == [((0, 0), 0), ((0, 0), 1), ((33, 0), 0), ((33, 0), 1)]
    piano, bass = with_cells(ours, other, [((0, 0), 1), ((33, 0), 0)]).tracks
    assert [(start, pitch) for start, _, pitch, _ in piano.notes.rows()] == [(0, 60), (600, 72)]
    assert [(start, pitch) for start, _, pitch, _ in bass.notes.rows()] == [(0, 40), (480, 38)]
    assert with_cells(ours, other, []) == ours


def test_a_beat_has_a_kick_a_snare_and_what_keeps_time() -> None:
    def hits(*pitches: int) -> Score:
        return Score(480, (bar(*((120 * k, pitch) for k, pitch in enumerate(pitches)), is_drum=True),), BAR)

    assert beat(hits(36, 42, 38, 42)) == 1 and beat(hits(36, 36, 36)) == pytest.approx(1 / 3)
    assert beat(hits(45, 48, 43)) == 0 == beat(Score(480, (bar((0, 36)),), BAR))
    assert beat(hits(36, *[45] * 9)) == pytest.approx(1 / 6)


def test_drums_are_a_kit_and_short() -> None:
    (kit,) = in_order(bar((0, 35), (0, 36), (480, 27), (960, 100), is_drum=True, length=1000)).tracks
    assert [(start, end, pitch) for start, end, pitch, _ in kit.notes.rows()] == [(0, 120, 36), (480, 600, 38)]


@example(5729, 16)
@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(0, 48))
def test_order_is_order_and_nothing_is_left_out_of_it(seed: int, chord: int) -> None:
    music = Multitrack(bars=1).generate(np.random.default_rng(seed))
    once = arranged(music, [of_class(chord)], C_SCALE).score
    again = arranged(once, [of_class(chord)], C_SCALE)
    assert again.score == once and again.moved == 0
    allowed = allowed_under(of_class(chord), C_SCALE) if of_class(chord) != NO_CHORD else frozenset(range(12))
    for track in once.tracks:
        assert all(start < end <= BAR for start, end, _, _ in track.notes.rows())
        assert track.is_drum or {pitch % 12 for pitch in track.notes.pitch.tolist()} <= allowed
