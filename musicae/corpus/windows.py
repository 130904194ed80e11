"""Streams to windows: which stretches of a piece are worth learning from, and which one a verb should use.

A window is `representation.bars` bars of a stream; windows start at every bar. Nothing here loops over windows: a
property of every window is made from `bars` shifted additions of a property of every bar.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Integer

from musicae.errors import MusicaeError
from musicae.music.representations.base import Field, Refusal, Representation, Shape, Stream, Tokens
from musicae.music.representations.time_grid import TimeGrid, in_words, pad, unusable
from musicae.music.score import Score


def drop_leading_note_offs(
    tokens: Integer[np.ndarray, "*window time field"], shape: Shape
) -> Integer[np.ndarray, "*window time field"]:
    """Windows without orphans: a note-off before the first onset of its field in a window becomes token 0.

    The note that it ends began before the window, so that two windows that differ only there sound the same.
    """
    settled = tokens.copy()
    for index, field in enumerate(shape.fields):
        column = settled[..., index]
        if field.leading_note_off > 0:
            silent_so_far = ~np.logical_or.accumulate(column > field.leading_note_off, axis=-1)
            column[silent_so_far & (column == field.leading_note_off)] = 0
    return settled


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
    silent: Bool[np.ndarray, "part bar"],
    bar_numbers: Integer[np.ndarray, " bar"],
    representation: Representation,
    bars: int,
) -> WindowFilter:
    """The verdicts on all windows of `bars` bars of a stream, or of several streams joined end to end.

    Streams that are joined need a jump between their bar numbers.
    """
    count = max(len(bar_numbers) - bars + 1, 0)
    broken = bar_numbers[bars - 1 :] - bar_numbers[:count] != bars - 1
    too_long = representation.max_silent_bars + 1
    silences = np.zeros(count, dtype=bool)
    if bars >= too_long:
        silences |= _any_of(_all_of(silent, too_long), bars - too_long + 1).any(axis=0)
    field = representation.shape.fields[0]
    grid = tokens[:, 0].reshape(len(bar_numbers), rows_per_bar(representation))
    return WindowFilter(broken, silences, _distinct_onsets(grid, field, bars) < representation.min_pitches)


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


@dataclass(frozen=True, eq=False)
class Choice:
    """The window that a verb works on, and where it stands in the file.

    Attributes:
        tokens: settled.
        tracks: indices into `score.tracks`.
        label: the tracks in words.
        tick: where the window starts.
        first_bar, last_bar: numbers in the file, from 1; `last_bar` lies past `total_bars` when the file is too short.
        total_bars: how many bars the file has.
        padded: whether some of the bars are not the file's but rests: after its end, or after a change of meter.
    """

    tokens: Tokens
    tracks: tuple[int, ...]
    label: str
    tick: int
    first_bar: int
    last_bar: int
    total_bars: int
    padded: bool

    def __str__(self) -> str:
        span = f"bar {self.first_bar}" if self.first_bar == self.last_bar else f"bars {self.first_bar}-{self.last_bar}"
        rests = ", padded with rests" if self.padded else ""
        return f"{span} of {self.total_bars}{rests}" + (f" ({self.label})" if self.label else "")


def best_window(
    score: Score, representation: Representation, *, track: int | None = None, bar: int | None = None
) -> Choice:
    """The window of a score that a verb should use; a piece that is too short is padded with rests.

    The stream is the first one in the representation's order, among those that read `track` if it is given, that has a
    usable window; a track that is given is read unless that is impossible. The window is the usable one with the most
    onsets, the earliest of equals; if none is usable, the fullest without a long silence; if there is none of those
    either, the fullest. At a `bar` that is given, the stream with the most onsets there is read.

    Args:
        track: an index into `score.tracks`.
        bar: the window's first bar, numbered as in the file, from 1.

    Raises:
        MusicaeError: nothing can be read from the score or the track (it says what each track would need), or there
            is no such bar.
    """
    if score.silent:
        raise MusicaeError("there are no notes in the score", "give a file with notes")
    streams, refusals = representation.readings(score, track)
    if track is not None and TimeGrid(score).time:
        streams = [stream for stream in streams if track in stream.tracks]
        if not streams:
            raise _unreadable(score, representation, track, refusals)
    if not streams:
        raise unusable(score, representation.name, refusals)
    bars = representation.bars
    judged = [filter_windows(stream.tokens, stream.silent, stream.bars, representation, bars) for stream in streams]
    if bar is not None:
        return _choice(*_fullest_at(bar, streams, representation), score, representation)
    chosen = next((i for i, verdicts in enumerate(judged) if verdicts.usable.any()), 0)
    stream = streams[chosen]
    return _choice(stream, _fullest(stream, judged[chosen], representation), score, representation)


def _fullest(stream: Stream, verdicts: WindowFilter, representation: Representation) -> int:
    """The index of the first bar of the fullest window, or of the longest stretch of bars when all are too short."""
    starting = onsets(stream.tokens, representation.shape.columns).reshape(len(stream.bars), -1).sum(axis=1)
    full = np.convolve(starting, np.ones(representation.bars, dtype=np.int64))[representation.bars - 1 :]
    for allowed in (verdicts.usable, ~(verdicts.broken | verdicts.silent), ~verdicts.broken):
        if allowed.any():
            return int(np.argmax(np.where(allowed, full[: len(allowed)], -1)))
    stretches = np.flatnonzero(np.diff(stream.bars, prepend=-2) != 1)
    return int(stretches[np.argmax(np.diff(stretches, append=len(stream.bars)))])


def _fullest_at(bar: int, streams: Sequence[Stream], representation: Representation) -> tuple[Stream, int]:
    """The stream with the most onsets in the window that starts at a bar, and its place there; the first of equals.

    Raises:
        MusicaeError: there is no such bar.
    """
    rows = rows_per_bar(representation)

    def full(place: tuple[Stream, int]) -> int:
        stream, start = place
        window = stream.tokens[start * rows : start * rows + representation.window]
        return int(onsets(window, representation.shape.columns).sum())

    return max(((stream, _index_of(bar, stream)) for stream in streams), key=full)


def _index_of(bar: int, stream: Stream) -> int:
    """The place in the stream of a bar numbered from 1.

    Raises:
        MusicaeError: the stream has no such bar.
    """
    found = np.flatnonzero(stream.bars == bar - 1)
    if len(found):
        return int(found[0])
    total = int(stream.bars[-1]) + 1
    if bar > total:
        raise MusicaeError(f"there is no bar {bar}: the piece has {total} bars", f"choose a bar from 1 to {total}")
    nearest = int(stream.bars[np.argmin(np.abs(stream.bars - (bar - 1)))]) + 1
    raise MusicaeError(f"bar {bar} is in a meter that cannot be read", f"the nearest bar that can be read is {nearest}")


def _choice(stream: Stream, start: int, score: Score, representation: Representation) -> Choice:
    shape, rows = representation.shape, rows_per_bar(representation)
    numbers = stream.bars[start : start + representation.bars]
    whole = int((numbers - numbers[0] == np.arange(len(numbers))).sum())
    tokens = pad(stream.tokens[start * rows : (start + whole) * rows], shape.columns, representation.window)
    first_bar = int(stream.bars[start]) + 1
    tracks, label = stream.tracks, stream.label
    if stream.played is not None:
        bars = slice(start, start + whole)
        tracks = tuple(track for track, plays in zip(tracks, stream.played, strict=True) if plays[bars].any())
        label = ", ".join(in_words(track, score.tracks[track]) for track in tracks)
    return Choice(
        tokens=drop_leading_note_offs(tokens, shape).reshape(shape.segments, shape.steps, len(shape.columns)),
        tracks=tracks,
        label=label,
        tick=TimeGrid(score).tick(start),
        first_bar=first_bar,
        last_bar=first_bar + representation.bars - 1,
        total_bars=int(stream.bars[-1]) + 1,
        padded=whole < representation.bars,
    )


def _unreadable(score: Score, representation: Representation, track: int, refusals: Sequence[Refusal]) -> MusicaeError:
    if not 0 <= track < len(score.tracks):
        return MusicaeError(f"there is no track {track}", f"choose a track from 0 to {len(score.tracks) - 1}")
    remedies = [refusal.remedy for refusal in refusals if refusal.track == track]
    remedies += [refusal.remedy for refusal in refusals if refusal.track < 0]
    needs = "; ".join(remedies)
    return MusicaeError(
        f"{in_words(track, score.tracks[track])} cannot be read as {representation.name}: it {needs}",
        "choose another track, or leave the choice to musicae",
    )
