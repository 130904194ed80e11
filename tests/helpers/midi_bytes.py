"""MIDI files as sequencers write them, a byte at a time, and random ones with what they mean."""

from __future__ import annotations

import io
import random
import struct
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import mido  # type: ignore[import-untyped]

from musicae.music.score import Meter, Notes, Score, Tempo, Track

Note = tuple[int, int, int, int]
Entry = TypeVar("Entry")


def quantity(number: int) -> bytes:
    """A number of seven bits a byte."""
    out = [number & 0x7F]
    while number := number >> 7:
        out.append(0x80 | (number & 0x7F))
    return bytes(reversed(out))


def event(delta: int, *data: int) -> bytes:
    """An event with its status."""
    return quantity(delta) + bytes(data)


def meta(delta: int, kind: int, data: bytes = b"") -> bytes:
    """A meta event."""
    return quantity(delta) + bytes([0xFF, kind]) + quantity(len(data)) + data


def sysex(delta: int, *data: int) -> bytes:
    """A SysEx in one piece, without its first and last byte."""
    return quantity(delta) + b"\xf0" + quantity(len(data) + 1) + bytes(data) + b"\xf7"


def tempo(delta: int, microseconds: int) -> bytes:
    """A tempo in microseconds a quarter."""
    return meta(delta, 0x51, microseconds.to_bytes(3))


def meter(delta: int, top: int, power: int) -> bytes:
    """A time signature over two to the power."""
    return meta(delta, 0x58, bytes([top, power, 24, 8]))


def chunk(data: bytes, *, end: bytes = b"\0\xff\x2f\0", length: int | None = None) -> bytes:
    """A track, whose length may be said wrong."""
    size = len(data) + len(end) if length is None else length
    return b"MTrk" + struct.pack(">I", size) + data + end


def header(tracks: int, ticks_per_quarter: int = 480, *, more: bytes = b"") -> bytes:
    """A header, which may be longer than it has to be."""
    return b"MThd" + struct.pack(">IHHH", 6 + len(more), tracks > 1, tracks, ticks_per_quarter) + more


def smf(*tracks: bytes, ticks_per_quarter: int = 480) -> bytes:
    """A file of tracks that are whole."""
    return header(len(tracks), ticks_per_quarter) + b"".join(map(chunk, tracks))


def tune(pitches: list[int], channel: int = 0, *, length: int = 240, step: int = 240, first: int = 0) -> bytes:
    """One note after the other."""
    out, wait = b"", first
    for pitch in pitches:
        out += event(wait, 0x90 | channel, pitch, 90) + event(length, 0x80 | channel, pitch, 0)
        wait = step - length
    return out


DRUMS = -1
"""The program of notes on channel 10."""


def heard(data: bytes) -> set[tuple[int, int, int]]:
    """The tick, pitch and program of every note that a synthesizer plays, which knows channels, and no tracks."""
    programs: dict[int, int] = defaultdict(int)
    tick, found = 0, set()
    for message in mido.merge_tracks(mido.MidiFile(file=io.BytesIO(data)).tracks):
        tick += message.time
        if message.type == "program_change":
            programs[message.channel] = message.program
        elif message.type == "note_on" and message.velocity:
            found.add((tick, message.note, DRUMS if message.channel == 9 else programs[message.channel]))
    return found


EIGHTHS = [60, 62, 64, 65, 67, 69, 71, 72, 72, 71, 69, 67, 65, 64, 62, 60]
"""Two bars of eighths."""
BEAT = [36, 42, 38, 42, 36, 42, 38, 46]
"""One bar of eighths."""


@dataclass
class _Track:
    """Events as (tick, order among those of the tick, bytes without delta); channel events have their status."""

    events: list[tuple[int, float, bytes]] = field(default_factory=list)
    end: int = 0

    def add(self, tick: int, order: float, *data: int) -> None:
        self.events.append((tick, order, bytes(data)))
        self.end = max(self.end, tick)


