"""Keys: which of the 24 a score is in."""

from __future__ import annotations

import numpy as np

from musicae.music.score import Score

MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
"""How well each pitch class fits a key, from its tonic upwards (Krumhansl and Kessler 1982)."""

PROFILES = np.array([np.roll(profile, tonic) for profile in (MAJOR, MINOR) for tonic in range(12)])

NO_KEY = -1


def key(score: Score) -> int:
    """The tonic of a major key, or 12 more than that of a minor one; `NO_KEY` where nothing pitched sounds.

    The key whose profile correlates best with the time that every pitch class sounds (Krumhansl 1990).
    """
    sounding = np.zeros(12)
    for track in score.tracks:
        if not track.is_drum:
            np.add.at(sounding, track.notes.pitch % 12, track.notes.end - track.notes.start)
    if np.ptp(sounding) == 0:
        return NO_KEY
    return int(np.corrcoef(sounding, PROFILES)[0, 1:].argmax())
