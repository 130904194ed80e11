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


def test_a_number_is_that_of_a_track_and_no_name() -> None:
    score = Score(
        96, tuple(Track(Notes.of([(0, 5, 60, 90)]), name=name) for name in ("2", "Bass", "7", "bass")), end=40
    )
    assert score.called("2") == [1] and score.called(" BASS ") == [1, 3]
    assert score.called("7") == [2], "there is no seventh track"
    assert [track.is_drum for track in score.with_drums(["2"]).tracks] == [False, True, False, False]
    assert score.called("9") == score.called("") == score.called("0") == []


def test_tracks_of_one_instrument_go_on_in_one_another() -> None:
    def bar(*programs: int) -> Score:
        return Score(24, tuple(Track(Notes.of([(0, 24, 60 + p, 9)]), program=p) for p in programs), end=96)

    whole = concatenate([bar(3, 3, 9), bar(1), bar(3)])
    assert [track.program for track in whole.tracks] == [1, 3, 3, 9]
    assert [track.notes.start.tolist() for track in whole.tracks] == [[96], [0, 192], [0], [0]]
    assert whole.end == 3 * 96
