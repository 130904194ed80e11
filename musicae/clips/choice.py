"""Which window of a piece a verb works on: the one that a representation reads best, or the one that was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from musicae.corpus.windows import WindowFilter, drop_leading_note_offs, filter_windows, onsets, rows_per_bar
from musicae.errors import MusicaeError
from musicae.music.representations.base import Refusal, Representation, Stream, TokenArray
from musicae.music.representations.streams import in_words, list_of_tracks, pad, some, unusable
from musicae.music.representations.time_grid import TimeGrid
from musicae.music.score import Score

PHRASE = 1.5
"""By how much more a window counts that begins where a phrase may."""


@dataclass(frozen=True, eq=False)
class Choice:
    """The window that a verb works on, and where it stands in the file.

    Attributes:
        tokens: settled.
        tracks: indices into `score.tracks`.
        parts: for every field, the indices of the tracks that it reads (`Stream.parts`).
        label: the tracks in words.
        tick: where the window starts.
        first_bar, last_bar: numbers in the file, from 1; `last_bar` lies past `total_bars` when the file is too short.
        total_bars: how many bars the file has.
        padded: whether some of the bars are not the file's but rests: after its end, or after a change of meter.
    """

    tokens: TokenArray
    tracks: tuple[int, ...]
    parts: tuple[tuple[int, ...], ...]
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

    The stream is the first one in the representation's order, among those that read `track` if there is one, that has a
    usable window; a track that is asked for is read unless that is impossible. The window is the usable one with the
    most onsets, the earliest of equals, where those count more (`PHRASE`) that lie whole windows after the first bar,
    as phrases do; if none is usable, the fullest without a long silence; if there is none of
    those either, the fullest. At a `bar` that is asked for, that stream is read as well if it plays there, and the one
    with the most onsets there otherwise.

    Args:
        track: counted from 1.
        bar: the window's first bar, from 1, in bars of the representation: two of 2/4 are one.

    Raises:
        MusicaeError: nothing can be read from the score or the track (it says what each track would need), or there
            is no such bar.
    """
    streams = _candidates(score, representation, track)
    if bar is not None:
        total = TimeGrid(score, representation.grid).total
        return window_at(*_playing_at(bar, streams, representation, total), score, representation)
    stream, verdicts = _suitable(streams, representation)
    return window_at(stream, _fullest(stream, verdicts, representation), score, representation)


def best_stream(score: Score, representation: Representation, track: int | None = None) -> Stream:
    """The stream that `best_window` takes its window from.

    Raises:
        MusicaeError: as `best_window`.
    """
    return _suitable(_candidates(score, representation, track), representation)[0]


def same_stream(stream: Stream, score: Score, representation: Representation, track: int | None = None) -> Stream:
    """The stream that reads the same tracks of a score that is longer than the one of a stream; else that stream.

    Args:
        track: as of `best_stream`.
    """
    streams = _candidates(score, representation, track)
    return next((one for one in streams if (one.tracks, one.parts) == (stream.tracks, stream.parts)), stream)


def _candidates(score: Score, representation: Representation, track: int | None) -> list[Stream]:
    if score.silent:
        raise MusicaeError("there are no notes in the score", "give a file with notes")
    index = None if track is None else track - 1
    streams, refusals = representation.readings(score, index)
    if index is not None and TimeGrid(score, representation.grid).time:
        streams = [stream for stream in streams if index in stream.tracks]
        if not streams:
            raise _unreadable(score, representation, index, refusals)
    if not streams:
        raise unusable(score, representation, refusals)
    return streams


def _suitable(streams: Sequence[Stream], representation: Representation) -> tuple[Stream, WindowFilter]:
    """The first stream with a usable window, or the first of all, and what stands against each of its windows."""
    bars = representation.bars
    judged = [filter_windows(stream.tokens, stream.playing, stream.bars, representation, bars) for stream in streams]
    chosen = next((i for i, verdicts in enumerate(judged) if verdicts.usable.any()), 0)
    return streams[chosen], judged[chosen]


