"""MIDI files without anything unusual to scores, at C++ speed: symusic parses them.

symusic reads most files right, 5 times as fast as `careful_midi`, and others wrong without a word. So its result counts
only where the bytes rule out what it does not know, by cheap looks that may take a good file for a doubtful one, but
not the other way round; whatever is in doubt is `careful_midi`'s. Of what is plain both read the same, but for a note
that sounds on while its channel takes another program and plays it again: here it does.

symusic pairs note-ons and note-offs first in, first out, and drops what is left over. So that it shows it, every track
gets note-offs of all pitches far after its end, before it is parsed: a note that ends there has lost its own. Where
notes overlap so that `note_pairing` is needed, their tracks are parsed once more with note-ons of all pitches before
their first event: all of them are heard to the far end, unless there is a note-off that ends nothing.
"""

from __future__ import annotations

import itertools
import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Integer
from symusic.core import ScoreTick

from musicae.music.careful_midi import Entry, meter_map, moment_of, tempo_map
from musicae.music.midi_events import CONTROL, LONGEST_WAIT, META, NOTE_ON, PROGRAM, SYSEX, PerNote
from musicae.music.note_pairing import pair
from musicae.music.score import Notes, Score, Track

_Columns = Mapping[str, Integer[np.ndarray, "_"]]

LONGEST, MOST_TRACKS, MOST_NOTES = 2**18, 2**10, 2**18
"""A note has fewer ticks, and a file fewer tracks and notes: so a note fits into one integer."""

_END_OF_TRACK = b"\xff\x2f\0"
_NO_EVENT = b"\xff\x01\0"
"""An empty text, which takes the place of the end of a track."""
_ODD_META = re.compile(rb"\xff(?:\x51[^\x03]|\x58(?:[^\x04]|\x04.[^\0-\x07]))", re.DOTALL)
"""A tempo or a meter of another size, or an impossible meter."""
_DRUM_BANK = re.compile(rb"[\xb0-\xbf](?:[\0-\x7f]{2}[\x80-\xff]{0,3}[\0-\x7f])*?\0[\x78\x79\x7e\x7f]")
"""A controller, others in running status, and bank select 120, 121, 126 or 127."""
_LONG_WAIT = re.compile(rb"[\x80-\xff]{3}[\0-\x7f]")
"""A delta time of up to 2^28 ticks."""
_MOST_LONG_WAITS = 6
"""With more, and the one behind every track, a tick might not fit into 31 bits."""
_TEXT = re.compile(rb"\xff[\x01-\x0f]([\x80-\xff]{0,3}[\0-\x7f])")
"""The beginning of a text, and its size."""
_TEMPO = re.compile(rb"\xff\x51\x03...", re.DOTALL)
_NO_TEMPO = b"\xff\x51\x03\0\0\0"


def read_plain(data: bytes) -> Score | None:
    """The score of a MIDI file that is whole and without anything unusual, else None."""
    chunks = _chunks(data)
    if not chunks or _ODD_META.search(data) or _is_long(data):
        return None
    tracks = [data[first:end] for first, end in chunks]
    channels = _channels([_TEMPO.sub(_NO_TEMPO, track) if b"\xff\x51" in track else track for track in tracks])
    if channels is None:
        return None
    return _Plain(data, chunks, channels).score()


def _is_long(data: bytes) -> bool:
    """Whether there may be so many long delta times that a tick does not fit into 31 bits; texts have none."""
    if len(_LONG_WAIT.findall(data)) <= _MOST_LONG_WAITS:
        return False
    rest, position = [], 0
    for text in _TEXT.finditer(data):
        if text.start() >= position:
            rest.append(data[position : text.start()])
            position = text.end() + _size_of(text[1])
    return len(_LONG_WAIT.findall(b"".join([*rest, data[position:]]))) > _MOST_LONG_WAITS


def _size_of(quantity: bytes) -> int:
    """A number of seven bits a byte."""
    size = 0
    for byte in quantity:
        size = size << 7 | byte & 0x7F
    return size


def _chunks(data: bytes) -> list[tuple[int, int]]:
    """Where the events of every track begin and end; none if anything is unusual about header and tracks."""
    division = int.from_bytes(data[12:14])
    if data[:9] != b"MThd\0\0\0\6\0" or data[9] > 1 or not 0 < division < 0x8000:
        return []
    found, start = [], 14
    while data[start : start + 4] == b"MTrk":
        first = start + 8
        start = first + int.from_bytes(data[start + 4 : first])
        if data[start - 3 : start] != _END_OF_TRACK:
            return []
        found.append((first, start))
    whole = start == len(data) and len(found) == int.from_bytes(data[10:12]) <= MOST_TRACKS
    return found if whole and data.count(_END_OF_TRACK) == len(found) else []


