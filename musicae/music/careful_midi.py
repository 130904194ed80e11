"""Any MIDI file to a score, however it was written: events, then notes, programs, tempi and meters.

What a musician would do, where the standard leaves it open or a file breaks it:

- Notes are paired as `note_pairing` says. A note without note-off sounds until it is struck again, or to the end of
  its track; where the music goes on, four quarters at most, as it would be in the way of other chords.
- A pitched note without length is none, a ghost of quantization; a hit of a drum without length, or without note-off,
  is a hit: of the first it has a tick, of the second a 32nd at most.
- Programs, and what is drums, belong to channels: see `channels`.
- Of tempi, or meters, that tracks say at one tick that of the first track holds: the standard has the map there. Within
  a track it is the last. Such events of the wrong size, and impossible values, are left out.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple, TypeVar

import numpy as np
from jaxtyping import Bool

from musicae.music.channels import drums_at, programs_at
from musicae.music.meter import SIXTEENTHS
from musicae.music.midi_events import (
    META,
    METER,
    NOTE_OFF,
    NOTE_ON,
    TEMPO,
    TRACK_NAME,
    Events,
    PerEvent,
    PerNote,
    damaged,
    read_events,
)
from musicae.music.note_pairing import PairedNotes, pair
from musicae.music.score import Meter, Notes, Score, Tempo, Track

Entry = TypeVar("Entry")

TEMPO_SIZE, METER_SIZE = 3, 4
HIGHEST_METER_POWER = 7
"""A meter's lower number is a power of two, up to 128."""


class Home(NamedTuple):
    """Where in a file notes are: in which of its tracks, and on which channel, both from 0."""

    track: int
    channel: int


def read_carefully(data: bytes, name: str) -> Score:
    """The score of a MIDI file, of which everything whole is read; `Score.faults` says what is not.

    Args:
        name: what errors call the file.

    Raises:
        MusicaeError: it is not MIDI, or counts time in seconds (SMPTE), or is so damaged that no note is whole.
    """
    return score_of(read_events(data, name), name)[0]


def score_of(events: Events, name: str) -> tuple[Score, tuple[Home, ...]]:
    """The score that events make, and where in the file the notes of every track of it are; else as above."""
    faults = list(events.faults)
    found = _tracks(events)
    tracks = tuple(track for _, track in found)
    if events.faults and not any(len(track.notes) for track in tracks):
        raise damaged(name, events.faults[0])
    tempi, meters = tempo_map(_tempi(events, faults)), meter_map(_meters(events, faults))
    end = max((int(track.notes.end.max()) for track in tracks if len(track.notes)), default=0)
    score = Score(events.ticks_per_quarter, tracks, end, tempi, meters, tuple(faults))
    return score, tuple(home for home, _ in found)


def tempo_map(found: dict[int, float]) -> tuple[Tempo, ...]:
    """The tempi at some ticks, each said once; 120 quarters a minute before the first."""
    return tuple(Tempo(tick, tempo) for tick, tempo in _changes({0: 120.0} | dict(sorted(found.items()))))


def meter_map(found: dict[int, tuple[int, int]]) -> tuple[Meter, ...]:
    """The meters at some ticks, each said once; 4/4 before the first."""
    return tuple(Meter(tick, *fraction) for tick, fraction in _changes({0: (4, 4)} | dict(sorted(found.items()))))


def _changes(found: dict[int, Entry]) -> list[tuple[int, Entry]]:
    """The entries of an ordered dict that differ from the one before."""
    rows = list(found.items())
    return rows[:1] + [after for before, after in itertools.pairwise(rows) if after[1] != before[1]]


