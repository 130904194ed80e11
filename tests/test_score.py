"""Notes and scores in memory."""

import numpy as np

from musicae.music.score import Notes, Score, Track, concatenate


def test_notes_sort_by_start_then_pitch() -> None:
    notes = Notes.of([(10, 20, 60, 80), (0, 5, 62, 70), (0, 5, 50, 90)])
    assert notes.rows() == [(0, 5, 50, 90), (0, 5, 62, 70), (10, 20, 60, 80)]


def test_no_notes() -> None:
    notes = Notes.of([])
    assert len(notes) == 0 and notes.rows() == []


def test_notes_compare_by_value() -> None:
    rows = [(0, 5, 50, 90), (10, 20, 60, 80)]
    assert Notes.of(rows) == Notes.of(reversed(rows))
    assert Notes.of(rows) != Notes.of(rows[:1])
    assert Notes.of(rows) != rows


def test_notes_are_picked_by_mask_index_and_slice() -> None:
    notes = Notes.of([(0, 5, 50, 90), (10, 20, 60, 80), (30, 40, 70, 70)])
    for keep in (np.array([False, True, True]), np.array([1, 2]), slice(1, None)):
        assert notes[keep].pitch.tolist() == [60, 70]


def test_transposing_moves_pitched_tracks_and_drops_what_leaves_the_range() -> None:
    rows = [(0, 5, 2, 90), (10, 20, 60, 80), (30, 40, 127, 70)]
    score = Score(96, (Track(Notes.of(rows)), Track(Notes.of(rows), is_drum=True)), end=40)
    up, down = score.transpose(1), score.transpose(-3)
    assert up.tracks[0].notes.pitch.tolist() == [3, 61]
    assert down.tracks[0].notes.pitch.tolist() == [57, 124]
    assert up.tracks[1] == down.tracks[1] == score.tracks[1]
    assert score.transpose(0) == score


def test_tracks_of_one_instrument_go_on_in_one_another() -> None:
    def bar(*programs: int) -> Score:
        return Score(24, tuple(Track(Notes.of([(0, 24, 60 + p, 9)]), program=p) for p in programs), end=96)

    whole = concatenate([bar(3, 3, 9), bar(1), bar(3)])
    assert [track.program for track in whole.tracks] == [1, 3, 3, 9]
    assert [track.notes.start.tolist() for track in whole.tracks] == [[96], [0, 192], [0], [0]]
    assert whole.end == 3 * 96
