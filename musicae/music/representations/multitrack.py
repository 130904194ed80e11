"""Multitrack bars: up to eight instruments, each a row of events (Simon et al. 2018, arXiv:1806.00195).

Vocabulary (490), as Magenta's: 0 to 127 note-on, 128 to 255 note-off, 256 to 351 time shifts of 1 to 96 steps (24 a
quarter), 352 to 359 velocity bins, 360 to 487 programs, 488 drums, 489 end. A track is its program, then events, then
an end; tracks stand in order of their programs, drums last, and the rest of the eight rows hold an end alone.

A bar of a piano that plays C for two quarters, then D, at velocity 80, over a kick, an event a step, has the rows

    360 356 60 303 188 62 303 190 489    program, velocity, C on, 48 steps, C off, D on, 48 steps, D off, end
    488 356 36 279 164 489               drums, velocity, kick on, 24 steps, kick off, end
    489                                  six times
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Integer

from musicae.errors import MusicaeError
from musicae.music.chord_inference import infer
from musicae.music.chords import NO_CHORD
from musicae.music.meter import COMMON_TIME, TWENTY_FOURTHS, BarGrid, meter_argument
from musicae.music.note_distance import DRUM_KIT
from musicae.music.representations.base import (
    SHIFTS,
    AtMostOne,
    Field,
    FieldTokens,
    Refusal,
    Representation,
    Stream,
    TokenArray,
)
from musicae.music.representations.chord_fields import chord_field, reharmonized
from musicae.music.representations.streams import bar_shape, decoded, list_of_tracks, opening
from musicae.music.representations.time_grid import TICKS_PER_QUARTER, Rows, TimeGrid
from musicae.music.score import Notes, Score, Track, concatenate

TRACKS, EVENTS = 8, 64
"""Rows of a bar, and events of a row, its program and its end included."""

MOST_STEPS = TWENTY_FOURTHS.steps
"""Of a bar, and of a time shift."""
TICKS_PER_EVENT_STEP = TICKS_PER_QUARTER // TWENTY_FOURTHS.steps_per_quarter
VELOCITIES = 8
VELOCITIES_PER_BIN = 128 // VELOCITIES
"""A bin is decoded as its middle: Magenta takes the lowest, and everything comes back softer."""

HIT = TWENTY_FOURTHS.steps_per_quarter // 8
"""Steps that a hit of a drum lasts, whatever a file says: it means nothing, and other lengths unsettle decoders."""

Note = tuple[int, int, int, int]
"""Start, end, pitch and velocity."""

NOTE_ON, NOTE_OFF, TIME_SHIFT, VELOCITY, PROGRAM, DRUMS, END = 0, 128, 256, 352, 360, 488, 489
EVENT_VOCABULARY = 490
_NO_NOTES = Refusal(-1, "no notes", "needs notes in bars that are read")


class Multitrack(Representation):
    """`bars` bars of up to eight tracks: segments are tracks, a step is an event, one field of 490 tokens.

    Bars of data have two tracks at least. All drum tracks are read as one. Of more than eight tracks in a bar the drums
    and those with the most notes are kept. Drums have no note-offs, which make no difference to the ear, where a row
    might be too long with them. A track whose events do not fit has one velocity through the bar, and if that is not
    enough loses its last notes. A note that crosses a bar line ends there. What is decoded joins the tracks of a
    program over the bars, and all drums, which play alone where there is no chord.

    Args:
        meter: of at most four quarters.
        chords: whether every step is conditioned on the chord of its bar (49 classes), inferred from the whole score.

    Raises:
        MusicaeError: the meter's bars are longer.
    """

    name = "multitrack"
    keeps_velocities = True
    program_steps = 1

    def __init__(self, *, bars: int, meter: str = COMMON_TIME, chords: bool = False) -> None:
        self.bars, self.grid = bars, TWENTY_FOURTHS.with_meter(meter)
        if self.grid.steps > MOST_STEPS:
            hint = "choose a shorter meter, or another representation"
            raise MusicaeError(f"a bar of {self.name} has four quarters at most, one of {meter} has more", hint)
        self.arguments = {"bars": bars, "chords": chords, **meter_argument(self.grid)}
        self.shape = bar_shape(
            bars,
            _field(chords),
            conditions=(chord_field(),) if chords else (),
            constraints=(AtMostOne(0, DRUMS, TRACKS),),
            segments=TRACKS,
            steps=EVENTS,
        )

    def encode(self, score: Score) -> TokenArray:
        return opening(score, self)

    def decode(self, tokens: TokenArray) -> Score:
        steps = self.grid.steps
        bars = [[_notes_of(row, steps) for row in bar] for bar in tokens[..., 0].reshape(-1, TRACKS, EVENTS).tolist()]
        for bar, chord in zip(bars, self.chords_of(tokens), strict=False):
            if chord == NO_CHORD:
                bar[:] = [row for row in bar if row[0] == DRUMS]
        return concatenate([_score(bar, self.grid) for bar in bars])

    def silence_from(self, quarters: float) -> FieldTokens:
        """From the next bar line on: where events stand says nothing of time."""
        tokens = np.full((self.shape.segments, EVENTS, 1), -1)
        tokens[math.ceil(quarters / self.grid.quarters) * TRACKS :] = END
        return tokens

    def band(self, programs: Sequence[int]) -> FieldTokens:
        rows = [DRUMS] * (DRUM_KIT in programs)
        rows = sorted(PROGRAM + program for program in programs if program != DRUM_KIT) + rows
        if not 1 <= len(rows) <= TRACKS:
            hint = f"name one instrument at least, and {TRACKS} at most"
            raise MusicaeError(f"{len(rows)} instruments make no band", hint)
        tokens = np.full((self.bars, TRACKS, EVENTS, 1), -1)
        tokens[:, : len(rows), 0, 0] = rows
        tokens[:, len(rows) :] = END
        return tokens.reshape(-1, EVENTS, 1)

    def streams(
        self, score: Score, asked: int | None = None, *, partial: bool = False
    ) -> tuple[list[Stream], list[Refusal]]:
        grid = TimeGrid(score, self.grid)
        parts = _parts(score, grid)
        if not parts:
            return [], [*grid.refusals, _NO_NOTES] if score.tracks else grid.refusals
        counts, bars = _counts(parts), grid.bars
        kept = _fullest(counts, parts, asked)
        events, full = _rows(parts, kept, len(bars))
        played = {part.tracks: kept.bar[kept.part == number] for number, part in enumerate(parts)}
        played = {group: where for group, where in played.items() if len(where)}
        tracks = tuple(sorted(track for group in played for track in group))
        stream = Stream(
            tokens=np.stack([events.reshape(-1), *self._conditions(score, grid)], axis=1),
            silent=np.bincount(kept.bar, minlength=len(bars))[None] < 2,
            bars=bars,
            tracks=tracks,
            label=list_of_tracks(score, tracks),
            played=played,
            trimmed={
                "more than 8 tracks": np.bincount(counts.bar, minlength=len(bars)) > TRACKS,
                "more than 64 events": full,
            },
        )
        return [stream], grid.refusals

    def _conditions(self, score: Score, grid: TimeGrid) -> list[Integer[np.ndarray, " time"]]:
        """The columns of the conditions: the chord of every bar, as it is inferred from the whole score."""
        if not self.has_chords:
            return []
        classes = infer(score, grid.ticks(grid.bars), self.grid.ticks(score.ticks_per_quarter))
        return [np.repeat(classes, TRACKS * EVENTS).astype(np.int16)]

    def generate(self, generator: np.random.Generator) -> Score:
        programs = sorted(generator.choice(128, size=generator.integers(1, TRACKS), replace=False).tolist())
        tokens = [PROGRAM + program for program in programs] + [DRUMS][: int(generator.integers(2))]
        steps = self.grid.steps
        bars = [[(token, _random_notes(generator, steps, token)) for token in tokens] for _ in range(self.bars)]
        return concatenate([_score(bar, self.grid) for bar in bars])


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
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

    def within(self, bars: Integer[np.ndarray, " bar"]) -> _Part:
        """The notes of these bars alone, which are counted from 0."""
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


def _parts(score: Score, grid: TimeGrid) -> list[_Part]:
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


def _part(tracks: tuple[int, ...], token: int, groups: list[Notes], grid: TimeGrid) -> _Part:
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
    return _Part(tracks, token, grid.steps_per_bar, start[order], end[order], pitch[order], velocity[order])


@dataclass(frozen=True, slots=True, eq=False)
class _Counts:
    """How many notes start in a bar of a part, wherever some do; in order of the parts, then of the bars."""

    part: Rows
    bar: Rows
    notes: Rows


def _counts(parts: list[_Part]) -> _Counts:
    found = [np.unique(part.start // part.bar_steps, return_counts=True) for part in parts]
    numbers = np.repeat(np.arange(len(parts)), [len(bars) for bars, _ in found])
    return _Counts(numbers, *(np.concatenate(column) for column in zip(*found, strict=True)))


def _fullest(counts: _Counts, parts: list[_Part], asked: int | None) -> _Counts:
    """Which parts every bar keeps: the drums, what is asked for, and those with the most notes."""
    first = np.array([part.token == DRUMS or asked in part.tracks for part in parts])
    worth = counts.notes + first[counts.part] * (counts.notes.max() + 1)
    order = np.lexsort((counts.part, -worth, counts.bar))
    kept = np.zeros(len(order), dtype=bool)
    kept[order] = _places(counts.bar[order]) < TRACKS
    return _Counts(counts.part[kept], counts.bar[kept], counts.notes[kept])


def _places(keys: Rows) -> Rows:
    """The place of everything among those of its key, from 0, in a list that is sorted by keys."""
    first = np.flatnonzero(np.diff(keys, prepend=-1))
    return np.arange(len(keys)) - np.repeat(first, np.diff(np.append(first, len(keys))))


def _notes_of(row: list[int], steps: int) -> tuple[int, list[Note]]:
    """The program token and the notes, in steps of a bar of so many, of a row of events, whatever its events."""
    program, velocity, now = -1, VELOCITIES // 2, 0
    sounding: dict[int, tuple[int, int]] = {}
    notes: list[Note] = []

    def end(pitch: int) -> None:
        start, volume = sounding.pop(pitch)
        if now > start:
            notes.append((start, now, pitch, volume))

    for token in row[: row.index(END)] if END in row else row:
        if token >= PROGRAM:
            program = token if program < 0 else program
        elif token >= VELOCITY:
            velocity = token - VELOCITY
        elif token >= TIME_SHIFT:
            now = min(now + token - TIME_SHIFT + 1, steps)
        elif token % NOTE_OFF in sounding:
            end(token % NOTE_OFF)
        if token < NOTE_OFF and now < steps:
            sounding[token] = (now, velocity * VELOCITIES_PER_BIN + VELOCITIES_PER_BIN // 2 + 1)
    now = steps
    for pitch in list(sounding):
        end(pitch)
    return max(program, PROGRAM), notes


def _rows(
    parts: list[_Part], kept: _Counts, bars: int
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


def _score(rows: list[tuple[int, list[Note]]], grid: BarGrid) -> Score:
    """One bar from program tokens and notes in steps; rows without notes are no tracks, and drums are one."""
    tracks, hits = [], {}
    for token, notes in rows:
        if token == DRUMS:
            notes = [(start, min(end, start + HIT), pitch, v) for start, end, pitch, v in notes]
        ticks = [(start * TICKS_PER_EVENT_STEP, end * TICKS_PER_EVENT_STEP, pitch, v) for start, end, pitch, v in notes]
        if token == DRUMS:
            hits.update({(start, pitch): (start, end, pitch, v) for start, end, pitch, v in ticks})
        elif ticks:
            tracks.append(Track(Notes.of(ticks), token - PROGRAM))
    if hits:
        tracks.append(Track(Notes.of(hits.values()), is_drum=True))
    return decoded(*tracks, bars=1, grid=grid)


def _field(chords: bool) -> Field:
    tokens = np.arange(EVENT_VOCABULARY)
    pitched = tokens < TIME_SHIFT
    moved = [np.where(pitched, tokens + shift, tokens) for shift in SHIFTS]
    table = np.stack([np.where(pitched & (row // 128 != tokens // 128), -1, row) for row in moved])
    return Field(
        name="events",
        vocabulary=EVENT_VOCABULARY,
        features=np.eye(EVENT_VOCABULARY, dtype=np.float32),
        transposition=table,
        onsets=range(NOTE_ON, NOTE_OFF),
        end=END,
        untransposed_marker=DRUMS,
        reharmonization=reharmonized(tokens, pitched) if chords else None,
    )


def _random_notes(generator: np.random.Generator, steps: int, token: int) -> list[Note]:
    """A few notes, so that they fit into a row, none sounding twice at once."""
    rows = []
    for pitch in generator.choice(128, size=generator.integers(1, 9), replace=False).tolist():
        start, end = sorted(generator.choice(steps + 1, size=2, replace=False).tolist())
        end = min(start + HIT, steps) if token == DRUMS else end
        velocity = VELOCITIES_PER_BIN * int(generator.integers(VELOCITIES)) + VELOCITIES_PER_BIN // 2 + 1
        rows.append((start, end, pitch, velocity))
    return rows
