"""MIDI files in another key, played by others, faster or slower: nothing else of them changes."""

from __future__ import annotations

import pytest

from musicae.music.key import Key
from musicae.music.midi import read_midi
from musicae.music.midi_editing import EditableMidi
from musicae.music.midi_events import KEY_PRESSURE, KEY_SIGNATURE, META
from musicae.music.midi_transformation import LONGEST_BEAT, transformed
from tests.helpers.midi_bytes import EIGHTHS, RandomFile, event, meta, smf, tempo, tune

DRUMS = 9


def band(*conductor: bytes) -> EditableMidi:
    """A lead that changes its program, keys whose program nobody chose, and drums; what is given stands before."""
    lead = event(0, 0xB0, 0, 8) + event(0, 0xC0, 73) + tune(EIGHTHS) + event(0, 0xC0, 40) + tune(EIGHTHS)
    data = smf(b"".join(conductor), lead, tune(EIGHTHS, 1), tune(EIGHTHS, DRUMS))
    return EditableMidi.open(data)


def signatures(data: bytes) -> list[bytes]:
    events = EditableMidi.open(data).events
    return [events.payload(number) for number in events.of(META, KEY_SIGNATURE).tolist()]


@pytest.mark.parametrize("seed", range(20))
def test_there_and_back_again_is_where_it_was(seed: int) -> None:
    file = EditableMidi.open(RandomFile(seed).data)
    pitches = [track.notes.pitch for track in file.score.tracks if not track.is_drum and len(track.notes)]
    if any(pitch.max() > 124 for pitch in pitches):
        return
    up = EditableMidi.open(transformed(file, semitones=3, programs={}))
    back = read_midi(transformed(up, semitones=-3, programs={}))
    assert [track.notes for track in back.tracks] == [track.notes for track in file.score.tracks]
    assert up.score.tempi == file.score.tempi


def test_drums_stay_and_key_signatures_go_along() -> None:
    file = band(meta(0, KEY_SIGNATURE, b"\2\0"), meta(0, KEY_SIGNATURE, b"\375\1"), meta(0, KEY_SIGNATURE, b"odd"))
    data = transformed(file, semitones=2, programs={})
    assert signatures(data) == [b"\4\0", b"\377\1", b"odd"]
    before, after = file.score.tracks, read_midi(data).tracks
    moved = [(after.notes.pitch - before.notes.pitch).tolist() for before, after in zip(before, after, strict=True)]
    assert all(set(steps) == {0 if track.is_drum else 2} for steps, track in zip(moved, before, strict=True))


def test_notes_outside_of_a_key_go_inside() -> None:
    key = Key(6)
    pitched = [track for track in read_midi(transformed(band(), key=key, programs={})).tracks if not track.is_drum]
    assert {pitch % 12 for track in pitched for pitch in track.notes.pitch.tolist()} <= key.tones


def pressures(data: bytes) -> list[tuple[int, int, int]]:
    """Channel, key and value of every event of a key's pressure."""
    events = EditableMidi.open(data).events
    found = events.of(KEY_PRESSURE)
    return list(
        zip(events.channel[found].tolist(), events.first[found].tolist(), events.second[found].tolist(), strict=True)
    )


@pytest.mark.parametrize(("key", "expected"), [(None, [62, 126, 62]), (Key(6), [61, 126, 61])])
def test_the_pressure_of_a_key_goes_along_with_its_note(key: Key | None, expected: list[int]) -> None:
    pressed = [event(0, 0xA0, pitch, 50) for pitch in (60, 124, 60)]
    lead = b"".join(pressed) + tune([60, 124])
    file = EditableMidi.open(smf(lead, event(0, 0xA0 | DRUMS, 36, 50) + tune([36], DRUMS)))
    data = transformed(file, semitones=2, key=key, programs={})
    assert pressures(data) == [*((0, pitch, 50) for pitch in expected), (DRUMS, 36, 50)]
    assert {pitch for track in read_midi(data).tracks for pitch in track.notes.pitch.tolist()} == {*expected, 36}


def test_others_play_where_those_played_that_they_stand_for() -> None:
    file = band(event(0, 0xC1, 5))
    assert [track.program for track in file.score.tracks] == [40, 73, 5, 0]
    after = EditableMidi.open(transformed(file, programs={1: 11, 2: 19}))
    assert [track.program for track in after.score.tracks] == [11, 40, 19, 0]
    assert not len(after.events.of(0xB0))
    assert [track.program for track in EditableMidi.open(transformed(band(), programs={2: 19})).score.tracks][2] == 19


def test_all_tempi_change_by_as_much() -> None:
    file = band(tempo(0, 500_000), tempo(480, 250_000), meta(0, 0x51, b"no"))
    assert [round(one.tempo_qpm) for one in read_midi(transformed(file, programs={}, tempo=0.5)).tempi] == [60, 120]
    assert [round(one.tempo_qpm) for one in read_midi(transformed(band(), programs={}, tempo=2.0)).tempi] == [240]
    slow = read_midi(transformed(band(), programs={}, tempo=1e-9))
    assert [one.tempo_qpm for one in slow.tempi] == [60e6 / LONGEST_BEAT]
