"""Melodies: one note at a time on a grid of sixteenths.

Vocabulary (90), as Magenta's MusicVAE: 0 hold (or go on resting), 1 note-off, 2 to 89 onset of MIDI pitch 21 to 108.
A note-off stands at the first silent step; an onset ends the note before it. Roberts et al. 2018, arXiv:1803.05428.
Not for polyphony: of a chord only the highest note is kept.

A bar of four quarters, C (a quarter), D (a quarter), a rest, C (a quarter), one token a sixteenth:

    41 0 0 0  43 0 0 0  1 0 0 0  41 0 0 0
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from itertools import compress

import numpy as np
from jaxtyping import Integer

from musicae.music.meter import COMMON_TIME, SIXTEENTHS, meter_argument
from musicae.music.representations.base import (
    SHIFTS,
    Field,
    NoLeading,
    Refusal,
    Representation,
    Stream,
    TokenArray,
)
from musicae.music.representations.streams import Line, bar_shape, decoded, opening, stream
from musicae.music.representations.time_grid import TICKS_PER_STEP, VELOCITY, Spans, TimeGrid, skyline
from musicae.music.score import Notes, Score, Track

HOLD, NOTE_OFF, FIRST_ONSET = 0, 1, 2
LOWEST_PITCH, HIGHEST_PITCH = 21, 108
LINE_VOCABULARY = FIRST_ONSET + HIGHEST_PITCH - LOWEST_PITCH + 1
ONSETS = range(FIRST_ONSET, LINE_VOCABULARY)

MELODY_PROGRAM, BASS_PROGRAM = 0, 33
"""Programs of decoded tracks, as Magenta's: grand piano, fingered bass."""
BASSES = range(32, 40)
SOUND_EFFECTS = range(112, 128)
MELODY_NAMES = ("melody", "lead", "vocal", "voice", "vox", "solo")


class Melody(Representation):
    """`bars` bars of melody: segments are bars, one field of 90 tokens; a bar has four steps a quarter.

    Every pitched track can be read, except sound effects (programs 112 to 127), and basses (32 to 39) unless there is
    nothing else. Tracks whose name says melody, lead, vocal, voice, vox or solo come first; then those with the
    largest product of: the share of their sounding time in which a single note sounds, the share of the bars in which
    they sound, and their mean pitch; of equals, the earlier track. Asked for, any pitched track is read.
    """

    name = "melody"

    def __init__(self, *, bars: int, meter: str = COMMON_TIME) -> None:
        self.bars, self.grid = bars, SIXTEENTHS.with_meter(meter)
        self.arguments = {"bars": bars, **meter_argument(self.grid)}
        self.shape = bar_shape(bars, line_field("melody"), constraints=(no_leading_note_off(0),), steps=self.grid.steps)

    def encode(self, score: Score) -> TokenArray:
        return opening(score, self)

    def decode(self, tokens: TokenArray) -> Score:
        notes = line_notes(tokens.reshape(-1))
        return decoded(Track(notes, MELODY_PROGRAM, name="melody"), bars=len(tokens), grid=self.grid)

    def streams(
        self, score: Score, asked: int | None = None, *, partial: bool = False
    ) -> tuple[list[Stream], list[Refusal]]:
        grid = TimeGrid(score, self.grid)
        parts = melody_parts(score, grid, asked) or bass_parts(score, grid)
        refusals = _refusals(score, {part.track for part in parts}, asked)
        return [stream(score, part.grid, [part.line(part.grid)]) for part in parts], grid.refusals + refusals

    def generate(self, generator: np.random.Generator) -> Score:
        notes = random_line(generator, self.window)
        return decoded(Track(notes, MELODY_PROGRAM, name="melody"), bars=self.bars, grid=self.grid)


def line_field(name: str) -> Field:
    """The field of a line: one-hot features; onsets move with a transposition, hold and note-off stay."""
    tokens = np.arange(LINE_VOCABULARY)
    moved = tokens + np.array(SHIFTS)[:, None]
    moved = np.where((moved >= FIRST_ONSET) & (moved < LINE_VOCABULARY), moved, -1)
    return Field(
        name=name,
        vocabulary=LINE_VOCABULARY,
        features=np.eye(LINE_VOCABULARY, dtype=np.float32),
        transposition=np.where(tokens < FIRST_ONSET, tokens, moved),
        onsets=ONSETS,
        rest=NOTE_OFF,
    )


def no_leading_note_off(field: int) -> NoLeading:
    """A window of a line begins with rests, not with the end of a note."""
    return NoLeading(field, NOTE_OFF, ONSETS)


@dataclass(frozen=True, slots=True, eq=False)
class LinePart:
    """A track that can be read as a line.

    Attributes:
        track: its index.
        grid: which bars of it are read.
        spans: its notes on the grid.
    """

    track: int
    notes: Track
    grid: TimeGrid
    spans: Spans

    def line(self, grid: TimeGrid) -> Line:
        """Its tokens on a grid."""
        return _line(self.track, self.spans if grid is self.grid else _spans([self.notes], grid)[0], grid)


def melody_parts(score: Score, grid: TimeGrid, asked: int | None = None) -> list[LinePart]:
    """The tracks of a score that can be read as melodies, best first.

    Args:
        asked: a pitched track that is read whatever its program.
    """
    return _parts(score, grid, [_refuse_as_melody(*entry, asked) is None for entry in enumerate(score.tracks)])


