"""Music in the parallel mode: in major instead of minor, or the other way around, on the same tonic.

Of two parallel modes the thirds, sixths and sevenths differ. In minor a seventh is the leading tone of major where the
dominant sounds, as harmonic minor has it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Integer

from musicae.music.arrangement import without_doubles
from musicae.music.score import Notes, Score
from musicae.music.transposition import HIGHEST_PITCH, OCTAVE

DEGREES = {4: 3, 9: 8, 11: 10}
"""Semitones above the tonic, of major, and of natural minor instead."""

LEADING, SEVENTH, FIFTH, THIRD = 11, 10, 7, 4

NoteDegrees = Integer[np.ndarray, " note"]


def in_parallel_mode(score: Score, tonic: int, *, minor: bool, melody: Notes) -> Score:
    """A score in minor or in major; drums stay.

    Args:
        tonic: from 0 (C) to 11.
        melody: of the score in that mode, whose sevenths others go along with.
    """
    pitched = Notes.join([track.notes for track in score.tracks if not track.is_drum])
    tracks = []
    for track in score.tracks:
        if not track.is_drum and len(track.notes):
            degree = (track.notes.pitch - tonic) % 12
            if minor:
                pitch = track.notes.pitch - _lowered(track.notes, degree, tonic, pitched, melody)
            else:
                pitch = track.notes.pitch + np.isin(degree, [*DEGREES.values()])
            pitch = pitch + OCTAVE * ((pitch < 0).astype(int) - (pitch > HIGHEST_PITCH))
            track = replace(track, notes=without_doubles(replace(track.notes, pitch=pitch)))
        tracks.append(track)
    return replace(score, tracks=tuple(tracks))


def _lowered(notes: Notes, degree: NoteDegrees, tonic: int, pitched: Notes, melody: Notes) -> Bool[np.ndarray, " note"]:
    """Which notes go down: all that minor has lower, but for leading tones of the melody, or else of the dominant."""
    lower = np.isin(degree, [*DEGREES])
    for place in np.flatnonzero(degree == LEADING).tolist():
        start, end = int(notes.start[place]), int(notes.end[place])
        of_melody = _degrees_between(melody, start, end, tonic)
        if of_melody & {LEADING, SEVENTH}:
            lower[place] = LEADING not in of_melody
        else:
            beside = _degrees_between(pitched, start, end, tonic)
            lower[place] = FIFTH not in beside or THIRD in beside
    return lower


def _degrees_between(notes: Notes, start: int, end: int, tonic: int) -> set[int]:
    """The degrees of the notes that sound at some time."""
    return set(((notes.pitch[(notes.start < end) & (notes.end > start)] - tonic) % 12).tolist())
