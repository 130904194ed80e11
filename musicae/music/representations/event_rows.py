"""The rows of multitrack bars: which instruments every bar keeps, and their notes as events.

A track whose events do not fit into a row has one velocity through the bar, and if that is not enough loses its last
notes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Integer

from musicae.music.meter import TWENTY_FOURTHS
from musicae.music.representations.time_grid import Rows, TimeGrid
from musicae.music.score import Notes, Score

TRACKS, EVENTS = 8, 64
"""Rows of a bar, and events of a row, its program and its end included."""

VELOCITIES = 8
VELOCITIES_PER_BIN = 128 // VELOCITIES
"""A bin is decoded as its middle: Magenta takes the lowest, and everything comes back softer."""

HIT = TWENTY_FOURTHS.steps_per_quarter // 8
"""Steps that a hit of a drum lasts, whatever a file says: it means nothing, and other lengths unsettle decoders."""

NOTE_ON, NOTE_OFF, TIME_SHIFT, VELOCITY, PROGRAM, DRUMS, END = 0, 128, 256, 352, 360, 488, 489
"""The first token of every kind, as `multitrack` says."""


@dataclass(frozen=True, slots=True, eq=False)
class InstrumentNotes:
    """The notes of one row, sorted by start and pitch: `start < end` in steps of the stream, within one bar."""

    tracks: tuple[int, ...]
    token: int
    bar_steps: int
    start: Rows
    end: Rows
    pitch: Rows
    velocity: Rows

    def counts(self, bars: int) -> Integer[np.ndarray, " bar"]:
        """How many notes start in every bar."""
        return np.bincount(self.start // self.bar_steps, minlength=bars)

    def within(self, bars: Integer[np.ndarray, " bar"]) -> InstrumentNotes:
        """Only the notes of these bars, which are counted from 0."""
        bar = self.start // self.bar_steps
        place = np.searchsorted(bars, bar)
        inside = bars[np.minimum(place, len(bars) - 1)] == bar
        moved = ((bar - place) * self.bar_steps)[inside]
        start, end = self.start[inside] - moved, self.end[inside] - moved
        return replace(self, start=start, end=end, pitch=self.pitch[inside], velocity=self.velocity[inside])

    def events(self, bars: int) -> tuple[Integer[np.ndarray, "bar event"], Bool[np.ndarray, " bar"]]:
        """The row of every bar, and where notes at the end of a bar are left out so that the others fit."""
        bar, velocity, keep = self.start // self.bar_steps, self.velocity, np.ones(len(self.start), dtype=bool)
        ended, shortened = keep, np.zeros(bars, dtype=bool)
        room = EVENTS - 1  # the end takes one
        if self.token == DRUMS:
            # An end takes a shift and a note-off at most. Ends that are left out do not count, so that a row that is
            # read again is written again without them.
            size = self._sequence(keep, ~keep, velocity, bars)[2]
            ended = (size + 2 * self.counts(bars) <= room)[bar]
        rows, order, size = self._sequence(keep, ended, velocity, bars)
        if (size > room).any():
            mean = np.bincount(bar, velocity, bars) / np.maximum(self.counts(bars), 1)
            velocity = np.where((size > room)[bar], np.round(mean).astype(int)[bar], velocity)
            rows, order, size = self._sequence(keep, ended, velocity, bars)
        while (size > room).any():
            shortened |= size > room
            last = np.cumsum(np.bincount(bar[keep], minlength=bars))
            drop = np.where(size > room, np.maximum(1, (size - room) // 5), 0)  # a note makes five events at the most
            index = np.flatnonzero(keep)
            keep = keep.copy()
            keep[index[last[bar[index]] - np.arange(len(index)) <= drop[bar[index]]]] = False
            rows, order, size = self._sequence(keep, ended, velocity, bars)
        tokens = np.full((bars, EVENTS), END, dtype=np.int16)
        tokens[rows, np.arange(len(order)) - (np.cumsum(size) - size)[rows]] = order
        return tokens, shortened

    def _sequence(
        self, keep: Bool[np.ndarray, " note"], ended: Bool[np.ndarray, " note"], velocity: Rows, bars: int
    ) -> tuple[Integer[np.ndarray, " event"], Integer[np.ndarray, " event"], Integer[np.ndarray, " bar"]]:
        """The bar and the token of every event, in order, and how many events every bar has.

        Args:
            keep: which notes have events.
            ended: which of them have a note-off; the others sound until they start again, or to the bar line.
        """
        start, end, pitch = self.start[keep], self.end[keep], self.pitch[keep]
        closed = np.flatnonzero(ended[keep])
        note, on = np.concatenate([np.arange(len(start)), closed]), np.arange(len(start) + len(closed)) < len(start)
        bar, step = start[note] // self.bar_steps, np.where(on, start[note], end[note])
        step = step - bar * self.bar_steps
        # Ends come before starts; either are in the order of the notes.
        order = np.lexsort((note, on, step, bar))
        note, on, bar, step = note[order], on[order], bar[order], step[order]
        first = np.diff(bar, prepend=-1) != 0
        shift = step - np.where(first, 0, np.concatenate([[0], step[:-1]])[: len(step)])
        louder = np.zeros(len(note), dtype=bool)
        louder[on] = _changes(velocity[keep][note[on]], bar[on])
        columns = np.column_stack(
            [
                np.where(first, self.token, -1),
                np.where(shift > 0, TIME_SHIFT + shift - 1, -1),
                np.where(louder, VELOCITY + velocity[keep][note], -1),
                np.where(on, NOTE_ON, NOTE_OFF) + pitch[note],
            ]
        )
        needed = columns >= 0
        return np.repeat(bar, 4)[needed.ravel()], columns[needed], np.bincount(bar, needed.sum(1), bars).astype(int)


def _changes(values: Rows, bar: Rows) -> Bool[np.ndarray, " event"]:
    """Where a value differs from the one before it in the same bar; the first of a bar does."""
    return (np.diff(values, prepend=-1) != 0) | (np.diff(bar, prepend=-1) != 0)


def instrument_notes(score: Score, grid: TimeGrid) -> list[InstrumentNotes]:
    """The parts that have notes on the grid, in order of their programs, drums last."""
    pitched = sorted(
        (track.program, index) for index, track in enumerate(score.tracks) if not track.is_drum and len(track.notes)
    )
    drums = tuple(index for index, track in enumerate(score.tracks) if track.is_drum and len(track.notes))
    groups: list[tuple[tuple[int, ...], int]] = [((index,), PROGRAM + program) for program, index in pitched]
    if drums:
        groups.append((drums, DRUMS))
    parts = [_part(tracks, token, [score.tracks[track].notes for track in tracks], grid) for tracks, token in groups]
    return [part for part in parts if len(part.start)]


def _part(tracks: tuple[int, ...], token: int, groups: list[Notes], grid: TimeGrid) -> InstrumentNotes:
    """Notes on the grid, each within its bar, none sounding twice at once: of a pitch's notes the later one wins."""
    places = [grid.place(notes) for notes in groups]
    start, end = (np.concatenate([place[i] for place in places]) for i in (0, 1))
    pitch = np.concatenate([notes.pitch for notes in groups])
    velocity = (np.concatenate([notes.velocity for notes in groups]) - 1) // VELOCITIES_PER_BIN
    if token == DRUMS:
        end = np.where(start < end, start + HIT, end)  # what lies in bars that are not read has no length
    end = np.minimum(end, (start // grid.steps_per_bar + 1) * grid.steps_per_bar)
    order = np.lexsort((velocity, end, start, pitch))
    order = order[start[order] < end[order]]
    start, end, pitch, velocity = start[order], end[order], pitch[order], velocity[order]
    same = np.append(pitch[1:] == pitch[:-1], False)[: len(pitch)]
    following = np.append(start[1:], 0)[: len(start)]
    end = np.where(same, np.minimum(end, following), end)
    order = np.lexsort((pitch, start))
    order = order[start[order] < end[order]]
    return InstrumentNotes(tracks, token, grid.steps_per_bar, start[order], end[order], pitch[order], velocity[order])


@dataclass(frozen=True, slots=True, eq=False)
class NoteCounts:
    """How many notes start in a bar of a part, wherever some do; in order of the parts, then of the bars."""

    part: Rows
    bar: Rows
    notes: Rows


def note_counts(parts: list[InstrumentNotes]) -> NoteCounts:
    found = [np.unique(part.start // part.bar_steps, return_counts=True) for part in parts]
    numbers = np.repeat(np.arange(len(parts)), [len(bars) for bars, _ in found])
    return NoteCounts(numbers, *(np.concatenate(column) for column in zip(*found, strict=True)))


def fullest(counts: NoteCounts, parts: list[InstrumentNotes], asked: int | None) -> NoteCounts:
    """Which parts every bar keeps: the drums, what is asked for, and those with the most notes."""
    first = np.array([part.token == DRUMS or asked in part.tracks for part in parts])
    worth = counts.notes + first[counts.part] * (counts.notes.max() + 1)
    order = np.lexsort((counts.part, -worth, counts.bar))
    kept = np.zeros(len(order), dtype=bool)
    kept[order] = _places(counts.bar[order]) < TRACKS
    return NoteCounts(counts.part[kept], counts.bar[kept], counts.notes[kept])


def _places(keys: Rows) -> Rows:
    """The place of everything among those of its key, from 0, in a list that is sorted by keys."""
    first = np.flatnonzero(np.diff(keys, prepend=-1))
    return np.arange(len(keys)) - np.repeat(first, np.diff(np.append(first, len(keys))))


def event_rows(
    parts: list[InstrumentNotes], kept: NoteCounts, bars: int
) -> tuple[Integer[np.ndarray, "bar track event"], Bool[np.ndarray, " bar"]]:
    """The rows of the parts that every bar keeps, in order, and in which bars one of them lost notes."""
    tokens = np.full((bars, TRACKS, EVENTS), END, dtype=np.int16)
    full = np.zeros(bars, dtype=bool)
    order = np.argsort(kept.bar, kind="stable")
    row = np.zeros(len(order), dtype=np.int64)
    row[order] = _places(kept.bar[order])
    edges = np.searchsorted(kept.part, np.arange(len(parts) + 1))
    for part, first, last in zip(parts, edges[:-1], edges[1:], strict=True):
        where = kept.bar[first:last]
        if len(where):
            tokens[where, row[first:last]], shortened = part.within(where).events(len(where))
            full[where] |= shortened
    return tokens, full
