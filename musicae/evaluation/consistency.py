"""One code, many decodings: what a code settles, and what is left to chance.

Decodings of one code at temperature 1 are compared with each other, and with those of other codes: what agrees only
within a code is what the code says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np
import torch

from musicae.clips.draws import draw_chords
from musicae.evaluation.held_out import Advance, decoded, no_progress
from musicae.evaluation.note_distance import Onset, note_f1, rhythm
from musicae.model import Model
from musicae.music.chords import progression
from musicae.music.key import NO_KEY, key
from musicae.music.score import Score


class Heard(NamedTuple):
    """The key of a score, and what starts when on which instrument."""

    key: int
    rhythm: Counter[Onset]


Pairs = Sequence[tuple[Heard, Heard]]


@dataclass(frozen=True)
class Agreement:
    """How much pairs of decodings have in common.

    Attributes:
        key: share of the pairs in one key, among those in which both have one; None if there are none.
        rhythm: F1 of the onsets, by instrument and time.
    """

    key: float | None
    rhythm: float


@dataclass(frozen=True)
class Agreements:
    """Pairs of decodings of one code, and of different codes."""

    within: Agreement
    across: Agreement


def measure(
    model: Model,
    *,
    codes: int = 64,
    decodings: int = 8,
    temperature: float = 1.0,
    seed: int = 0,
    progress: Advance = no_progress,
) -> Agreements:
    """Decodes draws from the prior several times each; `progress` hears of every decoding.

    Where the model is told chords, all are under one chord.
    """
    z = model.prior(codes, seed).repeat_interleave(decodings, 0)
    chords = [progression(chord) for chord in draw_chords(model, 1, seed)] or [[]]
    told = torch.from_numpy(model.representation.condition_of(chords[0]))[None].expand(len(z), -1, -1, -1)
    scores = model.scores(decoded(model, z, told, temperature=temperature, seed=seed, progress=progress))
    heard = list(map(hear, scores))
    rows = [heard[start : start + decodings] for start in range(0, len(heard), decodings)]
    within = [pair for row in rows for pair in combinations(row, 2)]
    others = rows[1:] + rows[:1]
    across = [pair for row, other in zip(rows, others, strict=True) for pair in zip(row, other, strict=True)]
    return Agreements(agreement(within), agreement(across))


def hear(score: Score) -> Heard:
    """What is compared of a score."""
    return Heard(key(score), rhythm(score))


def agreement(pairs: Pairs) -> Agreement:
    """What pairs have in common."""
    keys = np.array([(a.key, b.key) for a, b in pairs])
    both = keys[(keys != NO_KEY).all(1)]
    same_key = float((both[:, 0] == both[:, 1]).mean()) if len(both) else None
    return Agreement(same_key, note_f1((a.rhythm, b.rhythm) for a, b in pairs))
