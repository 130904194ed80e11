"""Chords beside the tokens: the field that conditions on them, and what notes become under another chord."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Integer

from musicae.music.chords import CHORD_CLASSES, QUALITIES, of_class
from musicae.music.representations.base import CHORD, SHIFTS, Field


def reharmonized(
    tokens: Integer[np.ndarray, " vocabulary"], pitched: Bool[np.ndarray, " vocabulary"]
) -> Integer[np.ndarray, "chord triad vocabulary"]:
    """What tokens become when a chord turns into another triad on its root: notes on its third and fifth move along.

    Args:
        pitched: which of them are notes; their pitch is what is left of them by 128.
    """
    pitches = tokens % 128
    table = np.tile(tokens, (CHORD_CLASSES, len(QUALITIES), 1))
    for chord, quality in np.ndindex(CHORD_CLASSES, len(QUALITIES)):
        for tone, interval in of_class(chord).moved(QUALITIES[quality]).items():
            inside = (pitches + interval >= 0) & (pitches + interval < 128)
            table[chord, quality, pitched & (pitches % 12 == tone) & inside] += interval
    return table


def chord_field() -> Field:
    """No chord, and four triads on twelve roots, which follow a transposition around."""
    table = [[of_class(index).transpose(shift).index for index in range(CHORD_CLASSES)] for shift in SHIFTS]
    turned = [[of_class(index).turn(quality).index for index in range(CHORD_CLASSES)] for quality in QUALITIES]
    return Field(
        name=CHORD,
        vocabulary=CHORD_CLASSES,
        features=np.eye(CHORD_CLASSES, dtype=np.float32),
        transposition=np.array(table),
        onsets=range(0),
        reharmonization=np.tile(turned, (CHORD_CLASSES, 1, 1)),
    )