def moment_of(ticks_per_quarter: int) -> int:
    """The ticks of a 32nd, one at least: slips of hands and sequencers are shorter."""
    return max(ticks_per_quarter // 8, 1)


def _tracks(events: Events) -> list[tuple[Home, Track]]:
    """A track for every program of every channel of every track of the file, in this order, that strikes a note."""
    number = np.flatnonzero(events.status & 0xE0 == NOTE_OFF)  # note-offs (0x80) and note-ons (0x90)
    track, tick, channel = events.track[number], events.tick[number], events.channel[number]
    key = (track << 4 | channel) << 7 | events.first[number]
    velocity = np.where(events.status[number] >= NOTE_ON, events.second[number], 0)
    moment = moment_of(events.ticks_per_quarter)
    pairs = pair(key, tick, velocity, events.end[track], moment)
    note = number[pairs.note_on]
    is_drum, program = drums_at(events, note), programs_at(events, note)
    start, end = events.tick[note], _ends(events, pairs, note, is_drum)
    notes = Notes(start, end, events.first[note], pairs.velocity)
    keep = start < end
    names = dict(_names(events))
    part = ((key[pairs.note_on] >> 7) << 7 | program) << 1 | is_drum
    order = _order(part, notes)
    part, notes, keep = part[order], notes[order], keep[order]
    found = []
    for first, behind in itertools.pairwise([*np.flatnonzero(np.diff(part, prepend=-1)).tolist(), len(part)]):
        one, whole = int(part[first]), notes[first:behind]
        whole = whole if keep[first:behind].all() else whole[keep[first:behind]]
        played = Track(whole, one >> 1 & 127, bool(one & 1), names.get(one >> 12, ""))
        found.append((Home(one >> 12, one >> 8 & 15), played))
    return found


def _order(part: PerEvent, notes: Notes) -> PerEvent:
    """By part, start and pitch."""
    bits = int(notes.start.max(initial=0)).bit_length()
    if bits + int(part.max(initial=0)).bit_length() > 56:
        return np.lexsort((notes.pitch, notes.start, part))
    return np.argsort((part << bits | notes.start) << 7 | notes.pitch)  # one sort is faster than three


def _ends(events: Events, pairs: PairedNotes, note: PerNote, is_drum: Bool[np.ndarray, " note"]) -> PerNote:
    """Where notes end: those without note-off not too late, and hits, which need no length, not where they start."""
    moment, bar = moment_of(events.ticks_per_quarter), SIXTEENTHS.ticks(events.ticks_per_quarter)
    start, track = events.tick[note], events.track[note]
    last = np.zeros(len(events.end), dtype=np.int64)
    np.maximum.at(last, track, start)
    longest = np.where(is_drum, moment, np.where(last[track] >= start + bar, bar, np.iinfo(np.int32).max))
    end = np.where(pairs.ended, pairs.end, np.minimum(pairs.end, start + longest))
    return np.where(end > start, end, np.where(pairs.ended, start + is_drum, start + moment))


def _names(events: Events) -> Iterator[tuple[int, str]]:
    for event in events.of(META, TRACK_NAME).tolist():
        text = events.payload(event)
        try:
            name = text.decode()
        except UnicodeDecodeError:
            name = text.decode("latin-1")
        yield int(events.track[event]), name.strip()


def _tempi(events: Events, faults: list[str]) -> dict[int, float]:
    rows = []
    for event in events.of(META, TEMPO).tolist():
        microseconds = events.payload(event)
        if len(microseconds) != TEMPO_SIZE:
            faults.append("a tempo has the wrong size")
        elif any(microseconds):
            rows.append((event, 60e6 / int.from_bytes(microseconds)))
    return _first_track_wins(events, rows)


def _meters(events: Events, faults: list[str]) -> dict[int, tuple[int, int]]:
    rows = []
    for event in events.of(META, METER).tolist():
        values = events.payload(event)
        if len(values) != METER_SIZE:
            faults.append("a meter has the wrong size")
        elif values[0] and values[1] <= HIGHEST_METER_POWER:
            rows.append((event, (values[0], 2 ** values[1])))
    return _first_track_wins(events, rows)


def _first_track_wins(events: Events, rows: list[tuple[int, Entry]]) -> dict[int, Entry]:
    """What holds from a tick on: of several tracks, what the first says; in a track, what it says last."""
    found: dict[int, tuple[int, Entry]] = {}
    for event, value in rows:
        tick, track = int(events.tick[event]), int(events.track[event])
        if found.get(tick, (track, value))[0] == track:
            found[tick] = track, value
    return {tick: value for tick, (_, value) in found.items()}