class RandomFile:
    """A random valid file: its bytes, and the score that they mean.

    Notes of one pitch never overlap; some lose their note-off, have it or the note-on twice, or have no length. Status
    bytes are left away at random, also behind SysEx and meta events; there are SysEx events in one piece, in packets
    and escaped, controllers, programs in any track, tempi and meters that disagree.

    Attributes:
        data: the bytes.
        score: what they mean.
    """

    def __init__(self, seed: int, *, slips: bool = True) -> None:
        r = self._r = random.Random(seed)
        self._quarter = r.choice((24, 48, 96, 120, 480, 960))
        self._moment = self._quarter // 8
        self._tracks = [_Track() for _ in range(r.choice((1, 1, 2, 3, 4)))]
        self._late = r.random() < 0.25  # note-ons stand before the note-offs of their tick
        self._slips = slips
        self._programs: list[tuple[int, int, int, int]] = []
        self._struck: list[tuple[int, int, str, Note]] = []
        self._wild = r.random() < 0.7  # else there is nothing but notes, and programs beside them
        for index, channel in enumerate(r.sample(range(16), len(self._tracks) + r.randrange(3))):
            self._change_programs(channel, index % len(self._tracks))
            for pitch in r.sample(range(128), r.randrange(1, 5)):
                self._line(index % len(self._tracks), channel, pitch)
        tempi, meters = self._say(0x51, self._tempo), self._say(0x58, self._meter)
        for track in self._tracks:
            if self._wild:
                self._noise(track)
            track.end += r.choice((0, 1, self._quarter * 4))
        self.score = self._meaning(tempi, meters)
        more = b"\0\1" if r.random() < 0.1 else b""
        self.data = header(len(self._tracks), self._quarter, more=more) + b"".join(map(self._chunk, self._tracks))

    def _change_programs(self, channel: int, index: int) -> None:
        for _ in range(self._r.choice((0, 1, 1, 2, 3))):
            track = self._r.randrange(len(self._tracks)) if self._wild else index
            tick = self._r.choice((0, 0, self._r.randrange(1000)))
            program = self._r.randrange(128)
            self._tracks[track].add(tick, 1, 0xC0 | channel, program)
            self._programs.append((tick, track, channel, program))

    def _line(self, index: int, channel: int, pitch: int) -> None:
        """Notes of one pitch."""
        r, track, bar = self._r, self._tracks[index], 4 * self._quarter
        tick, spans = r.randrange(bar), []
        for _ in range(r.randrange(1, 12)):
            spans.append((tick, r.choice((1, 2, self._moment + 1, self._quarter, r.randrange(1, bar)))))
            tick += spans[-1][1] + (0 if r.random() < 0.3 else r.choice((1, self._moment, r.randrange(1, 2 * bar))))
        following = [start for start, _ in spans[1:]] + [-1]
        before = ""
        for (start, length), after in zip(spans, following, strict=True):
            slip = before = r.choice(self._possible(before))
            velocity, end = r.randrange(1, 128), start + length
            for _ in range(1 + (slip == "struck twice")):
                track.add(start, 2 if self._late else 3, 0x90 | channel, pitch, velocity)
            ends = {"lost": [], "empty": [start], "twice": [end, self._again(end, length, after)]}.get(slip, [end])
            for one in ends:
                note_off = r.choice(((0x80, r.randrange(128)), (0x90, 0)))
                track.add(one, 3.5 if slip == "empty" else 2.5, note_off[0] | channel, pitch, note_off[1])
            self._struck.append((index, channel, slip, (start, after if slip == "lost" else end, pitch, velocity)))

    def _possible(self, before: str) -> tuple[str, ...]:
        """What may be wrong with a note, behind another one."""
        if self._late or not self._slips:
            return ("",)
        # Where a lost note-off is followed by one that comes twice, it may be the lost one.
        return ("", "", "", "lost", "empty", "struck twice", "" if before == "lost" else "twice")

    def _again(self, end: int, length: int, after: int) -> int:
        """When a note-off comes for the second time."""
        later = end + self._r.randrange(max(self._moment, 1))
        return later if length >= self._moment and not end <= after <= later else end

    def _tempo(self) -> tuple[bytes, float]:
        microseconds = self._r.randrange(1, 2**24)
        return microseconds.to_bytes(3), 60e6 / microseconds

    def _meter(self) -> tuple[bytes, tuple[int, int]]:
        top, power = self._r.randrange(1, 20), self._r.randrange(6)
        return bytes([top, power, 24, 8]), (top, 2**power)

    def _say(self, kind: int, one: Callable[[], tuple[bytes, Entry]]) -> dict[int, Entry]:
        """Meta events in any track; what holds at every tick."""
        said: dict[int, Entry] = {}
        for track in self._tracks:
            for tick in self._r.sample((0, 1, 480, 500, 960, 1920), self._r.choice((0, 0, 1, 3))):
                data, value = one()
                track.add(tick, 0, 0xFF, kind, len(data), *data)
                said.setdefault(tick, value)
        return dict(sorted(said.items()))

    def _noise(self, track: _Track) -> None:
        r = self._r

        def some(limit: int = 256) -> bytes:
            return bytes(r.randrange(limit) for _ in range(r.choice((0, 1, 5, 200))))

        def channel(status: int, size: int) -> bytes:
            return bytes([status | r.randrange(16), *(r.randrange(1, 120) for _ in range(size))])

        for _ in range(r.randrange(12)):
            tick, order = r.randrange(track.end + 1), r.choice((0, 1.5, 2.2, 2.7, 3.2, 4))
            packets = [
                b"\xf0" + _sized(b"\x7d" + some(128)),
                b"\xf7" + _sized(some(128)),
                b"\xf7" + _sized(some(128) + b"\xf7"),
            ]
            for data in r.choice(
                (
                    [channel(r.choice((0xA0, 0xB0, 0xE0)), 2)],
                    [channel(0xD0, 1)],
                    [bytes([0xFF, r.choice((1, 5, 6, 0x7F))]) + _sized(some())],
                    [b"\xf0" + _sized(b"\x7d" + some(128) + b"\xf7")],
                    [b"\xf7" + _sized(some())],
                    [*packets, b"\xf7" + _sized(some(128) + b"\xf7")],
                )
            ):
                track.add(tick, order, *data)

    def _chunk(self, track: _Track) -> bytes:
        out, now, running = b"", 0, 0
        forgets = self._r.random() < 0.5  # running status behind SysEx and meta events is against the standard
        for tick, _, data in sorted(track.events, key=lambda one: one[:2]):
            known = data[0] == running and self._r.random() < 0.7
            out += quantity(tick - now) + (data[1:] if known else data)
            now = tick
            running = data[0] if data[0] < 0xF0 else 0 if forgets else running
        return chunk(out, end=meta(track.end - now, 0x2F))

    def _program(self, index: int, channel: int, start: int) -> int:
        said = [
            (tick, track == index, track, number, program)
            for number, (tick, track, on, program) in enumerate(self._programs)
            if on == channel and tick <= start
        ]
        return max(said)[-1] if said else 0

    def _meaning(self, tempi: dict[int, float], meters: dict[int, tuple[int, int]]) -> Score:
        bar, shortest = 4 * self._quarter, max(self._moment, 1)
        last: dict[int, int] = defaultdict(int)
        for index, _, _, (start, *_) in self._struck:
            last[index] = max(last[index], start)
        parts: dict[tuple[int, int, int, bool], list[Note]] = defaultdict(list)
        for index, channel, slip, (start, end, pitch, velocity) in self._struck:
            drum, notes = channel == 9, parts[index, channel, self._program(index, channel, start), channel == 9]
            if slip == "empty":
                end = start + drum
            elif slip == "lost":
                end = self._tracks[index].end if end < 0 else end
                limit = shortest if drum else bar if last[index] >= start + bar else end - start
                end = min(end, start + limit) if end > start else start + shortest
            if end > start:
                notes.append((start, end, pitch, velocity))
        tracks = tuple(Track(Notes.of(parts[key]), key[2], key[3]) for key in sorted(parts))
        ends = [end for notes in parts.values() for _, end, _, _ in notes]
        return Score(
            self._quarter,
            tracks,
            max(ends, default=0),
            tuple(Tempo(tick, value) for tick, value in _changes(120.0, tempi)),
            tuple(Meter(tick, *value) for tick, value in _changes((4, 4), meters)),
        )


def _sized(data: bytes) -> bytes:
    return quantity(len(data)) + data


def _changes(default: Entry, said: dict[int, Entry]) -> list[tuple[int, Entry]]:
    found = [(0, default)]
    for tick, value in said.items():
        if tick == 0:
            found = [(0, value)]
        elif value != found[-1][1]:
            found.append((tick, value))
    return found
