"""Whether windows hang together as music does: one key, small steps, and bars that come back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Integer

from musicae.model import WindowTokens
from musicae.music.key import in_one_key
from musicae.music.representations.base import Representation
from musicae.music.score import Notes, Score

FIFTH = 7
"""In semitones: a larger interval is a leap."""


def coherence(scores: Sequence[Score], windows: WindowTokens, representation: Representation) -> dict[str, float]:
    """Means over windows, or over their notes or bars.

    Args:
        scores: the music of the windows.

    Returns:
        `one_key`, the share of the windows that lie wholly in one major scale; `leaps`, the share of the intervals of
        their first pitched tracks that are larger than a fifth; `recurrence`, the share of the steps of a bar that
        stand in the bar most like it. Only what there is: of drums neither keys nor intervals, of one bar no other.
    """
    found: dict[str, float] = {}
    pitched = [score for score in scores if any(len(track.notes) and not track.is_drum for track in score.tracks)]
    if pitched:
        found["one_key"] = float(np.mean([in_one_key(score) for score in pitched]))
        intervals = np.concatenate([np.diff(leading_notes(score).pitch) for score in pitched])
        if len(intervals):
            found["leaps"] = float((np.abs(intervals) > FIFTH).mean())
    if representation.bars > 1 and len(windows):
        fields = len(representation.shape.fields)
        found["recurrence"] = recurrence(windows[..., :fields].reshape(len(windows), representation.bars, -1, fields))
    return found


def recurrence(bars: Integer[np.ndarray, "window bar step field"]) -> float:
    """The mean share of the steps of a bar that are alike in the bar of its window that is most like it."""
    count = bars.shape[1]
    alike = (bars[:, :, None] == bars[:, None]).all(-1).mean(-1)
    alike[:, np.arange(count), np.arange(count)] = -1
    return float(alike.max(-1).mean())


def leading_notes(score: Score) -> Notes:
    """The notes of the first pitched track that has any, or of the drums; those of a trio's melody, say."""
    tracks = sorted((track for track in score.tracks if len(track.notes)), key=lambda track: track.is_drum)
    return tracks[0].notes if tracks else Notes.of([])