def _channels(tracks: list[bytes]) -> list[set[int]] | None:
    """The channels on which every track may have notes.

    None if a channel may have its program from another track, or be made drums, or there may be a SysEx. A byte of a
    delta time may look like a status, so that this errs to the safe side.
    """
    text, starts = b"".join(tracks), list(itertools.accumulate(map(len, tracks), initial=0))[:-1]
    high = np.frombuffer(text, dtype=np.uint8)
    if np.count_nonzero(high >= SYSEX) != text.count(META):
        return None
    if np.count_nonzero(high & 0xF0 == CONTROL) and _DRUM_BANK.search(text):
        return None
    found: list[set[int]] = [set() for _ in tracks]
    for channel in range(16):
        if NOTE_ON | channel not in text:
            continue
        notes = _where(text, NOTE_ON | channel, 2, starts)
        programs = _where(text, PROGRAM | channel, 1, starts)
        if notes and programs and (len(notes) > 1 or notes != programs):
            return None
        for track in notes:
            found[track].add(channel)
    return found


def _where(text: bytes, status: int, size: int, starts: list[int]) -> range:
    """From the first to the last track that may have events of a status, with so many bytes of data after it."""
    first = text.find(status)
    while first >= 0 and not text[first + 1 : first + 1 + size].isascii():
        first = text.find(status, first + 1)
    if first < 0:
        return range(0)
    last = text.rfind(status)
    while not text[last + 1 : last + 1 + size].isascii():
        last = text.rfind(status, first, last)
    return range(bisect_right(starts, first) - 1, bisect_right(starts, last))


@dataclass(frozen=True, slots=True)
class _Plain:
    """A file that symusic can parse: its bytes, where its tracks are, and the channels on which they may have notes."""

    data: bytes
    chunks: list[tuple[int, int]]
    channels: list[set[int]]

    def score(self) -> Score | None:
        """The score, if nothing about its notes, tempi and meters is in question."""
        parsed = self._parse()
        if parsed is None:
            return None
        tempi = _agreed((tempo.time, tempo.mspq) for tempo in parsed.tempos)
        meters = _agreed((meter.time, (meter.numerator, meter.denominator)) for meter in parsed.time_signatures)
        if tempi is None or meters is None or min([0, *tempi, *meters]) < 0:
            return None
        if any("\ufffd" in track.name for track in parsed.tracks):
            return None
        found = self._notes(parsed)
        if found is None:
            return None
        notes, bounds = found
        tracks = tuple(
            Track(notes[first:behind], int(track.program), bool(track.is_drum), track.name.strip())
            for track, first, behind in zip(parsed.tracks, bounds, bounds[1:], strict=False)
            if first < behind
        )
        return Score(
            parsed.ticks_per_quarter,
            tracks,
            int(notes.end.max(initial=0)),
            tempo_map({tick: 60e6 / microseconds for tick, microseconds in tempi.items() if microseconds > 0}),
            meter_map({tick: (top, bottom) for tick, (top, bottom) in meters.items() if top and bottom}),
        )

    def _parse(self, *, again: Sequence[int] = ()) -> ScoreTick | None:
        """All chunks, or some of them again, with note-ons before them."""
        chosen = again or range(len(self.chunks))
        parts = [self.data[:10], len(chosen).to_bytes(2), self.data[12:14]]
        for number in chosen:
            (first, end), used = self.chunks[number], self.channels[number]
            before = b"".join(_NOTE_ONS[channel] for channel in used) if again else b""
            behind = b"".join(_NOTE_OFFS[channel] for channel in used)
            if behind:
                behind = _FAR_DELTA + behind[1:]
            events = (before, self.data[first : end - 3], _NO_EVENT, behind, b"\0", _END_OF_TRACK)
            parts += [b"MTrk", sum(map(len, events)).to_bytes(4), *events]
        try:
            return ScoreTick.from_midi(b"".join(parts))
        except Exception:  # it raises several types; `careful_midi` will say what is wrong, or that nothing is
            return None

    def _notes(self, parsed: ScoreTick) -> tuple[Notes, list[int]] | None:
        """The notes of all tracks, and where those of every track begin; None if some may be paired wrongly."""
        columns = [track.notes.numpy() for track in parsed.tracks]
        counts = [len(track["time"]) for track in columns]
        bounds = list(itertools.accumulate(counts, initial=0))
        if not bounds[-1] or len(columns) > MOST_TRACKS or bounds[-1] >= MOST_NOTES:
            return None if bounds[-1] else (Notes.of([]), bounds)
        start, length, pitch, velocity = (
            np.concatenate([track[name] for track in columns], dtype=np.int64)
            for name in ("time", "duration", "pitch", "velocity")
        )
        track, end = np.repeat(np.arange(len(columns)), counts), start + length
        # All bits of all numbers at once: those beyond the limits, and the sign.
        if np.bitwise_or.reduce(length - 1) & -LONGEST or np.bitwise_or.reduce(end) & -LONGEST_WAIT - 1:
            return None
        notes, moment = Notes(start, end, pitch, velocity), moment_of(parsed.ticks_per_quarter)
        doubtful, together = _overlaps((track << 7 | pitch) << 28, notes, moment)
        if len(doubtful):
            strays = self._has_strays(columns, np.unique(doubtful >> 7).tolist())
            again = None if strays else _paired_anew(track, notes, doubtful, moment)
            if again is None:
                return None
            track, notes = again
        key, notes = _in_order(track << 35, notes)
        if not (together or len(doubtful)):
            return notes, bounds
        key, notes = _joined(key, notes)
        return notes, np.searchsorted(key >> 35, np.arange(len(bounds))).tolist()

    def _has_strays(self, tracks: Sequence[_Columns], doubtful: Sequence[int]) -> bool:
        """Whether a note-off ends nothing: then not all of the note-ons before the music are heard to the far end.

        Only in the tracks that are in doubt, if every chunk is one track.
        """
        chosen = [number for number, channels in enumerate(self.channels) if channels]
        if len(chosen) == len(tracks):
            chosen, tracks = [chosen[track] for track in doubtful], [tracks[track] for track in doubtful]
        parsed = self._parse(again=chosen)
        if parsed is None:
            return True
        heard = [track.notes.numpy() for track in parsed.tracks]
        before = PITCHES * sum(len(self.channels[number]) for number in chosen)
        start, expected = (np.sort(np.concatenate([track["time"] for track in some])) for some in (heard, tracks))
        end = np.concatenate([track["time"] + track["duration"] for track in heard])
        return bool(np.count_nonzero(end >= LONGEST_WAIT) != before) or not np.array_equal(start[before:], expected)