def bass_parts(score: Score, grid: TimeGrid) -> list[LinePart]:
    """The tracks of a score that can be read as basses (programs 32 to 39), best first."""
    return _parts(score, grid, [track.program in BASSES and not track.is_drum for track in score.tracks])


def line_notes(tokens: Integer[np.ndarray, " time"]) -> Notes:
    """The notes of a line of tokens, in ticks; note-offs and holds without a note before them are rests."""
    events = np.flatnonzero(tokens)
    values = tokens[events].astype(np.int64)
    end = np.append(events[1:], len(tokens))[: len(events)]
    onset = values >= FIRST_ONSET
    pitch = values[onset] + (LOWEST_PITCH - FIRST_ONSET)
    return Notes(events[onset] * TICKS_PER_STEP, end[onset] * TICKS_PER_STEP, pitch, np.full_like(pitch, VELOCITY))


def random_line(generator: np.random.Generator, steps: int) -> Notes:
    """At least one note; notes of random pitch and length, one at a time, with rests between some of them."""
    count = int(generator.integers(1, steps // 2 + 1))
    start = np.sort(generator.choice(steps, size=count, replace=False))
    room = np.append(start[1:], steps) - start
    end = start + generator.integers(1, room + 1)
    pitch = generator.integers(LOWEST_PITCH, HIGHEST_PITCH + 1, size=count)
    return Notes(start * TICKS_PER_STEP, end * TICKS_PER_STEP, pitch, np.full_like(pitch, VELOCITY))


def _parts(score: Score, grid: TimeGrid, allowed: Sequence[bool]) -> list[LinePart]:
    """Those of the tracks that are allowed which have notes on the grid, best first."""
    tracks = list(compress(enumerate(score.tracks), allowed))
    grids = [grid.narrowed(track) for _, track in tracks]
    if all(own is grid for own in grids):
        spans = _spans([track for _, track in tracks], grid)
    else:
        spans = [_spans([track], own)[0] for (_, track), own in zip(tracks, grids, strict=True)]
    found = zip(tracks, grids, spans, strict=True)
    readable = [LinePart(index, track, own, inside) for (index, track), own, inside in found if len(inside)]
    if len(readable) > 1:
        bars = grid.time // grid.steps_per_bar
        readable.sort(key=lambda part: _rank(part, bars), reverse=True)
    return readable


def _refusals(score: Score, read: Container[int], asked: int | None) -> list[Refusal]:
    """Why the tracks that are not read cannot be."""
    unread = (entry for entry in enumerate(score.tracks) if entry[0] not in read)
    return [replace(_refuse_as_melody(*entry, asked) or _NO_NOTES, track=entry[0]) for entry in unread]


def _spans(tracks: Sequence[Track], grid: TimeGrid) -> list[Spans]:
    """The notes of tracks that have tokens."""
    pitched = grid.quantize(*tracks)
    return [spans[(spans.pitch >= LOWEST_PITCH) & (spans.pitch <= HIGHEST_PITCH)] for spans in pitched]


def _line(track: int, spans: Spans, grid: TimeGrid) -> Line:
    line = skyline(spans)
    tokens = np.zeros(grid.time + 1, dtype=np.int16)  # the last row is for a note-off at the very end
    tokens[line.end] = NOTE_OFF
    tokens[line.start] = line.pitch + (FIRST_ONSET - LOWEST_PITCH)
    starts = grid.region_rows
    tokens[starts[tokens[starts] == NOTE_OFF]] = HOLD  # a region's last note ends with it, not in the next region
    return Line((track,), tokens[:-1], ~grid.sounding(line))


def _rank(part: LinePart, bars: int) -> tuple[bool, float]:
    """Larger for what is more likely the tune in a piece of so many bars; `Melody` states the rule."""
    name, spans, grid = part.notes.name.lower(), part.spans, part.grid
    named = any(word in name for word in MELODY_NAMES)
    size = grid.time + 1
    voices = np.cumsum(np.bincount(spans.start, minlength=size) - np.bincount(spans.end, minlength=size))[:-1]
    sounds = voices > 0
    single = np.count_nonzero(voices == 1) / np.count_nonzero(sounds)
    sounding = np.count_nonzero(sounds.reshape(-1, grid.steps_per_bar).any(axis=1)) / bars
    return named, float(single * sounding * spans.pitch.mean())


def _refuse_as_melody(index: int, track: Track, asked: int | None) -> Refusal | None:
    if track.is_drum:
        return _DRUMS
    if index == asked:
        return None
    if track.program in BASSES:
        return _BASS
    return _SOUND_EFFECT if track.program in SOUND_EFFECTS else None


_DRUMS = Refusal(-1, "drums", "needs a pitched instrument")
_BASS = Refusal(-1, "bass", "needs a program that is not a bass (32 to 39), as there are melodies beside it")
_SOUND_EFFECT = Refusal(-1, "sound effects", "needs a program from 0 to 111")
_NO_NOTES = Refusal(-1, "no notes", f"needs notes from {LOWEST_PITCH} to {HIGHEST_PITCH} in bars that are read")
