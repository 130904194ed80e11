"""MIDI files with other notes in some of their tracks: whatever else a file holds stays as it is, event by event.

Controllers, bends, programs, tempi, lyrics, markers, keys and SysEx keep their ticks and their order. Where notes of a
track of the file are changed, all notes on the same channel of it are written anew, as they were read: at one tick the
ends first, then whatever else is there, then the starts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter

from musicae.music.careful_midi import Home, score_of
from musicae.music.channels import DRUM_CHANNEL
from musicae.music.midi_events import (
    END_OF_TRACK,
    LONGEST_WAIT,
    META,
    NOTE_OFF,
    NOTE_ON,
    PROGRAM,
    SYSEX,
    TRACK_NAME,
    Events,
    read_events,
)
from musicae.music.score import Notes, Score, Track

TEXT = 0x01
_ESCAPE = 0xF7
"""The other status of a SysEx event."""

RELEASE = 64
"""How fast keys are let go: what keyboards send that do not measure it."""

FIRST, _ENDS, _OTHERS, _STARTS = range(4)
"""The order of events at one tick."""

EventRow = tuple[int, int, bytes]
"""An event of a track: its tick, its place at that tick, and its bytes."""


@dataclass(frozen=True, eq=False)
class EditableMidi:
    """A MIDI file whose notes may be replaced.

    Attributes:
        score: what it is read as.
        homes: of every track of the score, where in the file its notes are.
    """

    events: Events
    score: Score
    homes: tuple[Home, ...]

    @classmethod
    def open(cls, data: bytes, name: str = "MIDI data", drums: Sequence[str] = ()) -> EditableMidi:
        """The file in some bytes.

        Args:
            name: what errors call it.
            drums: as for `read_midi`.

        Raises:
            MusicaeError: as `read_midi`.
        """
        events = read_events(data, name)
        score, homes = score_of(events, name)
        return cls(events, score.with_drums(drums) if drums else score, homes)

    @property
    def free_channels(self) -> list[int]:
        """The channels that nothing is said of, without that of the drums."""
        used = {int(status) & 15 for status in self.events.status if status < SYSEX}
        return [channel for channel in range(16) if channel not in used | {DRUM_CHANNEL}]

    def with_notes(self, notes: Mapping[int, Notes], added: Sequence[Track] = (), text: str = "") -> bytes:
        """The file with other notes.

        Args:
            notes: by the numbers of the score's tracks, all notes of those that are changed.
            added: further tracks; pitched ones take the free channels, of which there are enough.
            text: stands at the start of the file as a text event, if there is any.
        """
        rows = self.rows(notes)
        if text:
            rows[0].append((0, FIRST, meta_event(TEXT, text.encode())))
        free = iter(self.free_channels)
        rows += [_track_rows(track, DRUM_CHANNEL if track.is_drum else next(free)) for track in added]
        return self.with_rows(rows)

    def rows(self, notes: Mapping[int, Notes]) -> list[list[EventRow]]:
        """The events of all tracks of the file but their ends, with other notes, as of `with_notes`."""
        changed = {self.homes[number] for number in notes}
        tracks = tuple(replace(one, notes=notes.get(i, one.notes)) for i, one in enumerate(self.score.tracks))
        rows: list[list[EventRow]] = [[] for _ in self.events.end]
        for number, row in self._kept(changed):
            rows[number].append(row)
        for home, track in zip(self.homes, tracks, strict=True):
            if home in changed:
                rows[home.track] += note_rows(track.notes, home.channel)
        return rows

    def with_rows(self, rows: Sequence[Sequence[EventRow]]) -> bytes:
        """The file with other events in its tracks, and with further tracks behind them."""
        ends = [*self.events.end.tolist(), *[0] * (len(rows) - len(self.events.end))]
        kind = int.from_bytes(self.events.data[8:10])
        return midi_file(list(zip(rows, ends, strict=True)), self.events.ticks_per_quarter, kind)

    def _kept(self, changed: set[Home]) -> Iterable[tuple[int, EventRow]]:
        """All events but the notes of some homes and the ends of tracks, each with its track."""
        events = self.events
        columns = (events.track, events.tick, events.status, events.first, events.second)
        for number, (track, tick, status, first, second) in enumerate(
            zip(*(column.tolist() for column in columns), strict=True)
        ):
            is_note = status & 0xE0 == NOTE_OFF  # note-offs (0x80) and note-ons (0x90)
            if is_note and Home(track, status & 15) in changed:
                continue
            if status < SYSEX:
                data = bytes([status, first] if status & 0xE0 == PROGRAM else [status, first, second])
            elif status == META and first != END_OF_TRACK:
                data = meta_event(first, events.payload(number))
            elif status in (SYSEX, _ESCAPE):
                payload = events.payload(number)
                data = bytes([status]) + _quantity(len(payload)) + payload
            else:
                continue
            yield track, (tick, _OTHERS, data)


def midi_file(tracks: Sequence[tuple[Sequence[EventRow], int]], ticks_per_quarter: int, kind: int = 0) -> bytes:
    """A MIDI file of tracks, each with its events in any order and the tick at which it ends.

    Args:
        kind: how its tracks belong together, as the standard numbers it; several ones are no 0.
    """
    numbers = ((6, 4), (max(kind, int(len(tracks) > 1)), 2), (len(tracks), 2), (ticks_per_quarter, 2))
    header = b"MThd" + b"".join(number.to_bytes(size) for number, size in numbers)
    return header + b"".join(_chunk(rows, end) for rows, end in tracks)


def note_rows(notes: Notes, channel: int) -> list[EventRow]:
    """The events of notes on a channel, from 0."""
    found: list[EventRow] = []
    for start, end, pitch, velocity in notes.rows():
        found.append((start, _STARTS, bytes([NOTE_ON | channel, pitch, velocity])))
        found.append((end, _ENDS, bytes([NOTE_OFF | channel, pitch, RELEASE])))
    return found


def _track_rows(track: Track, channel: int) -> list[EventRow]:
    """A track that was not there before, with its name and its program."""
    head: list[EventRow] = [(0, FIRST, meta_event(TRACK_NAME, track.name.encode()))] if track.name else []
    program: list[EventRow] = [] if track.is_drum else [(0, FIRST, bytes([PROGRAM | channel, track.program]))]
    return head + program + note_rows(track.notes, channel)


def _chunk(rows: Sequence[EventRow], end: int) -> bytes:
    """A track of a file; rows at one tick and place stay in their order."""
    parts, now = [], 0
    for tick, _, data in sorted(rows, key=itemgetter(0, 1)):
        parts += [_wait(tick - now), data]
        now = tick
    parts += [_wait(max(end - now, 0)), bytes([META, END_OF_TRACK, 0])]
    body = b"".join(parts)
    return b"MTrk" + len(body).to_bytes(4) + body


def _wait(ticks: int) -> bytes:
    """A delta time, and empty texts in between where it is too long."""
    whole, rest = divmod(ticks, LONGEST_WAIT)
    return (_quantity(LONGEST_WAIT) + meta_event(TEXT, b"")) * whole + _quantity(rest)


def meta_event(kind: int, data: bytes) -> bytes:
    """The bytes of a meta event."""
    return bytes([META, kind]) + _quantity(len(data)) + data


def _quantity(number: int) -> bytes:
    """A number of seven bits a byte."""
    found = [number & 0x7F]
    while number := number >> 7:
        found.append(0x80 | number & 0x7F)
    return bytes(reversed(found))
