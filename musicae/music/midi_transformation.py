"""MIDI files in another key, played by other instruments, faster or slower: all events stay but those that say so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from musicae.music.careful_midi import TEMPO_SIZE
from musicae.music.key import Key
from musicae.music.midi_editing import FIRST, EditableMidi, EventRow, meta_event
from musicae.music.midi_events import KEY_PRESSURE, KEY_SIGNATURE, META, TEMPO
from musicae.music.midi_programs import with_programs
from musicae.music.score import Notes
from musicae.music.transposition import moved_into, pitches_into

DEFAULT_BEAT, LONGEST_BEAT = 500_000, 2**24 - 1
"""Microseconds of a quarter where no tempo is said, and the most that can be said."""

_OCTAVE, _FIFTH, _FLATTEST = 12, 7, -5
_PAYLOAD = 3
"""Where the data of a short meta event begin: behind its status, its type and its size."""


def transformed(
    file: EditableMidi, *, semitones: int = 0, key: Key | None = None, programs: Mapping[int, int], tempo: float = 1.0
) -> bytes:
    """The file, changed.

    Args:
        semitones, key: where pitched notes go (`transposition.moved_into`); the pressure of their keys and key
            signatures go along.
        programs: by the numbers of the score's tracks, for those that others are to play.
        tempo: what all tempi are multiplied with.

    Raises:
        MusicaeError: as `with_programs`.
    """
    moved = enumerate(moved_into(file.score, semitones, key).score.tracks)
    rows = file.rows({i: track.notes for i, track in moved if track.notes != file.score.tracks[i].notes})
    rows = [[(tick, place, _in_key(data, semitones)) for tick, place, data in track] for track in rows]
    if semitones or key is not None:
        rows = _pressed(file, rows, pitches_into(semitones, key))
    if tempo != 1:
        if not any(tick == 0 and data[:2] == bytes([META, TEMPO]) for track in rows for tick, _, data in track):
            rows[0].insert(0, (0, FIRST, meta_event(TEMPO, DEFAULT_BEAT.to_bytes(TEMPO_SIZE))))
        rows = [[(tick, place, _faster(data, tempo)) for tick, place, data in track] for track in rows]
    return file.with_rows(with_programs(file, rows, programs) if programs else rows)


def in_other_key(file: EditableMidi, notes: Mapping[int, Notes], before: Key, after: Key) -> bytes:
    """The file with other notes, as of `EditableMidi.with_notes`; signatures of a key are those of another one.

    How hard single keys are held (polyphonic aftertouch) stays where it was.
    """
    new = meta_event(KEY_SIGNATURE, _signature(after))
    rows = [
        [(tick, place, new if _signed(data) == before else data) for tick, place, data in track]
        for track in file.rows(notes)
    ]
    return file.with_rows(rows)


def _signed(data: bytes) -> Key | None:
    """The key that an event is the signature of, if it is one."""
    sharps, minor = _sharps(data), data[-1] == 1
    return None if sharps is None else Key((_FIFTH * sharps - 3 * minor) % _OCTAVE, minor)


def _sharps(data: bytes) -> int | None:
    """How many sharps, or, below 0, flats, a key signature has; None for another event."""
    if data[:2] != bytes([META, KEY_SIGNATURE]) or len(data) != _PAYLOAD + 2:
        return None
    return int.from_bytes(data[_PAYLOAD : _PAYLOAD + 1], signed=True)


def _signature(key: Key) -> bytes:
    """How many sharps a key has, or, below 0, flats, and whether it is minor."""
    fifths = _FIFTH * (key.tonic + 3 * key.minor)
    return ((fifths - _FLATTEST) % _OCTAVE + _FLATTEST).to_bytes(1, signed=True) + bytes([key.minor])


def _in_key(data: bytes, semitones: int) -> bytes:
    """An event; a key signature, in sharps or, below 0, in flats, of the transposed key."""
    sharps = _sharps(data)
    if sharps is None or not semitones:
        return data
    sharps = (sharps + _FIFTH * semitones - _FLATTEST) % _OCTAVE + _FLATTEST
    return meta_event(KEY_SIGNATURE, sharps.to_bytes(1, signed=True) + data[-1:])


def _pressed(file: EditableMidi, rows: Sequence[list[EventRow]], pitches: Sequence[int]) -> list[list[EventRow]]:
    """The events of all tracks; how hard single keys are held (polyphonic aftertouch) is said of where notes went."""
    drums = {home for home, track in zip(file.homes, file.score.tracks, strict=True) if track.is_drum}
    found = [list(of_track) for of_track in rows]
    for number, channel in set(file.homes) - drums:
        status = KEY_PRESSURE | channel
        found[number] = [
            (tick, place, bytes([status, pitches[data[1]], data[2]]) if data[0] == status else data)
            for tick, place, data in found[number]
        ]
    return found


def _faster(data: bytes, tempo: float) -> bytes:
    """An event; a tempo that many times as fast."""
    if data[:2] != bytes([META, TEMPO]) or len(data) != _PAYLOAD + TEMPO_SIZE or not any(data[_PAYLOAD:]):
        return data
    beat = round(int.from_bytes(data[_PAYLOAD:]) / tempo)
    return meta_event(TEMPO, min(max(beat, 1), LONGEST_BEAT).to_bytes(TEMPO_SIZE))
