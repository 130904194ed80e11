"""The grid of the bars of one meter, in ticks, never in seconds: a sixteenth a step, or finer where it is asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

import numpy as np
from jaxtyping import Bool, Integer

from musicae.music.meter import SIXTEENTHS, BarGrid
from musicae.music.representations.base import (
    Refusal,
)
from musicae.music.score import Meter, Notes, Score, Track

STEPS_PER_QUARTER = SIXTEENTHS.steps_per_quarter
STEPS_PER_BAR = SIXTEENTHS.steps
MOST_BARS = 64
"""The longest window."""
LONGEST_BARS = 20_000
"""At most this many bars of a score are read; more with notes in or near them are not music."""

NEAR = MOST_BARS - 1
"""A bar is near another one that a window can hold with it."""

MOST_TRACK_BARS = 2**17
"""Up to this many bars, counted once per track, every track is read on the same grid."""

TICKS_PER_QUARTER = 480
"""Of decoded scores: what sequencers count in, and a multiple of every grid in use."""
TICKS_PER_STEP = TICKS_PER_QUARTER // STEPS_PER_QUARTER
VELOCITY = 80
"""Of decoded notes, as Magenta's."""

Rows = Integer[np.ndarray, " note"]
PerPiece = Integer[np.ndarray, " piece"]


@dataclass(frozen=True, slots=True, eq=False)
class Spans:
    """Notes on a grid: `start < end` in steps or rows, and MIDI pitches."""

    start: Rows
    end: Rows
    pitch: Rows

    def __len__(self) -> int:
        return len(self.start)

    def __getitem__(self, keep: Bool[np.ndarray, " note"]) -> Spans:
        return self if keep.all() else Spans(self.start[keep], self.end[keep], self.pitch[keep])


@dataclass(frozen=True, slots=True)
class Region:
    """Consecutive meters that are all read as bars of the grid, or one meter that is cut out.

    Attributes:
        start: tick.
        number: the number of its first bar in the file, from 0.
        span: how many bar numbers it takes: of the grid's bars where it is read, else of its own meter's.
        bars: how many bars are read.
        meter: the (first) time signature.
    """

    start: int
    number: int
    span: int
    bars: int
    meter: Meter


