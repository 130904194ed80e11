"""64-bit hashes of windows, without making the windows.

A window's hash is a sum over its tokens, `sum of segment[bar] * cell[step, field] * token` modulo 2^64 with fixed
random factors, so that it comes from the sums of its bars; for 3 million windows the chance of any collision is below
one in a million. Being a sum, it can be corrected for what dropping leading note-offs and transposing would change.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Integer, UInt64

from musicae.music.representations.base import SHIFTS, Field, NoLeading, Shape

MAX_BARS = 64
MAX_CELLS = 4096
_FACTORS: UInt64[np.ndarray, " factor"] = np.random.PCG64(20180313).random_raw(MAX_BARS + MAX_CELLS)


def window_hashes(
    tokens: Integer[np.ndarray, "time field"], shape: Shape, rows: int, bars: int
) -> tuple[UInt64[np.ndarray, " window"], UInt64[np.ndarray, " window"]]:
    """Two hashes of every window of `bars` bars of `rows` rows, by the bar that it starts at.

    The first is equal for windows that are the same without leading note-offs, the second also for windows that are
    transpositions of one another. Conditions do not count.
    """
    tokens = tokens[:, : len(shape.fields)]
    width = tokens.shape[1]
    segment, cell = _FACTORS[:bars], _FACTORS[MAX_BARS:][: rows * width].reshape(rows, width)
    exact = _window_sums(tokens, segment, cell)
    for line in shape.no_leading:
        _drop_leading(exact, tokens[:, line.field], line, segment, cell[:, line.field])
    columns = zip(tokens.T, shape.fields, strict=True)
    moving = np.stack([_moving(column, field, shape.steps) for column, field in columns], axis=1)
    if not moving.any():
        return exact, exact
    reference = _first_moving(tokens, moving, rows, len(exact), bars)
    return exact, exact - reference * _window_sums(moving, segment, cell)


def _window_sums(
    values: Integer[np.ndarray, "time field"] | Bool[np.ndarray, "time field"],
    segment: UInt64[np.ndarray, " bar"],
    cell: UInt64[np.ndarray, "step field"],
) -> UInt64[np.ndarray, " window"]:
    """For every window, the sum over its cells of segment factor times cell factor times value."""
    by_bar = values.reshape(-1, cell.size).astype(np.uint64) @ cell.ravel()
    count = max(len(by_bar) - len(segment) + 1, 0)
    total = np.zeros(count, dtype=np.uint64)
    for shift, factor in enumerate(segment):
        total += factor * by_bar[shift : shift + count]
    return total


def _drop_leading(
    sums: UInt64[np.ndarray, " window"],
    column: Integer[np.ndarray, " time"],
    line: NoLeading,
    segment: UInt64[np.ndarray, " bar"],
    cell: UInt64[np.ndarray, " step"],
) -> None:
    """Take leading note-offs out of the sums of the windows that start between the last onset and them, in place."""
    at = np.flatnonzero(column == line.token)
    starts = np.flatnonzero((column >= line.onsets.start) & (column < line.onsets.stop))
    if not len(at) or not len(sums):
        return
    before = np.concatenate([[-1], starts])[np.searchsorted(starts, at)]
    bar, step = np.divmod(at, len(cell))
    first = np.maximum(before // len(cell) + 1, bar - len(segment) + 1)
    last = np.minimum(bar, len(sums) - 1)
    repeats = np.maximum(last - first + 1, 0)
    which = np.repeat(np.arange(len(at)), repeats)
    within = np.arange(len(which)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    window = first[which] + within
    share = segment[bar[which] - window] * cell[step[which]] * np.uint64(line.token)
    np.subtract.at(sums, window, share)


def _moving(column: Integer[np.ndarray, " time"], field: Field, steps: int) -> Bool[np.ndarray, " time"]:
    """Where a token becomes the next one when everything moves up a semitone."""
    token = np.arange(field.vocabulary)
    up, down = (field.transposition[SHIFTS.index(shift)] for shift in (1, -1))
    moves = np.asarray((up == token + 1) | ((down == token - 1) & (token > 0)))[column]
    if field.untransposed_marker >= 0:
        moves &= np.repeat(column[::steps] != field.untransposed_marker, steps)
    return moves


def _first_moving(
    tokens: Integer[np.ndarray, "time field"], moving: Bool[np.ndarray, "time field"], rows: int, count: int, bars: int
) -> UInt64[np.ndarray, " window"]:
    """For every window, its first moving token in the first field that has one, or 0."""
    reference = np.zeros(count, dtype=np.uint64)
    start = np.arange(count) * rows
    for index in reversed(range(tokens.shape[1])):
        at = np.append(np.flatnonzero(moving[:, index]), len(tokens))
        first = at[np.searchsorted(at, start)]
        inside = first < start + bars * rows
        reference[inside] = tokens[first[inside], index]
    return reference
