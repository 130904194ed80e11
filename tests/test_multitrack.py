"""Multitrack bars: Magenta's events, and what becomes of music that does not fit."""

from pathlib import Path

import numpy as np
import pytest

from musicae.cli.commands.preprocess import funnel
from musicae.clips.choice import best_window
from musicae.corpus.preprocess import preprocess
from musicae.errors import MusicaeError
from musicae.music.chords import NO_CHORD, of_class, parse_chord, progression
from musicae.music.representations.event_rows import DRUMS, END, EVENTS, PROGRAM, TIME_SHIFT, TRACKS, VELOCITY
from musicae.music.representations.multitrack import Multitrack
from musicae.music.score import DRUM_KIT, Meter, Notes, Score, Track
from tests.helpers.scores import write_midi

ONE_BAR = Multitrack(bars=1)


def rows_of(score: Score) -> list[list[int]]:
    """Per track, its events up to the end."""
    rows = ONE_BAR.encode(score)[..., 0].tolist()
    return [row[: row.index(END)] for row in rows if row[0] != END]


def score_of(*tracks: Track, bars: int = 1) -> Score:
    """A score of 24 ticks a quarter, a tick a step."""
    return Score(24, tracks, end=96 * bars)


def test_events_are_those_of_magenta() -> None:
    """A row of magenta.js 1.23.1; the velocity of the first note, always written, is as in Magenta's Python."""
    notes = [(0, 19, 66, 118), (22, 45, 46, 76), (49, 54, 43, 50), (49, 54, 55, 49), (49, 54, 50, 116)]
    notes += [(59, 74, 70, 46), (59, 74, 58, 53), (79, 96, 70, 90)]
    row = [360, 66, 274, 194, 258, 356, 46, 278, 174, 259, 355, 43, 359, 50, 355, 55, 260, 171, 178, 183, 260, 58]
    row += [354, 70, 270, 186, 198, 260, 357, 70, 272, 198]
    assert rows_of(score_of(Track(Notes.of(notes)))) == [[*row[:1], VELOCITY + 7, *row[1:]]]


def test_tracks_stand_in_order_of_their_programs_drums_last() -> None:
    note = Notes.of([(0, 24, 60, 9)])
    tracks = (Track(note, is_drum=True), Track(note, 40), Track(note, 3), Track(note, is_drum=True), Track(note, 3))
    assert [row[0] for row in rows_of(score_of(*tracks))] == [PROGRAM + 3, PROGRAM + 3, PROGRAM + 40, DRUMS]


def test_rows_of_drums_are_heard_as_one_track() -> None:
    tokens = ONE_BAR.encode(score_of(Track(Notes.of([(0, 24, 36, 80), (24, 48, 42, 80)]), is_drum=True)))
    tokens[1] = tokens[0]
    tokens[1, 2] = 38  # in place of the kick
    (drums,) = ONE_BAR.decode(tokens).tracks
    assert drums.is_drum and drums.notes.pitch.tolist() == [36, 38, 42]


def test_what_is_read_names_the_tracks_that_play_there() -> None:
    early, late = Track(Notes.of([(0, 96, 60, 80)]), 3), Track(Notes.of([(96, 120, 64, 80), (120, 144, 67, 80)]), 4)
    throughout = Track(Notes.of([(0, 96, 40, 80), (96, 192, 41, 80)]), 33)
    score = score_of(early, late, throughout, bars=2)
    assert [best_window(score, ONE_BAR, bar=bar).tracks for bar in (1, 2)] == [(0, 2), (1, 2)]
    assert "program 3)" not in str(best_window(score, ONE_BAR, bar=2))


def test_drums_play_alone_where_there_is_no_chord() -> None:
    told = Multitrack(bars=2, chords=True)
    notes = Notes.of([(0, 24, 60, 80), (96, 120, 64, 80)])
    tokens = told.encode(score_of(Track(notes), Track(notes, is_drum=True), bars=2))
    tokens[..., 1:] = told.condition_of(progression("N.C. C"))
    piano, drums = told.decode(tokens).tracks
    assert piano.notes.pitch.tolist() == [64] and len(drums.notes) == 2


