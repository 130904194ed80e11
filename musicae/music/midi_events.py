"""The events of a MIDI file, whole or damaged, as arrays: what its bytes say, before anything is made of it.

No library reads what sequencers have written for forty years: SysEx in packets (F7), running status that goes on after
SysEx and meta events, data bytes above 127, headers of any length, tracks that are cut off or longer than they say.
So the events are found here, and fast: of every byte of the file it is computed at once where an event that began
there would end, and then only the chain of those that do begin is followed, eight at a time.

What is damaged is said in `Events.faults`, and everything whole is there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Integer, UInt8

from musicae.errors import MusicaeError

PerEvent = Integer[np.ndarray, " event"]
PerNote = Integer[np.ndarray, " note"]
Buffer = UInt8[np.ndarray, " padded"]
Chunks = Integer[np.ndarray, "track 2"]
PerByte = Integer[np.ndarray, " byte"]
PerByteOrEnd = Integer[np.ndarray, " byte_or_end"]
_Chain = tuple[PerEvent, PerEvent, list[int]]
"""Where events begin, the track of each, and how every track ends, as in `_LEFT`."""

NOTE_OFF, NOTE_ON, KEY_PRESSURE, CONTROL, PROGRAM, SYSEX, META = 0x80, 0x90, 0xA0, 0xB0, 0xC0, 0xF0, 0xFF
TRACK_NAME, END_OF_TRACK, TEMPO, METER, KEY_SIGNATURE = 0x03, 0x2F, 0x51, 0x58, 0x59
SMALLEST_HEADER = 6
LARGEST_DATA = 127
LONGEST_QUANTITY = 4
"""Bytes of a number of seven bits a byte."""
LONGEST_WAIT = 2**28 - 1
"""Ticks between two events; more need an event between them."""
_MACBINARY = 128
"""Bytes of the header that old Macs put before a file's own."""
_HOPS = 3
"""The chain of events is followed 2^3 at a time."""
_MARGIN = 16
"""Zeros after the file, so that every byte has some after it."""


@dataclass(frozen=True, slots=True, eq=False)
class Events:
    """The events of all tracks of a file, one track after the other, as they stand in it.

    Attributes:
        ticks_per_quarter: the unit of `tick`.
        track, tick: of every event, its track, from 0, and its time.
        status: the first byte of every event, with its channel; also where running status omits it.
        first, second: the data bytes of an event of a channel, 0 to 127; of a meta event `first` is its type.
        place: where in `data` its data bytes begin.
        end: the tick at which every track ends.
        faults: what is damaged, in words.
    """

    ticks_per_quarter: int
    track: PerEvent
    tick: PerEvent
    status: PerEvent
    first: PerEvent
    second: PerEvent
    place: PerEvent
    data: bytes
    end: Integer[np.ndarray, " track"]
    faults: tuple[str, ...]

    def of(self, status: int, kind: int = -1) -> PerEvent:
        """The numbers of the events of one status, on any channel, or of the meta events of one type."""
        found = self.status & 0xF0 == status if status < SYSEX else self.status == status
        return np.flatnonzero(found if kind < 0 else found & (self.first == kind))

    @property
    def channel(self) -> PerEvent:
        """Of every event, its channel, from 0; of meta and SysEx events it means nothing."""
        return self.status & 15

    def payload(self, event: int) -> bytes:
        """The bytes of a meta or SysEx event."""
        place = int(self.place[event]) + (int(self.status[event]) == META)
        size = 0
        for byte in self.data[place : place + LONGEST_QUANTITY]:
            place, size = place + 1, size << 7 | byte & 0x7F
            if byte < 0x80:
                break
        return self.data[place : place + size]


def read_events(data: bytes, name: str) -> Events:
    """The events of a MIDI file.

    Args:
        name: what errors call the file.

    Raises:
        MusicaeError: it is not MIDI, or it counts time in seconds (SMPTE), or it has no track.
    """
    data = _unwrapped(data, name)
    header = int.from_bytes(data[4:8])
    division = int.from_bytes(data[12:14])
    if header < SMALLEST_HEADER or len(data) < 8 + SMALLEST_HEADER:
        raise damaged(name, "its header is cut off")
    if division == 0 or division >= 0x8000:
        what = "counts time in seconds (SMPTE)" if division else "has no ticks in a quarter"
        raise MusicaeError(f"{name} {what}", "export it again with ticks per quarter note as the time division")
    chunks, faults = _tracks(data, 8 + header)
    if not chunks:
        raise damaged(name, "it has no track")
    if int.from_bytes(data[8:10]) == 2 and len(chunks) > 1:
        faults.append("its tracks are patterns of their own (format 2), and are read as if they began together")
    stated = int.from_bytes(data[10:12])
    if stated != len(chunks):
        faults.append(f"its header counts {stated} tracks, and there are {len(chunks)}")
    return _parse(data, np.array(chunks), division, faults)