def _fullest(stream: Stream, verdicts: WindowFilter, representation: Representation) -> int:
    """The index of the first bar of the fullest window, or of the longest run of bars when all are too short."""
    starting = onsets(stream.tokens, representation.shape.columns).reshape(len(stream.bars), -1).sum(axis=1)
    full = np.convolve(starting, np.ones(representation.bars, dtype=np.int64))[representation.bars - 1 :]
    phrases = np.arange(len(full)) % representation.bars == 0
    for allowed in (verdicts.usable, ~(verdicts.broken | verdicts.silent), ~verdicts.broken):
        if allowed.any():
            worth = np.where(phrases, PHRASE, 1.0) * full
            return int(np.argmax(np.where(allowed, worth[: len(allowed)], -1)))
    runs = np.flatnonzero(np.diff(stream.bars, prepend=-2) != 1)
    return int(runs[np.argmax(np.diff(runs, append=len(stream.bars)))])


def _playing_at(bar: int, streams: Sequence[Stream], representation: Representation, total: int) -> tuple[Stream, int]:
    """The suitable stream, if anything starts in its window at a bar, or else the one with the most onsets there, the
    first of equals; and its place there.

    Args:
        total: bars of the piece.

    Raises:
        MusicaeError: there is no such bar.
    """
    rows = rows_per_bar(representation)

    def full(place: tuple[Stream, int]) -> int:
        stream, start = place
        window = stream.tokens[start * rows : start * rows + representation.window]
        return int(onsets(window, representation.shape.columns).sum())

    places = [(stream, _index_of(bar, stream, total)) for stream in streams]
    suitable, _ = _suitable(streams, representation)
    first = next(place for place in places if place[0] is suitable)
    return first if full(first) else max(places, key=full)


def _index_of(bar: int, stream: Stream, total: int) -> int:
    """The place in the stream of a bar numbered from 1.

    Raises:
        MusicaeError: the stream has no such bar.
    """
    found = np.flatnonzero(stream.bars == bar - 1)
    if len(found):
        return int(found[0])
    if bar > total:
        raise MusicaeError(f"there is no bar {bar}: the piece has {total} bars", f"choose a bar from 1 to {total}")
    nearest = int(stream.bars[np.argmin(np.abs(stream.bars - (bar - 1)))]) + 1
    raise MusicaeError(f"bar {bar} is in a meter that cannot be read", f"the nearest bar that can be read is {nearest}")


def window_at(stream: Stream, start: int, score: Score, representation: Representation) -> Choice:
    """The window of a stream that starts at a place, as long as its bars follow one another; then it rests."""
    shape, rows, grid = representation.shape, rows_per_bar(representation), TimeGrid(score, representation.grid)
    numbers = stream.bars[start : start + representation.bars]
    whole = int((numbers - numbers[0] == np.arange(len(numbers))).sum())
    tokens = pad(stream.tokens[start * rows : (start + whole) * rows], shape, representation.window)
    first_bar = int(stream.bars[start]) + 1
    tracks, label = stream.tracks, stream.label
    if stream.played is not None:
        playing = (group for group, at in stream.played.items() if ((at >= start) & (at < start + whole)).any())
        tracks = tuple(sorted(track for group in playing for track in group))
        label = list_of_tracks(score, tracks)
    return Choice(
        tokens=drop_leading_note_offs(tokens, shape).reshape(shape.segments, shape.steps, len(shape.columns)),
        tracks=tracks,
        parts=stream.parts,
        label=label,
        tick=int(grid.ticks(stream.bars[start : start + 1])[0]),
        first_bar=first_bar,
        last_bar=first_bar + representation.bars - 1,
        total_bars=grid.total,
        padded=whole < representation.bars,
    )


def _unreadable(score: Score, representation: Representation, index: int, refusals: Sequence[Refusal]) -> MusicaeError:
    if not 0 <= index < len(score.tracks):
        return MusicaeError(f"there is no track {index + 1}", f"choose a track from 1 to {len(score.tracks)}")
    remedies = [refusal.remedy for refusal in refusals if refusal.track == index]
    remedies += [refusal.remedy for refusal in refusals if refusal.track < 0]
    needs = "; ".join(some(remedies))
    if score.tracks[index].is_drum:
        what = f"{in_words(index, score.tracks[index])} cannot be read as {representation.name}"
        return MusicaeError(what, "choose a pitched track, or a model of drums", kind="drum-track")
    return MusicaeError(
        f"{in_words(index, score.tracks[index])} cannot be read as {representation.name}: it {needs}",
        "choose another track, or leave the choice to musicae",
    )
