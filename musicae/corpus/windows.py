"""Streams to windows: which spans of bars of a piece are worth learning from.

A window is `representation.bars` bars of a stream; windows start at every bar. Nothing here loops over windows: a
property of every window is made from `bars` shifted additions of a property of every bar.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Integer

from musicae.corpus.policy import policy_of
from musicae.music.representations.base import Field, Representation, Shape


def drop_leading_note_offs(
    tokens: Integer[np.ndarray, "*window time field"], shape: Shape
) -> Integer[np.ndarray, "*window time field"]:
    """Windows that obey `NoLeading`: a note-off before the first onset of its field becomes token 0."""
    dropped = tokens.copy()
    for line in shape.no_leading:
        column = dropped[..., line.field]  # a view
        onset = (column >= line.onsets.start) & (column < line.onsets.stop)
        column[(column == line.token) & ~np.logical_or.accumulate(onset, axis=-1)] = 0
    return dropped


@dataclass(frozen=True, eq=False)
class WindowFilter:
    """What stands against each window, by the bar that it starts at.

    Attributes:
        broken: the window crosses a jump of the bar numbers.
        silent: it has too many silent bars in a row in some part.
        few_pitches: it has too few distinct onset tokens.
    """

    broken: Bool[np.ndarray, " window"]
    silent: Bool[np.ndarray, " window"]
    few_pitches: Bool[np.ndarray, " window"]

    @property
    def usable(self) -> Bool[np.ndarray, " window"]:
        """Nothing stands against the window."""
        return ~(self.broken | self.silent | self.few_pitches)


def filter_windows(
    tokens: Integer[np.ndarray, "time field"],
    playing: Integer[np.ndarray, "part bar"],
    bar_numbers: Integer[np.ndarray, " bar"],
    representation: Representation,
    bars: int,
) -> WindowFilter:
    """What rules out each window of `bars` bars of a stream, or of several streams joined end to end.

    Streams that are joined need a jump between their bar numbers.

    Args:
        playing: as of a `Stream`.
    """
    count = max(len(bar_numbers) - bars + 1, 0)
    broken = bar_numbers[bars - 1 :] - bar_numbers[:count] != bars - 1
    policy = policy_of(representation)
    too_long = policy.max_silent_bars + 1
    silences = np.zeros(count, dtype=bool)
    if bars >= too_long:
        silences |= _any_of(_all_of(playing < policy.min_instruments, too_long), bars - too_long + 1).any(axis=0)
    field = representation.shape.fields[0]
    grid = tokens[:, 0].reshape(len(bar_numbers), rows_per_bar(representation))
    return WindowFilter(broken, silences, _distinct_onsets(grid, field, bars) < policy.min_pitches)


def rows_per_bar(representation: Representation) -> int:
    """Rows of a stream that make up one bar."""
    return representation.window // representation.bars


def onsets(tokens: Integer[np.ndarray, "*grid field"], fields: Sequence[Field]) -> Bool[np.ndarray, "*grid field"]:
    """Where something starts."""
    first, last = ([getattr(field.onsets, edge) for field in fields] for edge in ("start", "stop"))
    return (tokens >= first) & (tokens < last)


def _all_of(flags: Bool[np.ndarray, "part bar"], length: int) -> Bool[np.ndarray, "part run"]:
    """Whether `length` flags in a row are all set, by the first of them."""
    return ~_any_of(~flags, length)


def _any_of(flags: Bool[np.ndarray, "part bar"], length: int) -> Bool[np.ndarray, "part run"]:
    """Whether any of `length` flags in a row is set, by the first of them."""
    count = max(flags.shape[1] - length + 1, 0)
    total = np.zeros((len(flags), count), dtype=bool)
    for shift in range(length):
        total |= flags[:, shift : shift + count]
    return total


def _distinct_onsets(grid: Integer[np.ndarray, "bar step"], field: Field, bars: int) -> Integer[np.ndarray, " window"]:
    """Number of distinct onset tokens in each window, from one bit set per bar."""
    present = np.zeros((len(grid), field.vocabulary), dtype=bool)
    present[np.arange(len(grid))[:, None], grid] = True
    sets = np.packbits(present[:, field.onsets.start : field.onsets.stop], axis=1)
    count = max(len(grid) - bars + 1, 0)
    union = np.zeros((count, sets.shape[1]), dtype=np.uint8)
    for shift in range(bars):
        union |= sets[shift : shift + count]
    return np.bitwise_count(union).sum(axis=1, dtype=np.int64)