def test_chords_come_back_from_the_condition_that_is_made_of_them() -> None:
    with_chords = Multitrack(bars=2, chords=True)
    assert with_chords.has_chords
    chords = (parse_chord("F#dim"), NO_CHORD)
    condition = with_chords.condition_of(chords)
    assert set(condition[:8].ravel()) == {chords[0].index} and set(condition[8:].ravel()) == {NO_CHORD.index}
    assert with_chords.chords_of(np.concatenate([np.zeros_like(condition), condition], -1)) == chords
    with pytest.raises(MusicaeError, match="3 chords for 2 bars"):
        with_chords.condition_of(progression("C F G"))


def test_no_chords_are_no_chord_in_every_bar() -> None:
    with_chords = Multitrack(bars=2, chords=True)
    assert (with_chords.condition_of(()) == with_chords.condition_of([NO_CHORD] * 2)).all()


def test_without_a_chord_condition_there_are_no_chords() -> None:
    assert not ONE_BAR.has_chords and ONE_BAR.condition_of(()).shape == (8, 64, 0)
    assert ONE_BAR.chords_of(ONE_BAR.encode(ONE_BAR.generate(np.random.default_rng(0)))) == ()
    with pytest.raises(MusicaeError, match="multitrack of 1 bar is not conditioned on chords"):
        ONE_BAR.condition_of([parse_chord("C")])


def test_a_note_ends_at_the_bar_line() -> None:
    score = score_of(Track(Notes.of([(90, 200, 60, 9)])), bars=3)
    (stream,), _ = ONE_BAR.streams(score)
    first, *others = stream.tokens.reshape(3, TRACKS, EVENTS)
    assert first[0, :7].tolist() == [PROGRAM, TIME_SHIFT + 89, VELOCITY, 60, TIME_SHIFT + 5, 128 + 60, END]
    assert all((bar == END).all() for bar in others)


