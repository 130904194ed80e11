"""The parts of a song, each through some bars that follow one another, before and after an edit.

Models decode bars into tracks of their own; an edited part says which tracks of the file such a track stands for.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Integer

from musicae.clips.song import SongReading, StreamTokens
from musicae.music.representations.base import Representation
from musicae.music.representations.drums import NAMES
from musicae.music.representations.time_grid import TICKS_PER_QUARTER
from musicae.music.score import Score, Track

Place = tuple[int, int | str]
"""Where a note starts, in steps of the stream, and its pitch, or the kind of a drum."""


@dataclass(frozen=True, slots=True)
class StepNote:
    """A note in steps of a stream."""

    start: int
    end: int
    pitch: int
    velocity: int


@dataclass(frozen=True, eq=False)
class EditedPart:
    """One part through some bars that follow one another, before and after.

    Attributes:
        tracks: of the score, which it stands for; none for an instrument that the song does not have.
        program: General MIDI's, or `DRUM_KIT`.
        kinds: whether drums are told apart by their kinds rather than by their pitches.
        end: the step at which the bars end.
    """

    tracks: tuple[int, ...]
    program: int
    kinds: bool
    before: Sequence[StepNote]
    after: Sequence[StepNote]
    end: int

    def place(self, start: int, pitch: int) -> Place:
        """The place of a note."""
        return start, NAMES.get(pitch, "") if self.kinds else pitch


def edited_parts(reading: SongReading, tokens: StreamTokens) -> Iterator[EditedPart]:
    """The parts of a song, as they were read and as they are in other tokens."""
    parts = reading.stream.parts
    return _edited_lines(reading, tokens, parts) if parts else _edited_bars(reading, tokens)


def _edited_lines(reading: SongReading, tokens: StreamTokens, parts: Sequence[tuple[int, ...]]) -> Iterator[EditedPart]:
    """One for every part of the stream and all bars that follow one another, in which notes may cross bar lines."""
    for run in reading.runs:
        scores = _decoded(reading, tokens, run)
        first, end = (place * reading.representation.grid.steps for place in (run.start, run.stop))
        for part, before, after in zip(parts, *(score.tracks for score in scores), strict=True):
            old, new = (_in_steps(track, reading.representation, first) for track in (before, after))
            yield EditedPart(part, before.instrument, before.is_drum, old, new, end)


def _edited_bars(reading: SongReading, tokens: StreamTokens) -> Iterator[EditedPart]:
    """One for every instrument and bar; the first that plays a program is the first that played it, and so on."""
    played = reading.stream.played or {}
    playing: defaultdict[int, list[tuple[int, ...]]] = defaultdict(list)
    for group, bars in played.items():
        for bar in bars.tolist():
            playing[bar].append(group)
    for bar in (bar for span in reading.playing for bar in range(span.start, span.behind)):
        scores, first = _decoded(reading, tokens, range(bar, bar + 1)), bar * reading.representation.grid.steps
        found: defaultdict[tuple[int, tuple[int, ...]], list[list[StepNote]]] = defaultdict(lambda: [[], []])
        for side, score in enumerate(scores):
            groups = playing[bar], sorted(played, key=lambda group: -_last_before(bar, played[group]))
            for program, group, track in _with_groups(score, *groups, reading.score):
                found[program, group][side] += _in_steps(track, reading.representation, first)
        for (program, group), (old, new) in found.items():
            yield EditedPart(group, program, False, old, new, first + reading.representation.grid.steps)


def _last_before(bar: int, bars: Integer[np.ndarray, " bar"]) -> int:
    """The last of some bars before another one; -1 if there is none."""
    before = bars[bars < bar]
    return int(before[-1]) if len(before) else -1


def _with_groups(
    bar: Score, groups: Sequence[tuple[int, ...]], others: Sequence[tuple[int, ...]], score: Score
) -> Iterator[tuple[int, tuple[int, ...], Track]]:
    """The tracks of a bar, each with its program and the tracks of the score that it stands for.

    Args:
        groups: those that play in the bar, in the order of its tracks.
        others: those that play in any, in the order in which they count where none of that program plays in this one.
    """
    homes: defaultdict[int, list[tuple[int, ...]]] = defaultdict(list)
    known: defaultdict[int, list[tuple[int, ...]]] = defaultdict(list)
    for found, some in ((homes, groups), (known, others)):
        for group in some:
            found[score.tracks[group[0]].instrument].append(group)
    count, met = Counter(track.instrument for track in bar.tracks), Counter[int]()
    for track in bar.tracks:
        program = track.instrument
        silent = [(i,) for i, one in enumerate(score.tracks) if one.instrument == program]
        there = homes[program] or sorted(known[program][: count[program]]) or silent or [()]
        yield program, there[min(met[program], len(there) - 1)], track
        met[program] += 1


def _decoded(reading: SongReading, tokens: StreamTokens, bars: range) -> tuple[Score, Score]:
    """Some bars as they were, and as they are now."""
    old, new = (reading.representation.decode(reading.bars_of(some, bars)) for some in (reading.stream.tokens, tokens))
    return old, new


def _in_steps(track: Track, representation: Representation, first: int) -> list[StepNote]:
    ticks = TICKS_PER_QUARTER // representation.grid.steps_per_quarter
    return [
        StepNote(first + start // ticks, first + end // ticks, pitch, velocity)
        for start, end, pitch, velocity in track.notes.rows()
    ]
