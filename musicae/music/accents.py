"""Metrical accents: notes that start on the beats of a bar are louder than those between them.

How strong the places of a bar are follows the metrical grid of Lerdahl and Jackendoff (1983), A Generative Theory of
Tonal Music: the bar line, then the beats, then their halves (of 6/8, whose beats have three eighths, their eighths),
then all else.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Integer

from musicae.music.score import Meter, Notes, Score

STRENGTHS = (14, 7, 0, -8)
"""What is added to velocities: on the bar line, on beats, on their halves, and elsewhere."""


def accented(score: Score) -> Score:
    """A score whose notes are louder or softer by where in its bars they start, which all are of its first meter."""
    levels = np.array(_levels(score.meters[0], score.ticks_per_quarter))
    return replace(score, tracks=tuple(replace(one, notes=_accented(one.notes, levels)) for one in score.tracks))


def _accented(notes: Notes, levels: Integer[np.ndarray, " level"]) -> Notes:
    reached = notes.start[:, None] % levels == 0
    louder = np.where(reached.any(axis=1), np.array(STRENGTHS)[reached.argmax(axis=1)], STRENGTHS[-1])
    return replace(notes, velocity=np.clip(notes.velocity + louder, 1, 127).astype(notes.velocity.dtype))


def _levels(meter: Meter, ticks_per_quarter: int) -> tuple[int, int, int]:
    """Ticks of a bar, of a beat and of the parts of a beat that come next."""
    unit = max(4 * ticks_per_quarter // meter.denominator, 1)
    compound = meter.denominator >= 8 and meter.numerator > 3 and meter.numerator % 3 == 0
    return unit * meter.numerator, unit * (3 if compound else 1), unit if compound else max(unit // 2, 1)