def damaged(name: str, how: str) -> MusicaeError:
    """The error for a file of which nothing can be read, or which has to be whole and is not."""
    return MusicaeError(f"{name} is damaged: {how}", "export or download the file again")


def _unwrapped(data: bytes, name: str) -> bytes:
    """The bytes from the MIDI header on: files stand in RIFF (RMID, MMA RP-029) and MacBinary wrappers, too."""
    if data[:4] == b"MThd":
        return data
    if data[:4] == b"RIFF" and data[8:12] == b"RMID" and (start := data.find(b"MThd")) > 0:
        return data[start:]
    if data[_MACBINARY : _MACBINARY + 4] == b"MThd":
        return data[_MACBINARY:]
    what = "is not a MIDI file" if data else "is empty"
    raise MusicaeError(f"{name} {what}", "give a standard MIDI file (.mid); export it from a sequencer if necessary")


def _tracks(data: bytes, start: int) -> tuple[list[tuple[int, int]], list[str]]:
    """Where the events of every track begin and end, however many the header counts, and what is wrong with that."""
    chunks: list[tuple[int, int]] = []
    faults: list[str] = []
    size = len(data)
    while start + 8 <= size:
        if data[start : start + 4] != b"MTrk" and not _is_chunk(data, start):
            start = data.find(b"MTrk", start)  # what stands between the tracks, or after them, is not music
            if start < 0:
                break
            continue
        first, length = start + 8, int.from_bytes(data[start + 4 : start + 8])
        end = first + length
        if data[start : start + 4] == b"MTrk":
            if not _ends(data, end):
                found = data.find(b"MTrk", first)
                end = size if found < 0 else found
                faults.append(f"track {len(chunks) + 1} of the file is not as long as it says")
            chunks.append((first, end))
        start = end
    return chunks, faults


def _ends(data: bytes, end: int) -> bool:
    """Whether a chunk may end at a place: the file or its track do, or another chunk begins."""
    return end == len(data) or (end < len(data) and (data[end - 3 : end] == b"\xff\x2f\0" or _is_chunk(data, end)))


def _is_chunk(data: bytes, start: int) -> bool:
    tag = data[start : start + 4]
    return (
        len(tag) == 4
        and tag.isascii()
        and tag.isalpha()
        and start + 8 + int.from_bytes(data[start + 4 : start + 8]) <= len(data)
    )


def _parse(data: bytes, chunks: Chunks, division: int, faults: list[str]) -> Events:
    """The events between the bounds of the tracks."""
    buffer = np.frombuffer(data + bytes(_MARGIN), dtype=np.uint8)
    length, following = _following(buffer, chunks)
    place, track, left = _chain(following, chunks)
    raw, status, known = _statuses(buffer, place + length[place], track)
    if ((raw < 0x80) & (status & 0xE0 == PROGRAM)).any():  # such events are one byte shorter than was thought
        place, track, left = _chain_by_hand(buffer, length, following, chunks)
        raw, status, known = _statuses(buffer, place + length[place], track)
    faults += [f"track {number} of the file {_LEFT[how]}" for number, how in enumerate(left, start=1) if how]
    at = place + length[place] + (raw >= 0x80)
    first, second = buffer[at].astype(np.int64), buffer[at + 1].astype(np.int64)
    wrong = (status < SYSEX) & ((first > LARGEST_DATA) | (second > LARGEST_DATA) & (status & 0xE0 != PROGRAM))
    if wrong.any():
        faults.append("a value is above 127")
        first[wrong], second[wrong] = np.minimum(first, LARGEST_DATA)[wrong], np.minimum(second, LARGEST_DATA)[wrong]
    tick, end = _ticks(buffer, place, length[place], track, len(chunks))
    columns = (track, tick, status, first, second, at)
    if not known.all():
        faults.append("an event has no status")
        columns = tuple(column[known] for column in columns)
    return Events(division, *columns, data, end, tuple(faults))


def _following(buffer: Buffer, chunks: Chunks) -> tuple[PerByte, PerByteOrEnd]:
    """Of every byte: how long a number that begins there is, and where the event after the next one begins.

    Where a track ends, the next event is one of `_LEFT` beyond the last byte, which follow themselves.
    """
    size = len(buffer) - _MARGIN
    high = buffer[: size + 2] >= 0x80
    length = high[:size] + np.int64(1)
    more = high[:size] & high[1 : size + 1]
    length += more
    length += more & high[2:]
    status_place = np.arange(size) + length
    status = buffer[status_place]
    following = np.append(status_place + _SIZES[status], size + np.arange(len(_LEFT)))
    limit = np.repeat(np.append(0, chunks[:, 1]), np.diff(chunks[:, 0], prepend=0, append=size))
    special = np.flatnonzero(status >= SYSEX)
    special = special[_HAS_SIZE[status[special]]]
    at = status_place[special] + 1
    meta = status[special] == META
    following[special] = _behind(buffer, at + meta)
    late = np.flatnonzero(following[:size] >= limit)
    following[late] = size + np.where(following[late] > limit[late], _CUT, _OPEN)
    following[special[meta & (buffer[at] == END_OF_TRACK)]] = size + _ENDED
    return length, following


