"""Lines of tokens side by side as streams, the first of them as a window, and messages about what cannot be one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Integer

from musicae.errors import MusicaeError, shortened
from musicae.music.instruments import GENERAL_MIDI
from musicae.music.meter import BarGrid
from musicae.music.representations.base import (
    Constraint,
    Field,
    Refusal,
    Representation,
    Shape,
    Stream,
    TokenArray,
)
from musicae.music.representations.time_grid import MOST_BARS, TICKS_PER_QUARTER, TOO_LONG, TimeGrid
from musicae.music.score import Meter, Score, Track

MOST_WORDS = 32
"""Tracks, or meters, that a message or a label names."""
NAMED_METERS = 5


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One part of a score as tokens of one field.

    Attributes:
        tracks: indices of the score's tracks that it reads; none for a part that rests throughout.
        tokens: on the rows of the grid.
        silent: for every bar, whether nothing sounds and nothing starts.
    """

    tracks: tuple[int, ...]
    tokens: Integer[np.ndarray, " time"]
    silent: Bool[np.ndarray, " bar"]


def pad(tokens: Integer[np.ndarray, "time field"], shape: Shape, time: int) -> Integer[np.ndarray, "{time} field"]:
    """Rows of a stream, padded with rests to `time` rows: what still sounds at their end gets its note-off."""
    padded = np.empty((time, len(shape.columns)), dtype=tokens.dtype)
    padded[:] = [max(field.end, 0) for field in shape.columns]
    padded[: len(tokens)] = tokens
    if len(tokens) < time:
        for line in shape.no_leading:
            events = tokens[:, line.field][tokens[:, line.field] > 0]
            if len(events) and events[-1] in line.onsets:
                padded[len(tokens), line.field] = line.token
    return padded


def stream(score: Score, grid: TimeGrid, lines: Sequence[Line]) -> Stream:
    """Lines side by side, one field each."""
    tracks = tuple(track for line in lines for track in line.tracks)
    return Stream(
        tokens=np.stack([line.tokens for line in lines], axis=1),
        playing=np.stack([~line.silent for line in lines]).astype(np.int64),
        bars=grid.bars,
        tracks=tracks,
        label=list_of_tracks(score, tracks),
        parts=tuple(line.tracks for line in lines),
    )


def decoded(*tracks: Track, bars: int, grid: BarGrid) -> Score:
    """A score of so many bars from tracks in `TICKS_PER_QUARTER`."""
    end = bars * grid.ticks(TICKS_PER_QUARTER)
    return Score(TICKS_PER_QUARTER, tracks, end, meters=(Meter(0, *grid.signature),))


def opening(score: Score, representation: Representation) -> TokenArray:
    """The first bars of a score's first reading, up to the first jump in its bar numbers, padded with rests.

    A score without any note is read as rests.

    Raises:
        MusicaeError: the score has notes and no reading.
    """
    streams, refusals = representation.readings(score)
    shape, bars = representation.shape, representation.bars
    if not streams and not score.silent:
        raise unusable(score, representation, refusals)
    tokens = np.empty((0, len(shape.columns)), dtype=np.int16)
    if streams:
        numbers = streams[0].bars[:bars]
        whole = int((numbers - np.arange(len(numbers)) == numbers[0]).sum())
        tokens = streams[0].tokens[: whole * (representation.window // bars)]
    return pad(tokens, shape, representation.window).reshape(shape.segments, shape.steps, -1)


def bar_shape(
    bars: int,
    *fields: Field,
    conditions: tuple[Field, ...] = (),
    constraints: tuple[Constraint, ...] = (),
    segments: int = 1,
    steps: int,
) -> Shape:
    """The shape of `bars` bars of so many segments each.

    Raises:
        MusicaeError: the number of bars is not 1 to 64.
    """
    if not 1 <= bars <= MOST_BARS:
        raise MusicaeError(f"a window cannot have {bars} bars", f"choose 1 to {MOST_BARS} bars")
    return Shape(bars * segments, steps, fields, conditions, constraints)


def track_number(score: Score, track: int | str | None) -> int | None:
    """The number, from 1, of a track that is given by it or by its name; of several of one name the first.

    Raises:
        MusicaeError: there is no track of that name.
    """
    if track is None or isinstance(track, int):
        return track
    if not isinstance(track, str):
        raise MusicaeError(f"track is {track!r:.60}, not a number or a name", "give its number from 1, or its name")
    found = score.called(track)
    if not found:
        there = list_of_tracks(score, range(len(score.tracks)))
        raise MusicaeError(f"there is no track {shortened(track)!r}", f"there are {there}")
    return found[0] + 1


def in_words(index: int, track: Track) -> str:
    """A track as errors and labels name it, counted from 1, e.g. "track 3 'Lead' (Flute)"."""
    instrument = "drums" if track.is_drum else GENERAL_MIDI[track.program]
    name = f" {shortened(track.name)!r}" if track.name else ""
    return f"track {index + 1}{name} ({instrument})"


def list_of_tracks(score: Score, tracks: Sequence[int]) -> str:
    """Tracks as `in_words` has them, one after the other."""
    return ", ".join(some([in_words(track, score.tracks[track]) for track in tracks]))


def some(words: Sequence[str]) -> list[str]:
    """So many of some words as one can read, and how many more there are."""
    few = list(words[:MOST_WORDS])
    return few if len(words) <= MOST_WORDS else [*few, f"and {len(words) - MOST_WORDS} more"]


def unusable(score: Score, representation: Representation, refusals: Sequence[Refusal]) -> MusicaeError:
    """The error for a score without any stream: what it needs, its tracks, and what each of them would need.

    Of a score without a single bar that can be read, only the meters are named.
    """
    grid = TimeGrid(score, representation.grid)
    of_track = {refusal.track: refusal.remedy for refusal in refusals if refusal.track >= 0}
    needs = [f"it {refusal.remedy}" for refusal in refusals if refusal.track < 0]
    needs += [
        f"{in_words(index, track)} {of_track.get(index, 'can be used')}" for index, track in enumerate(score.tracks)
    ]
    hint = "give a file that has what is missing, or a model of another representation"
    if not grid.time and TOO_LONG not in refusals:  # whatever the tracks would need, the score needs this first
        needs = [f"it {refusal.remedy}" for refusal in grid.refusals]
        meters = ", ".join(representation.grid.held()[:NAMED_METERS])
        hint = f"only bars of {representation.grid} are read ({meters}): change the meter, or give another file"
    return MusicaeError(f"no {representation.name} in the score: {'; '.join(some(needs))}", hint)
