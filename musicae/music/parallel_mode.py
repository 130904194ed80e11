"""Music in the parallel mode: in major instead of minor, or the other way around, on the same tonic.

Of two parallel modes the thirds, sixths and sevenths differ. In minor the seventh is the leading tone of major where
the dominant sounds, as harmonic minor has it: half a bar at a time, it goes along with the melody, and where that has
none, stays where the second degree sounds for longer than the third (V and vii; not I and iii). A note is what it is
where it starts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Integer

from musicae.music.arrangement import without_doubles
from musicae.music.score import Notes, Score
from musicae.music.transposition import HIGHEST_PITCH, OCTAVE

DEGREES = {4: 3, 9: 8, 11: 10}
"""Semitones above the tonic, of major, and of natural minor instead."""

SECOND, THIRD, SEVENTH, LEADING = 2, 4, 10, 11


def in_parallel_mode(score: Score, tonic: int, *, minor: bool, melody: Notes) -> Score:
    """A score in minor or in major; drums stay.

    Args:
        tonic: from 0 (C) to 11.
        melody: of the score in that mode.
    """
    pitched = Notes.join([track.notes for track in score.tracks if not track.is_drum])
    halves = np.array([*_half_bars(score)])
    edges = [*halves.tolist(), max(score.end, int(halves[-1]) + 1)]
    leading = np.array([_leads(tonic, melody, pitched, start, end) for start, end in pairwise(edges)])
    tracks = []
    for track in score.tracks:
        if not track.is_drum and len(track.notes):
            degree = (track.notes.pitch - tonic) % OCTAVE
            stays = leading[np.searchsorted(halves, track.notes.start, side="right") - 1]
            pitch = track.notes.pitch + _steps(degree, stays, minor)
            pitch = pitch + OCTAVE * ((pitch < 0).astype(int) - (pitch > HIGHEST_PITCH))
            track = replace(track, notes=without_doubles(replace(track.notes, pitch=pitch)))
        tracks.append(track)
    return replace(score, tracks=tuple(tracks))


def _steps(
    degree: Integer[np.ndarray, " note"], stays: Bool[np.ndarray, " note"], minor: bool
) -> Integer[np.ndarray, " note"]:
    """By how many semitones every note is moved.

    Args:
        stays: whether it is a leading tone there, if it is a seventh of major.
    """
    if minor:
        return -(np.isin(degree, [*DEGREES]) & ~(stays & (degree == LEADING))).astype(int)
    return np.isin(degree, [*DEGREES.values()]).astype(int)


def _leads(tonic: int, melody: Notes, pitched: Notes, start: int, end: int) -> bool:
    """Whether the seventh is a leading tone from one tick to another."""
    sung = _durations(melody, tonic, start, end)
    if sung[LEADING] or sung[SEVENTH]:
        return bool(sung[LEADING] >= sung[SEVENTH])
    played = _durations(pitched, tonic, start, end)
    return bool(played[SECOND] > played[THIRD])


def _durations(notes: Notes, tonic: int, start: int, end: int) -> Integer[np.ndarray, " degree"]:
    """For how many ticks every degree sounds from one tick to another."""
    ticks = np.clip(np.minimum(notes.end, end) - np.maximum(notes.start, start), 0, None)
    return np.bincount((notes.pitch - tonic) % OCTAVE, ticks, OCTAVE).astype(int)


def _half_bars(score: Score) -> Iterator[int]:
    """Where halves of bars begin, or whole ones where a bar has no halves; of short bars, several as one."""
    ends = [*(meter.tick for meter in score.meters[1:]), max(score.end, 1)]
    for meter, end in zip(score.meters, ends, strict=True):
        bar = max(4 * score.ticks_per_quarter * meter.numerator // meter.denominator, 1)
        halved = meter.numerator % 2 == 0 and bar >= 3 * score.ticks_per_quarter
        part = bar // 2 if halved else bar
        yield from range(meter.tick, end, part * max(2 * score.ticks_per_quarter // part, 1))
