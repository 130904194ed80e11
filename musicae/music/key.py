"""Keys: which of the 24 a score is in."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float, Integer

from musicae.music.score import Score

MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
"""How well each pitch class fits a key, from its tonic upwards (Krumhansl and Kessler 1982)."""

PROFILES = np.array([np.roll(profile, tonic) for profile in (MAJOR, MINOR) for tonic in range(12)])

MAJOR_SCALE = (0, 2, 4, 5, 7, 9, 11)
NO_KEY = -1

CLEAR = 0.05
"""How much better a mode must fit than the other one to be called clear."""


def key(score: Score) -> int:
    """The tonic of a major key, or 12 more than that of a minor one; `NO_KEY` where nothing pitched sounds.

    The key whose profile correlates best with the time that every pitch class sounds (Krumhansl 1990).
    """
    fits = _fits(score)
    return NO_KEY if fits is None else int(fits.argmax())


def mode(score: Score) -> float:
    """0 for major, 1 for minor; NaN where the best key of either fits about as well as the best of the other."""
    fits = _fits(score)
    if fits is None:
        return math.nan
    major, minor = fits.reshape(2, 12).max(1)
    return math.nan if abs(major - minor) < CLEAR else float(minor > major)


def in_one_key(score: Score) -> bool:
    """Whether all pitched notes belong to one major scale, on whatever tonic."""
    used = {int(pitch) % 12 for track in score.tracks if not track.is_drum for pitch in track.notes.pitch}
    return any(used <= {(tonic + step) % 12 for step in MAJOR_SCALE} for tonic in range(12))


def foreign_share(score: Score) -> float:
    """Share of the pitched notes that are not in the major scale, on whatever tonic, that has most of them."""
    pitches = [track.notes.pitch for track in score.tracks if not track.is_drum and len(track.notes)]
    return 1 - scale_share(np.concatenate(pitches)) if pitches else 0.0


def scale_share(pitches: Integer[np.ndarray, " note"]) -> float:
    """Share of some pitches that are in the major scale, on whatever tonic, that has most of them; 0 of none."""
    classes = np.bincount(pitches % 12, minlength=12)
    most = max(int(classes[(tonic + np.array(MAJOR_SCALE)) % 12].sum()) for tonic in range(12))
    return most / len(pitches) if len(pitches) else 0.0


def _fits(score: Score) -> Float[np.ndarray, " key"] | None:
    """The correlation of every key's profile with the time that every pitch class sounds; None if all sound alike."""
    sounding = np.zeros(12)
    for track in score.tracks:
        if not track.is_drum:
            np.add.at(sounding, track.notes.pitch % 12, track.notes.end - track.notes.start)
    return None if np.ptp(sounding) == 0 else np.corrcoef(sounding, PROFILES)[0, 1:]
