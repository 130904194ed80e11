"""MIDI files with other notes: nothing else of them changes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from musicae.errors import MusicaeError
from musicae.music.midi import read_midi
from musicae.music.midi_editing import EditableMidi
from musicae.music.midi_events import END_OF_TRACK, LONGEST_WAIT, META, SYSEX, Events
from musicae.music.score import Notes, Score, Track
from tests.helpers.midi_bytes import EIGHTHS, RandomFile, event, meta, smf, sysex, tempo, tune


def playing(score: Score) -> list[Track]:
    return [track for track in score.tracks if len(track.notes)]


def besides_notes(events: Events) -> list[tuple[object, ...]]:
    """All events but notes and ends of tracks."""
    found: list[tuple[object, ...]] = []
    for number, status in enumerate(events.status.tolist()):
        kind, first = status & 0xE0, int(events.first[number])
        if kind == 0x80 or (status == META and first == END_OF_TRACK):
            continue
        where = int(events.track[number]), int(events.tick[number]), status
        data = events.payload(number) if status >= SYSEX else int(events.second[number]) * (kind != 0xC0)
        found.append((*where, data) if status in (SYSEX, 0xF7) else (*where, first, data))
    return found


@pytest.mark.parametrize("seed", range(60))
def test_notes_that_are_written_anew_are_the_same_and_all_else_stays(seed: int) -> None:
    file = EditableMidi.open(RandomFile(seed).data)
    again = EditableMidi.open(file.with_notes({i: track.notes for i, track in enumerate(file.score.tracks)}))
    assert playing(again.score) == playing(file.score)
    assert (again.score.tempi, again.score.meters) == (file.score.tempi, file.score.meters)
    assert besides_notes(again.events) == besides_notes(file.events)
    assert (again.events.end >= file.events.end).all()


def test_without_changes_notes_are_left_as_they_are() -> None:
    file = EditableMidi.open(RandomFile(3).data)
    assert read_midi(file.with_notes({})) == file.score


SONG = smf(
    tempo(0, 500_000) + meta(0, 5, b"la") + meta(480, 0x59, b"\2\0") + meta(0, 6, b"chorus"),
    meta(0, 3, b"Lead") + event(0, 0xB0, 7, 100) + event(0, 0xC0, 73) + tune(EIGHTHS) + event(0, 0xE0, 0, 70),
    meta(0, 3, b"Keys") + sysex(0, 1, 2, 3) + event(0, 0xC1, 4) + tune(EIGHTHS, 1),
)


def test_one_track_changes_and_the_others_do_not() -> None:
    file = EditableMidi.open(SONG)
    other = Notes.of([(0, 960, 50, 33)])
    again = EditableMidi.open(file.with_notes({0: other}, text="made here"))
    assert again.score.tracks == (replace(file.score.tracks[0], notes=other), file.score.tracks[1])
    text, *rest = besides_notes(again.events)
    assert text == (0, 0, META, 1, b"made here") and rest == besides_notes(file.events)


def test_tracks_that_are_added_take_channels_that_nobody_uses() -> None:
    file = EditableMidi.open(SONG)
    assert file.free_channels == [2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15]
    notes = Notes.of([(0, 480, 40, 90)])
    added = [Track(notes, 33, name="Bass"), Track(notes, is_drum=True, name="Kit")]
    score = read_midi(file.with_notes({}, added))
    assert score.tracks == (*file.score.tracks, *added)


def test_a_file_of_one_track_gets_another_one() -> None:
    file = EditableMidi.open(smf(tune(EIGHTHS)))
    data = file.with_notes({}, [Track(Notes.of([(0, 480, 40, 90)]), 33)])
    assert data[8:12] == b"\0\1\0\2" and len(read_midi(data).tracks) == 2


def test_waits_are_as_long_as_it_takes() -> None:
    rest = event(0, 0x90, 60, 90) + event(240, 0x80, 60, 0) + meta(LONGEST_WAIT, 1) + event(240, 0xB0, 7, 1)
    file = EditableMidi.open(smf(rest + meta(LONGEST_WAIT, 1, b"x")))
    again = EditableMidi.open(file.with_notes({0: Notes.of([(100, 200, 60, 90)])}))
    assert again.events.end.tolist() == file.events.end.tolist() == [480 + 2 * LONGEST_WAIT]
    late = EditableMidi.open(file.with_notes({0: Notes.of([(3 * LONGEST_WAIT, 3 * LONGEST_WAIT + 9, 60, 90)])}))
    assert late.score.tracks[0].notes.rows() == [(3 * LONGEST_WAIT, 3 * LONGEST_WAIT + 9, 60, 90)]


def test_what_is_no_midi_is_refused() -> None:
    with pytest.raises(MusicaeError, match="the song is not a MIDI file"):
        EditableMidi.open(b"poem", "the song")


def test_drums_may_be_declared() -> None:
    tracks = EditableMidi.open(SONG, drums=["Keys"]).score.tracks
    assert Counter(track.is_drum for track in tracks) == {True: 1, False: 1} and tracks[1].is_drum