def test_a_pitch_sounds_once_at_a_time() -> None:
    notes = Notes.of([(0, 48, 60, 9), (24, 30, 60, 9), (24, 96, 60, 9)])
    music = ONE_BAR.decode(ONE_BAR.encode(score_of(Track(notes))))
    assert [(start // 20, end // 20) for start, end, _, _ in music.tracks[0].notes.rows()] == [(0, 24), (24, 96)]


def test_the_fullest_eight_tracks_are_kept_and_the_drums() -> None:
    tracks = [Track(Notes.of((6 * i, 6 * i + 6, 60, 9) for i in range(n + 2)), program=n) for n in range(10)]
    drums = Track(Notes.of([(0, 6, 36, 9)]), is_drum=True)
    assert [row[0] for row in rows_of(score_of(*tracks, drums))] == [PROGRAM + n for n in range(3, 10)] + [DRUMS]
    stream = ONE_BAR.streams(score_of(*tracks, drums), asked=0)[0][0]
    assert 0 in stream.tracks


def test_a_long_row_keeps_its_first_notes() -> None:
    notes = [(i, i + 1, 40 + i % 50, 1 + 16 * (i % 2)) for i in range(96)]
    (row,) = rows_of(score_of(Track(Notes.of(notes))))
    kept = ONE_BAR.decode(ONE_BAR.encode(score_of(Track(Notes.of(notes))))).tracks[0].notes
    assert EVENTS - 1 - 4 <= len(row) <= EVENTS - 1
    assert (kept.pitch == [pitch for _, _, pitch, _ in notes[: len(kept)]]).all()


def test_a_full_row_gives_up_its_velocities_before_its_notes() -> None:
    notes = [(6 * i, 6 * i + 6, 40 + i, 20 + 80 * (i % 2)) for i in range(16)]
    (stream,), _ = ONE_BAR.streams(score_of(Track(Notes.of(notes)), Track(Notes.of(notes[:3]), 9)))
    even, lively = ONE_BAR.decode(stream.tokens.reshape(TRACKS, EVENTS, 1)).tracks
    assert even.notes.pitch.tolist() == [pitch for _, _, pitch, _ in notes]
    assert len(set(even.notes.velocity.tolist())) == 1 < len(set(lively.notes.velocity.tolist()))
    assert not stream.trimmed["more than 64 events"].any()


@pytest.mark.parametrize(("loud", "velocities"), [(20, 3), (90, 1)])
def test_drums_of_a_full_row_are_written_without_ends(loud: int, velocities: int) -> None:
    hats = [(6 * i, 6 * i + 3, 42, min(loud * (1 + i % 2), 91)) for i in range(16)]
    beat = [(24 * i, 24 * i + 6, 36 + 2 * (i % 2), 90) for i in range(4)]
    (stream,), _ = ONE_BAR.streams(score_of(Track(Notes.of(hats + beat), is_drum=True), Track(Notes.of(hats[:2]))))
    drums = ONE_BAR.decode(stream.tokens.reshape(TRACKS, EVENTS, 1)).tracks[-1].notes
    heard = sorted((start // 20, pitch) for start, _, pitch, _ in drums.rows())
    assert heard == sorted((start, pitch) for start, _, pitch, _ in hats + beat)
    assert len(set(drums.velocity.tolist())) == velocities
    once = ONE_BAR.encode(ONE_BAR.decode(stream.tokens.reshape(TRACKS, EVENTS, 1)))
    assert (once == stream.tokens.reshape(TRACKS, EVENTS, 1)).all()
    assert not stream.trimmed["more than 64 events"].any()


def test_bars_that_lose_something_are_counted(tmp_path: Path) -> None:
    long = [(i, i + 1, 40 + i % 50, 1 + 16 * (i % 2)) for i in range(96)]
    later = [(96 + 6 * i, 102 + 6 * i, 60, 9) for i in range(8)]
    crowd = [Track(Notes.of(later), program=n) for n in range(1, 10)]
    music = score_of(Track(Notes.of(long)), Track(Notes.of([(0, 24, 36, 9)]), is_drum=True), *crowd, bars=2)
    (stream,), _ = ONE_BAR.streams(music)
    assert {what: bars.tolist() for what, bars in stream.trimmed.items()} == {
        "more than 8 tracks": [False, True],
        "more than 64 events": [True, False],
    }
    write_midi(music, tmp_path / "midi" / "a.mid")
    manifest = preprocess([tmp_path / "midi"], tmp_path / "data", ONE_BAR, workers=1)
    assert manifest["trimmed bars"] == {"more than 8 tracks": 1, "more than 64 events": 1}
    assert "bars of more than 8 tracks            1" in list(funnel(manifest))


def test_other_meters_are_cut_out_and_lonely_tracks_are_no_windows() -> None:
    note = [(0, 24, 60, 9), (96, 120, 60, 9), (96 + 72, 200, 60, 9)]
    score = Score(
        24, (Track(Notes.of(note)), Track(Notes.of(note[2:]), 9)), end=264, meters=(Meter(96, 3, 4), Meter(168, 4, 4))
    )
    (stream,), refusals = ONE_BAR.streams(score)
    assert stream.bars.tolist() == [0, 2]
    assert stream.playing.tolist() == [[1, 2]]
    assert [refusal.reason for refusal in refusals] == ["other meter"]


def test_a_band_has_one_drum_kit_and_eight_instruments() -> None:
    assert Multitrack(bars=1).band((DRUM_KIT, 40, 0))[:4, 0, 0].tolist() == [PROGRAM, PROGRAM + 40, DRUMS, END]
    for programs, said in (((0, DRUM_KIT, DRUM_KIT), "several drum kits"), ((), "a band of 0"), (range(9), "of 9")):
        with pytest.raises(MusicaeError, match=said):
            Multitrack(bars=1).band(programs)


def test_what_no_music_would_write_is_heard_as_something() -> None:
    row = [40, 128 + 41, 40, PROGRAM + 7, TIME_SHIFT + 95, 43, TIME_SHIFT + 95, END, 44]
    tokens = np.full((TRACKS, EVENTS, 1), END)
    tokens[2, : len(row), 0] = row
    (track,) = ONE_BAR.decode(tokens).tracks
    assert track.program == 7
    assert track.notes.rows() == [(0, 96 * 20, 40, 73)]


def test_every_step_is_given_the_chord_of_its_bar() -> None:
    chords = [(60, 64, 67), (57, 60, 64), (62, 65, 69), (55, 59, 62)]
    notes = [(96 * bar, 96 * bar + 96, pitch, 80) for bar, pitches in enumerate(chords) for pitch in pitches]
    music = score_of(Track(Notes.of(notes)), Track(Notes.of(notes), 33), bars=4)
    (stream,), _ = Multitrack(bars=1, chords=True).streams(music)
    told = stream.tokens[:, 1].reshape(4, ONE_BAR.window)
    assert [[str(of_class(int(index))) for index in np.unique(bar)] for bar in told] == [["C"], ["Am"], ["Dm"], ["G"]]
    assert (stream.tokens[:, :1] == ONE_BAR.streams(music)[0][0].tokens).all()
