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

from musicae.clips.frame import Frame
from musicae.clips.reading import Reads, Source, best_window, names_of, read, representation_of
from musicae.clips.song import WholeSong, open_song
from musicae.clips.style import Style, tempo_at
from musicae.clips.unreadable import explained
from musicae.errors import MusicaeError, error_context
from musicae.music.midi import read_midi
from musicae.music.representations.base import TokenArray
from musicae.music.representations.streams import track_number
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
        bars: how many of its bars, from its first, are there; what stands behind them counts for nothing.
        earlier: the tokens of windows before it, all columns, in order.
        bar: the number, from 1, of the bar of the file in which new music begins.
        begins: the tick at which it does.
        frame: the song that it is laid into, if it is.
    """

    source: Source
    bars: int
    earlier: tuple[TokenArray, ...] = ()
    bar: int = 1
    begins: int = 0
    frame: Frame | None = None


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
) -> Ending:
    """The last bars of a piece in which the track that suits a model sounds, or the bars before a `bar`.

    Args:
        model: as for `reading.read`.
        bar: numbered as in the file, from 1: the one that new music is to begin at.
        track, drums, strict: as for `reading.read`.

    Raises:
        MusicaeError: as `reading.read`; or there is nothing before the bar.
    """
    if isinstance(music, Source):
        return ending_of(music)
    representation = representation_of(model)
    score = music.with_drums(drums) if isinstance(music, Score) else read_midi(music, strict=strict, drums=drums)
    with explained(score, representation, names_of(music)[0]):
        track = track_number(score, track)
        choice = best_window(score, representation, track=track)
    own = track if track is not None or representation.keeps_programs else choice.tracks[0] + 1
    grid = TimeGrid(score, representation.grid)
    numbers = grid.bars
    with error_context(music if isinstance(music, str | Path) else "the score"):
        behind = _place_behind(score, choice.tracks, grid) if bar is None else _place_of(bar, numbers)
    first = _run_start(numbers, behind)

    def window(place: int) -> Source:
        found = int(numbers[place]) + 1
        return read(music, representation, bar=found, track=own, drums=drums, strict=strict)

    known = min(behind - first, representation.bars)
    last = behind - known
    starts = range(last - representation.bars, max(first, last - BARS_BEFORE) - 1, -representation.bars)
    earlier = tuple(window(place).tokens for place in reversed(starts))
    new = numbers[behind - 1] + 1
    return Ending(window(last), known, earlier, int(new) + 1, int(grid.ticks(np.array([new]))[0]))


def song_ending(song: WholeSong, *, bar: int | None = None) -> Ending:
    """The end of a song, or the bars before a `bar`, with the song as what new bars are laid into.

    Raises:
        MusicaeError: there is nothing before the bar.
    """
    frame = song.frame
    found = read_ending(frame.midi, song.representation, bar=bar, track=frame.track, drums=frame.drums)
    reading = open_song(frame, song.representation)
    faster = song.windows[0].style.tempo_qpm / tempo_at(reading.score, reading.start)
    style = Style(faster * tempo_at(reading.score, found.begins))  # all else is the file's
    return replace(found, source=replace(found.source, style=style, label=song.label, name=song.name), frame=frame)


def _place_behind(score: Score, tracks: Sequence[int], grid: TimeGrid) -> int:
    """The place in the grid behind the last bar in which one of some tracks sounds."""
    last = max(int(score.tracks[track].notes.end.max()) for track in tracks if len(score.tracks[track].notes))
    step = score.ticks_per_quarter // grid.bar.steps_per_quarter
    begun = int(np.searchsorted(grid.ticks(grid.bars), last - step // 2))
    return max(begun, 1)


def _place_of(bar: int, numbers: Integer[np.ndarray, " bar"]) -> int:
    """The place in the grid of a bar, or behind the last one.

    Raises:
        MusicaeError: nothing stands before it.
    """
    total = int(numbers[-1]) + 1
    if not 1 < bar <= total + 1:
        message = f"nothing stands before bar {bar}" if bar == 1 else f"there is no bar before bar {bar}"
        raise MusicaeError(f"{message}: the piece has {total} bars", f"choose a bar from 2 to {total + 1}")
    place = int(np.searchsorted(numbers, bar - 1))
    if not place or numbers[place - 1] != bar - 2:
        raise MusicaeError(f"the bar before bar {bar} is in a meter that cannot be read", "choose another bar")
    return place


def _run_start(numbers: Integer[np.ndarray, " bar"], behind: int) -> int:
    """The place of the first bar of those that lead without a gap to the one before `behind`."""
    gaps = np.flatnonzero(np.diff(numbers[:behind]) != 1)
    return int(gaps[-1]) + 1 if len(gaps) else 0