def _behind(buffer: Buffer, at: PerEvent) -> PerEvent:
    """Where the bytes end whose number stands at some places, before them."""
    value, going = np.zeros(len(at), dtype=np.int64), np.ones(len(at), dtype=bool)
    for _ in range(LONGEST_QUANTITY):
        byte = buffer[at]
        value = np.where(going, value << 7 | byte & 0x7F, value)
        at = at + going
        going &= byte >= 0x80
    return at + value


def _chain(following: PerByteOrEnd, chunks: Chunks) -> _Chain:
    """Where the whole events of all tracks begin."""
    size = len(following) - len(_LEFT)
    hops = [following]
    for _ in range(_HOPS):
        hops.append(hops[-1][hops[-1]])
    far = memoryview(hops[-1].data)
    found: list[int] = []
    counts, left = [], []
    for place, end in chunks.tolist():
        before = len(found)
        at = place if place < end else size + _OPEN
        while at < size:
            found.append(at)
            at = far[at]
        counts.append(len(found) - before)
        left.append(at - size)
    places = np.array(found, dtype=np.int64)
    for hop in hops[-2::-1]:
        places = np.stack([places, hop[places]], axis=1).ravel()
    track = np.repeat(np.arange(len(chunks)), np.array(counts) << _HOPS)
    whole = following[places] != size + _CUT
    whole &= places < size
    return places[whole], track[whole], left


def _chain_by_hand(
    buffer: Buffer,
    length: PerByte,
    following: PerByteOrEnd,
    chunks: Chunks,
) -> _Chain:
    """The same, one by one, where running status stands for events of a single data byte: no table knows that."""
    size = len(length)
    places, tracks, left = [], [], []
    for track, (place, end) in enumerate(chunks.tolist()):
        status = 0
        at = place if place < end else size + _OPEN
        while at < size:
            status_place = at + int(length[at])
            raw = int(buffer[status_place])
            status = raw if 0x80 <= raw < SYSEX else status
            after = int(following[at])
            if raw < 0x80 and status & 0xE0 == PROGRAM:
                after = status_place + 1
                after = after if after < end else size + (_OPEN if after == end else _CUT)
            if after != size + _CUT:
                places.append(at)
                tracks.append(track)
            at = after
        left.append(at - size)
    return np.array(places, dtype=np.int64), np.array(tracks, dtype=np.int64), left


def _statuses(
    buffer: Buffer, place: PerEvent, track: PerEvent
) -> tuple[PerEvent, PerEvent, Bool[np.ndarray, " event"]]:
    """The byte at the place of every event's status, its status, and whether it has one.

    Running status is that of the last event of a channel in the track, whatever stands between.
    """
    raw = buffer[place].astype(np.int64)
    running = raw < 0x80
    if not running.any():
        return raw, raw, ~running
    says = ~running & (raw < SYSEX)
    last = np.maximum.accumulate(np.where(says, np.arange(len(raw)), -1))
    known = ~running | (last >= 0) & (track[last] == track)
    return raw, np.where(running, raw[last], raw), known


def _ticks(
    buffer: Buffer, place: PerEvent, length: PerEvent, track: PerEvent, tracks: int
) -> tuple[PerEvent, Integer[np.ndarray, " track"]]:
    """The tick of every event, and of the last event of every track."""
    delta = (buffer[place] & 0x7F).astype(np.int64)
    for size in range(1, LONGEST_QUANTITY):
        longer = np.flatnonzero(length > size)
        if not len(longer):
            break
        delta[longer] = delta[longer] << 7 | buffer[place[longer] + size] & 0x7F
    total = np.append(0, np.cumsum(delta))
    begin = np.searchsorted(track, np.arange(tracks + 1))
    before = total[begin]
    return total[1:] - before[track], before[1:] - before[:-1]


_SIZES = np.full(256, 1, dtype=np.int64)
"""How many bytes an event takes from its status on, or from its first data byte on where that is omitted."""
_SIZES[:SYSEX] = 3
_SIZES[:NOTE_OFF] = 2
_SIZES[PROGRAM:0xE0] = 2
_SIZES[[0xF1, 0xF2, 0xF3]] = 2, 3, 2
_HAS_SIZE = np.zeros(256, dtype=bool)
_HAS_SIZE[[SYSEX, 0xF7, META]] = True

_ENDED, _OPEN, _CUT = range(3)
_LEFT = ("", "has no end", "is cut off")
"""How a track may end: with the event that says so, without it, or in the middle of an event."""