class TimeGrid:
    """Where the ticks of one score fall on the rows of a stream.

    Meters of which one, two, four bars make up a bar of the grid are read as such (in four quarters 4/4, 2/2, 2/4, 1/4,
    4/8 and 8/8), and the grid goes on where one of them follows another; only a whole bar (4/4, 2/2) starts it anew
    where it does not fall on a bar line, after a pickup, say. All others (3/4, 6/8) are cut out, and the grid starts
    again after them. An incomplete bar before a new start is cut out too. The last bar is always whole.

    Of scores that are longer than `LONGEST_BARS`, only the bars near notes are on the grid. A note that lasts from one
    side of such a gap to the other one ends before it.

    Attributes:
        bar: what it counts in; a step is a row.
        refusals: what of the score is not on the grid, and why.
        total: how many bars the score has, those that are cut out counted in their own meter.
        cut: the numbers of these, by meter.
    """

    def __init__(self, score: Score, bar: BarGrid = SIXTEENTHS) -> None:
        self.bar, self.steps_per_bar = bar, bar.steps
        self._ticks_per_quarter, self._tracks = score.ticks_per_quarter, len(score.tracks)
        regions = _regions(score, bar)
        starts, numbers, bars = zip(*((region.start, region.number, region.bars) for region in regions), strict=True)
        self._set_pieces(np.array(starts), np.array(numbers), np.array(bars))
        if self._length > LONGEST_BARS:
            self._keep(self._bars_near([track.notes for track in score.tracks]))
        too_long = self._length > LONGEST_BARS
        if too_long:
            self._keep(np.arange(0))
        cut = [region for region in regions if not _bars_of(region.meter, bar)]
        self.total = regions[-1].number + regions[-1].span
        self.cut: Counter[str] = Counter()
        for region in cut:
            self.cut[f"{region.meter.numerator}/{region.meter.denominator}"] += region.span
        self.refusals = [TOO_LONG] if too_long else [_other_meter(region, bar) for region in cut]

    @property
    def bars(self) -> Integer[np.ndarray, " bar"]:
        """For every bar of the stream, its number in the file."""
        return np.repeat(self._numbers - self._first, self._counts) + np.arange(self._length)

    @property
    def time(self) -> int:
        """Length of the stream in rows."""
        return self._length * self.steps_per_bar

    def narrowed(self, *tracks: Track) -> TimeGrid:
        """The grid without the bars that no note of some tracks begins or ends near.

        The same grid where all tracks of the score have room on it: it is scores of thousands of tracks and bars that
        would take gigabytes.
        """
        if self._tracks * self._length <= MOST_TRACK_BARS:
            return self
        grid = copy(self)
        grid._keep(self._bars_near([track.notes for track in tracks]))
        return grid

    def _set_pieces(self, starts: PerPiece, numbers: PerPiece, counts: PerPiece) -> None:
        """Takes the ticks and the bar numbers at which pieces of the stream start, and how many bars each has."""
        self._starts, self._numbers, self._counts = starts, numbers, counts
        self._first = np.cumsum(counts) - counts
        self._length = int(counts.sum())
        self._rows = self._first * self.steps_per_bar
        self._limits = (self._first + counts) * self.steps_per_bar

    def _bars_near(self, groups: Sequence[Notes]) -> Integer[np.ndarray, " bar"]:
        """The bars of the stream that notes begin or end near, in order."""
        places = (np.stack(self.place(notes)) for notes in groups)
        edges = [place[:, place[0] < place[1]].ravel() for place in places]
        bars = np.unique(np.concatenate([np.arange(0), *edges]) // self.steps_per_bar)
        bars = bars[bars < self._length]
        gaps = np.flatnonzero(np.diff(bars) > 2 * NEAR + 1)
        first = np.concatenate([bars[:1], bars[gaps + 1]])
        last = np.concatenate([bars[gaps], bars[-1:]])
        first, last = np.maximum(first - NEAR, 0), np.minimum(last + NEAR, self._length - 1)
        counts = last - first + 1
        if counts.sum() > LONGEST_BARS:
            return np.arange(LONGEST_BARS + 1)
        return np.repeat(first - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())

    def _keep(self, bars: Integer[np.ndarray, " bar"]) -> None:
        """Leaves out all other bars of the stream."""
        piece = np.searchsorted(self._first, bars, side="right") - 1
        new = (np.diff(bars, prepend=-2) != 1) | (np.diff(piece, prepend=-1) != 0)
        first, piece = bars[new], piece[new]
        whole = self.bar.ticks(self._ticks_per_quarter)
        inside = first - self._first[piece]
        counts = np.diff(np.append(np.flatnonzero(new), len(bars)))
        # The first piece takes what begins before all others, and has no bars.
        starts, numbers = self._starts[piece] + inside * whole, self._numbers[piece] + inside
        self._set_pieces(*(np.concatenate([[0], column]) for column in (starts, numbers, counts)))

    def quantize(self, *tracks: Track) -> list[Spans]:
        """The notes of tracks on rows: every note lasts a row at least, and none outlasts its region."""
        notes = Notes.join([track.notes for track in tracks])
        start, end = self.place(notes)
        inside = start < end
        bounds = accumulate((len(track.notes) for track in tracks), initial=0)
        parts = (slice(*pair) for pair in pairwise(bounds))
        return [Spans(start[part], end[part], notes.pitch[part])[inside[part]] for part in parts]

    def place(self, notes: Notes) -> tuple[Rows, Rows]:
        """The rows at which notes start and end; equal where the grid has no rows (a meter is cut out).

        A note that has no row in its region, up to half a step before the next region, is moved there.
        """
        several = len(self._starts) > 1
        region = np.searchsorted(self._starts, notes.start, side="right") - 1 if several else np.array([0])
        start = self._row(notes.start, region)
        if several and (early := start >= self._limits[region]).any():
            half = self._ticks_per_quarter // (2 * self.bar.steps_per_quarter)
            region[early] = np.searchsorted(self._starts, notes.start[early] + half, side="right") - 1
            start[early] = self._row(notes.start[early], region[early])
        end = self._row(notes.end, region)
        end = np.minimum(np.maximum(end, start + 1), self._limits[region])
        return start, np.maximum(start, end)

    def _row(self, tick: Rows, region: Integer[np.ndarray, "#note"]) -> Rows:
        """The nearest row of a tick on the grid of a region."""
        steps = to_steps(tick - self._starts[region], self._ticks_per_quarter, self.bar.steps_per_quarter)
        return self._rows[region] + steps

    def sounding(self, spans: Spans) -> Bool[np.ndarray, " bar"]:
        """For every bar, whether any of the spans sounds in it."""
        size = self._length + 1
        begun = np.bincount(spans.start // self.steps_per_bar, minlength=size)
        ended = np.bincount((spans.end - 1) // self.steps_per_bar + 1, minlength=size)
        return np.asarray(np.cumsum(begun - ended)[:-1] > 0)

    def ticks(self, numbers: Integer[np.ndarray, " bar"]) -> Integer[np.ndarray, " bar"]:
        """The ticks at which bars of these numbers in the file start."""
        piece = np.searchsorted(self._numbers, numbers, side="right") - 1
        whole = self.bar.ticks(self._ticks_per_quarter)
        return np.asarray(self._starts[piece] + (numbers - self._numbers[piece]) * whole)

    @property
    def region_rows(self) -> Integer[np.ndarray, " region"]:
        """First row of every region that is read."""
        rows: Integer[np.ndarray, " region"] = self._rows[self._rows < self._limits]
        return rows


def to_steps(ticks: Rows, ticks_per_quarter: int, steps_per_quarter: int = STEPS_PER_QUARTER) -> Rows:
    """Ticks to steps; half a step rounds up: floor(steps_per_quarter ticks / ticks_per_quarter + 1/2)."""
    return (ticks * (2 * steps_per_quarter) + ticks_per_quarter) // (2 * ticks_per_quarter)


def skyline(spans: Spans) -> Spans:
    """The highest note of every onset, each ended by the next onset; sorted, one note at a time.

    Of equal pitches the longest is kept, so that the order of the notes in the file does not matter.
    """
    # One integer a note, start above pitch above length (ticks below 2^35 fit):
    # a plain sort is several times as fast as np.lexsort.
    length = np.minimum(spans.end - spans.start, _LENGTH_MASK)
    key = np.sort(spans.start << (_LENGTH_BITS + 7) | spans.pitch << _LENGTH_BITS | length)
    start = key >> (_LENGTH_BITS + 7)
    highest = np.ones(len(start), dtype=bool)
    highest[:-1] = start[1:] != start[:-1]
    key, start = key[highest], start[highest]
    end = start + (key & _LENGTH_MASK)
    end[:-1] = np.minimum(end[:-1], start[1:])
    return Spans(start, end, key >> _LENGTH_BITS & 127)


def bar_of(score: Score) -> BarGrid:
    """A bar of a score's first meter, in sixteenths."""
    first = score.meters[0]
    return replace(SIXTEENTHS, numerator=first.numerator, denominator=first.denominator)


def bar_lines(score: Score) -> list[int]:
    """The ticks of bar lines, from that before the first bar to that behind the last; every meter begins a bar."""
    meters = [meter for meter in score.meters if meter.tick < max(score.end, 1)]
    bars = [BarGrid(one.numerator, one.denominator, 1).ticks(score.ticks_per_quarter) for one in meters]
    ends = [*(meter.tick for meter in meters[1:]), max(score.end, 1)]
    regions = zip(meters, ends, bars, strict=True)
    lines = [tick for meter, end, bar in regions for tick in range(meter.tick, end, bar)]
    return [*lines, lines[-1] + bars[-1]]


def _bars_of(meter: Meter, bar: BarGrid) -> int:
    """How many bars of a meter make up one of the grid's; 0 if it is not read."""
    return bar.holds(meter.numerator, meter.denominator)


def _regions(score: Score, grid: BarGrid) -> list[Region]:
    """The regions with music, in order; a last note that is a little early for a bar line has a bar after it."""
    whole = grid.ticks(score.ticks_per_quarter)
    meters = [Meter(0, 4, 4), *(meter for meter in score.meters if meter.tick < max(score.end, 1))]
    edges: list[Meter] = []
    for meter in meters:
        if edges and edges[-1].tick == meter.tick:
            edges.pop()
        goes_on = edges and _bars_of(edges[-1], grid) and _bars_of(meter, grid)
        if not goes_on or (_bars_of(meter, grid) == 1 and (meter.tick - edges[-1].tick) % whole):
            edges.append(meter)
    regions: list[Region] = []
    number = 0
    for meter, end in zip(edges, [*(meter.tick for meter in edges[1:]), score.end], strict=True):
        fits = _bars_of(meter, grid) > 0
        bar = whole if fits else BarGrid(meter.numerator, meter.denominator, 1).ticks(score.ticks_per_quarter)
        span = -((meter.tick - end) // bar)
        if end == score.end and fits:
            last = max((int(track.notes.start[-1]) for track in score.tracks if len(track.notes)), default=0)
            span += 2 * grid.steps_per_quarter * (meter.tick + span * bar - last) <= score.ticks_per_quarter
        bars = (span if end == score.end else (end - meter.tick) // bar) if fits else 0
        regions.append(Region(meter.tick, number, span, bars, meter))
        number += span
    return regions


def _other_meter(region: Region, bar: BarGrid) -> Refusal:
    meter = f"{region.meter.numerator}/{region.meter.denominator}"
    where = f"bars {region.number + 1} to {region.number + region.span}, counted from 1, are in {meter}"
    return Refusal(-1, OTHER_METER, f"needs bars of {bar}, and {where}")


OTHER_METER = "other meter"
"""Why bars are not read that are not of the grid's."""

TOO_LONG = Refusal(-1, "too long", f"needs to be shorter than {LONGEST_BARS} bars")

_LENGTH_BITS, _LENGTH_MASK = 21, 2**21 - 1
