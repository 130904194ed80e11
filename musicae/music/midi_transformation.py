"""MIDI files in another key, played by other instruments, faster or slower: all events stay but those that say so."""

from __future__ import annotations

from collections.abc import Mapping

from musicae.music.careful_midi import TEMPO_SIZE, Home
from musicae.music.key import Key
from musicae.music.midi_editing import FIRST, EditableMidi, EventRow, meta_event
from musicae.music.midi_events import CONTROL, KEY_SIGNATURE, META, PROGRAM, TEMPO
from musicae.music.transposition import moved_into

DEFAULT_BEAT, LONGEST_BEAT = 500_000, 2**24 - 1
"""Microseconds of a quarter where no tempo is said, and the most that can be said."""

_BANKS = (0, 32)
"""Controllers that choose among variations of an instrument."""

_OCTAVE, _FIFTH, _FLATTEST = 12, 7, -5
_PAYLOAD = 3
"""Where the data of a short meta event begin: behind its status, its type and its size."""


def transformed(
    file: EditableMidi, *, semitones: int = 0, key: Key | None = None, programs: Mapping[int, int], tempo: float = 1.0
) -> bytes:
    """The file, changed.

    Args:
        semitones, key: where pitched notes go (`transposition.moved_into`); key signatures go along.
        programs: by the numbers of the score's tracks, for those that others are to play.
        tempo: what all tempi are multiplied with.
    """
    moved = enumerate(moved_into(file.score, semitones, key).score.tracks)
    rows = file.rows({i: track.notes for i, track in moved if track.notes != file.score.tracks[i].notes})
    rows = [[(tick, place, _in_key(data, semitones)) for tick, place, data in track] for track in rows]
    if tempo != 1:
        if not any(tick == 0 and data[:2] == bytes([META, TEMPO]) for track in rows for tick, _, data in track):
            rows[0].insert(0, (0, FIRST, meta_event(TEMPO, DEFAULT_BEAT.to_bytes(TEMPO_SIZE))))
        rows = [[(tick, place, _faster(data, tempo)) for tick, place, data in track] for track in rows]
    for number, program in programs.items():
        home, before = file.homes[number], file.score.tracks[number].program
        for track, of_track in enumerate(rows):
            if track == home.track or Home(track, home.channel) not in file.homes:
                rows[track] = _played(of_track, home.channel, before, program)
        if not _is_said(rows[home.track], home.channel, program):  # nobody chose what it began with
            rows[home.track].insert(0, (0, FIRST, bytes([PROGRAM | home.channel, program])))
    return file.with_rows(rows)


def _in_key(data: bytes, semitones: int) -> bytes:
    """An event; a key signature, in sharps or, below 0, in flats, of the transposed key."""
    if data[:2] != bytes([META, KEY_SIGNATURE]) or len(data) != _PAYLOAD + 2 or not semitones:
        return data
    sharps = int.from_bytes(data[_PAYLOAD : _PAYLOAD + 1], signed=True) + _FIFTH * semitones
    sharps = (sharps - _FLATTEST) % _OCTAVE + _FLATTEST
    return meta_event(KEY_SIGNATURE, sharps.to_bytes(1, signed=True) + data[-1:])


def _faster(data: bytes, tempo: float) -> bytes:
    """An event; a tempo that many times as fast."""
    if data[:2] != bytes([META, TEMPO]) or len(data) != _PAYLOAD + TEMPO_SIZE or not any(data[_PAYLOAD:]):
        return data
    beat = round(int.from_bytes(data[_PAYLOAD:]) / tempo)
    return meta_event(TEMPO, min(max(beat, 1), LONGEST_BEAT).to_bytes(TEMPO_SIZE))


def _played(rows: list[EventRow], channel: int, before: int, after: int) -> list[EventRow]:
    """A track in which a channel plays another program wherever it played one; banks are no longer chosen there."""
    control, old, new = CONTROL | channel, bytes([PROGRAM | channel, before]), bytes([PROGRAM | channel, after])
    rows = [row for row in rows if row[2][0] != control or row[2][1] not in _BANKS]
    return [(tick, place, new if data == old else data) for tick, place, data in rows]


def _is_said(rows: list[EventRow], channel: int, program: int) -> bool:
    return any(data == bytes([PROGRAM | channel, program]) for _, _, data in rows)