def _agreed(rows: Iterable[tuple[int, Entry]]) -> dict[int, Entry] | None:
    """What is said at every tick; None if it is not one thing."""
    found: dict[int, Entry] = {}
    for tick, value in rows:
        if found.setdefault(tick, value) != value:
            return None
    return found


def _overlaps(key: PerNote, notes: Notes, moment: int) -> tuple[Integer[np.ndarray, " doubtful"], bool]:
    """The keys whose notes end at about one time, where a note-off may have come twice; and if any start together.

    Args:
        key: of track and pitch, above the 28 bits of a tick.
    """
    # One integer a note: a plain sort is several times as fast as np.lexsort.
    ordered = np.sort((key | notes.start) << 18 | notes.end - notes.start)
    start = ordered >> 18
    end = start + (ordered & LONGEST - 1)
    together = start[1:] == start[:-1]
    near = end[1:] - end[:-1] < moment
    if not np.count_nonzero(near):
        return start[:0], bool(np.count_nonzero(together))
    near_key, one = start[1:][near] >> 28, together[near]
    if not np.count_nonzero(one):
        return near_key, bool(np.count_nonzero(together))
    # Notes that start together are one, unless the next one starts before they end.
    overlapping = start[1:][(start[1:] < end[:-1]) & ~together] >> 28
    return near_key[~one | np.isin(near_key, overlapping)], True


def _paired_anew(
    track: PerNote, notes: Notes, keys: Integer[np.ndarray, " key"], moment: int
) -> tuple[Integer[np.ndarray, " again"], Notes] | None:
    """The notes, those of some keys paired from their note-ons and note-offs; None if one has no note-off."""
    key = track << 7 | notes.pitch
    again = np.zeros(int(key.max()) + 1, dtype=bool)
    again[keys] = True
    chosen = again[key]
    old = notes[chosen]
    tick, velocity = np.append(old.start, old.end), np.append(old.velocity, np.zeros_like(old.velocity))
    order = np.argsort(tick << 1 | (velocity > 0), kind="stable")  # note-offs first, as no note is without length
    key, tick, velocity = np.tile(key[chosen], 2)[order], tick[order], velocity[order]
    pairs = pair(key, tick, velocity, np.full(len(key), notes.end.max()), moment)
    if not pairs.ended.all():
        return None
    key = key[pairs.note_on]
    rest = notes[~chosen]
    joined = Notes(
        np.append(rest.start, tick[pairs.note_on]),
        np.append(rest.end, pairs.end),
        np.append(rest.pitch, key & 127),
        np.append(rest.velocity, pairs.velocity),
    )
    return np.append(track[~chosen], key >> 7), joined


def _in_order(track: PerNote, notes: Notes) -> tuple[PerNote, Notes]:
    """The notes by track, start and pitch, and one number for all three; tracks stand above 35 bits for the others."""
    key = track | notes.start << 7 | notes.pitch
    if not np.count_nonzero(key[1:] < key[:-1]):
        return key, notes
    ordered = np.sort(key << 18 | np.arange(len(key)))
    return ordered >> 18, notes[ordered & MOST_NOTES - 1]


def _joined(key: PerNote, notes: Notes) -> tuple[Integer[np.ndarray, " left"], Notes]:
    """The notes in order; those that start together are one."""
    first = np.flatnonzero(np.diff(key, prepend=-1))
    longest = np.maximum.reduceat(notes.end << 7 | notes.velocity, first)
    return key[first], Notes(notes.start[first], longest >> 7, notes.pitch[first], longest & 127)


PITCHES = 128
_FAR_DELTA = b"\xff\xff\xff\x7f"
_NOTE_ONS, _NOTE_OFFS = (
    [
        bytes([0, status | channel, 0, velocity]) + b"".join(bytes([0, pitch, velocity]) for pitch in range(1, PITCHES))
        for channel in range(16)
    ]
    for status, velocity in ((0x90, 1), (0x80, 0))
)
"""Of every channel and pitch, in running status."""
