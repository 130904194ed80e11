"""The end of a piece, or what stands before one of its bars: what a continuation goes on from.

Nothing here knows torch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Integer

from musicae.clips.choice import best_stream, window_at
from musicae.clips.frame import Frame
from musicae.clips.limits import require_whole
from musicae.clips.reading import Reads, Source, names_of, read_score, representation_of, source_of
from musicae.clips.song import WholeSong, open_song, overhang
from musicae.clips.style import Style, tempo_at
from musicae.clips.unreadable import explained
from musicae.errors import MusicaeError, error_context
from musicae.music.representations.base import Representation, Stream, TokenArray
from musicae.music.representations.streams import list_of_tracks, track_number
from musicae.music.representations.time_grid import TimeGrid
from musicae.music.score import Score

ReadableMusic = Source | Score | bytes | str | Path
"""A window, or a score, a MIDI file's bytes or its path."""

BARS_BEFORE = 8
"""Bars before the last window that are read, as many as make windows."""


@dataclass(frozen=True, eq=False)
class Ending:
    """What music goes on from.

    Attributes:
        source: the last window.
        bars: how many of its bars, from its first, are there; what comes after them counts for nothing.
        earlier: the tokens of windows before it, all columns, in order.
    """

    source: Source
    bars: int
    earlier: tuple[TokenArray, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class SongEnding(Ending):
    """What a song goes on from that new bars are spliced into.

    Attributes:
        frame: the song.
        bar: the number, from 1, of the first of the new bars.
        begins: the tick at which it starts.
        bar_ticks: ticks of a bar.
        others: the tracks that are not read, in words; empty if there are none.
    """

    frame: Frame
    bar: int
    begins: int
    bar_ticks: int
    others: str = ""


def ending_of(source: Source) -> Ending:
    """The end of a window that was chosen: its last bar, or the one in which its piece ends."""
    representation = source.representation
    ends = representation.bars if source.ends is None else math.ceil(source.ends / representation.grid.quarters)
    return Ending(source, min(max(ends, 1), representation.bars))


def read_ending(
    music: ReadableMusic,
    model: Reads,
    *,
    bar: int | None = None,
    track: int | str | None = None,
    drums: Sequence[str] = (),
    strict: bool = False,
    names: tuple[str, str] | None = None,
) -> Ending:
    """The last bars of a piece in which the tracks that suit a model sound, or the bars before a `bar`.

    Args:
        model: as for `reading.read`.
        bar: from 1, in bars of the model: the one that new music is to begin at.
        track, drums, strict: as for `reading.read`.
        names: what the piece is called, if not as `names_of` has it.

    Raises:
        MusicaeError: as `reading.read`; or there is nothing before the bar.
    """
    if isinstance(music, Source):
        return ending_of(music)
    representation = representation_of(model)
    score = read_score(music, drums=drums, strict=strict)
    label, name = names or names_of(music)
    with explained(score, representation, label):
        stream = best_stream(score, representation, track_number(score, track))
    with error_context(label):
        behind = _place(stream, bar, score, TimeGrid(score, representation.grid))
    starts, known = _starts(stream, behind, representation)
    *earlier, last = (window_at(stream, start, score, representation) for start in starts)
    source = source_of(last, score, representation, label, name, drums)
    return Ending(source, known, tuple(window.tokens for window in earlier))


def song_ending(song: WholeSong, *, bar: int | None = None) -> SongEnding:
    """The end of a song, or the bars before a `bar`, with the song as what new bars are spliced into.

    Raises:
        MusicaeError: there is nothing before the bar.
    """
    representation, reading = song.representation, open_song(song.frame, song.representation)
    score, stream = reading.score, reading.stream
    behind = _place(stream, bar, score, reading.grid)
    starts, known = _starts(stream, behind, representation)
    *earlier, last = (window_at(stream, start, score, representation) for start in starts)
    number = int(stream.bars[behind - 1]) + 1
    begins = int(reading.grid.ticks(np.array([number]))[0])
    faster = song.windows[0].style.tempo_qpm / tempo_at(score, reading.start)
    source = source_of(last, score, representation, song.label, song.name)
    return SongEnding(
        replace(source, style=Style(faster * tempo_at(score, begins)), label=song.label),  # all else is the file's
        known,
        tuple(window.tokens for window in earlier),
        frame=song.frame,
        bar=number + 1,
        begins=begins,
        bar_ticks=representation.grid.ticks(score.ticks_per_quarter),
        others=list_of_tracks(score, [i for i in range(len(score.tracks)) if i not in stream.tracks]),
    )


def _place(stream: Stream, bar: int | None, score: Score, grid: TimeGrid) -> int:
    """The place in a stream after the last bar in which anything sounds, or of a bar.

    Raises:
        MusicaeError: nothing stands before that bar.
    """
    if bar is not None:
        require_whole("bar", bar, -math.inf)
        return _place_of(bar, stream.bars, grid.total)
    if stream.played is not None:  # its bars say where notes start, and some sound on
        last = max(int(score.tracks[track].notes.end.max()) for track in stream.tracks)
        begun = int(np.searchsorted(grid.ticks(stream.bars), last - overhang(score)))
        return max(begun, 1 + max(int(bars[-1]) for bars in stream.played.values()))
    return 1 + int(np.flatnonzero(stream.playing.any(axis=0))[-1])


def _starts(stream: Stream, behind: int, representation: Representation) -> tuple[list[int], int]:
    """The places at which the windows before a place start, the last of them last, and how many bars that one has."""
    first = _run_start(stream.bars, behind)
    known = min(behind - first, representation.bars)
    last = behind - known
    earlier = range(last - representation.bars, max(first, last - BARS_BEFORE) - 1, -representation.bars)
    return [*reversed(earlier), last], known


def _place_of(bar: int, numbers: Integer[np.ndarray, " bar"], total: int) -> int:
    """The place in a stream of a bar, or after the last one.

    Raises:
        MusicaeError: nothing stands before it.
    """
    if not 1 < bar <= total + 1:
        message = f"nothing stands before bar {bar}" if bar <= 1 else f"bar {bar} lies after the end"
        raise MusicaeError(f"{message}: the piece has {total} bars", f"choose a bar from 2 to {total + 1}")
    place = int(np.searchsorted(numbers, bar - 1))
    if not place or numbers[place - 1] != bar - 2:
        raise MusicaeError(f"the bar before bar {bar} is in a meter that cannot be read", "choose another bar")
    return place


def _run_start(numbers: Integer[np.ndarray, " bar"], behind: int) -> int:
    """The place of the first bar of those that lead without a gap to the one before `behind`."""
    gaps = np.flatnonzero(np.diff(numbers[:behind]) != 1)
    return int(gaps[-1]) + 1 if len(gaps) else 0
