"""One code, many decodings: what a code determines, and what is left to chance.

Decodings of one code at temperature 1 are compared with each other, and with those of other codes: what is common
only within a code is what the code determines.
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
from musicae.corpus.discover import Progress, no_progress
from musicae.errors import MusicaeError
from musicae.evaluation.held_out import decode_all
from musicae.model import Model
from musicae.music.key import NO_KEY, key_index
from musicae.music.note_distance import Onset, note_f1, rhythm_of
from musicae.music.score import Score


class Traits(NamedTuple):
    """What is compared of a score: its key, and what starts when on which instrument."""

    key: int
    rhythm: Counter[Onset]


TraitPairs = Sequence[tuple[Traits, Traits]]


@dataclass(frozen=True)
class Similarity:
    """How much pairs of decodings have in common.

    Attributes:
        same_key: share of the pairs in one key, among those in which both have one; None if there are none.
        rhythm_f1: F1 of the onsets, by instrument and time.
    """

    same_key: float | None
    rhythm_f1: float


@dataclass(frozen=True)
class Consistency:
    """Pairs of decodings of one code, and of different codes."""

    same_code: Similarity
    different_codes: Similarity


def measure_consistency(
    model: Model,
    *,
    codes: int = 64,
    decodings: int = 8,
    seed: int = 0,
    progress: Progress = no_progress,
) -> Consistency:
    """Decodes draws of the sampler several times each; where the model is conditioned on chords, under one chord.

    Raises:
        MusicaeError: there are fewer than two codes, or fewer than two decodings of each.
    """
    for what, count in (("codes", codes), ("decodings", decodings)):
        if count < 2:
            raise MusicaeError(f"{count} {what} cannot be compared with each other", f"ask for 2 {what} or more")
    z = model.sample_codes(codes, seed).repeat_interleave(decodings, 0)
    (chords,) = draw_chords(model, 1, seed)
    condition = torch.from_numpy(model.representation.condition_of(chords))[None].expand(len(z), -1, -1, -1)
    with progress("decoding again", len(z)) as done:
        tokens = decode_all(model, z, condition, temperature=1.0, seed=seed, done=done)
    traits = list(map(traits_of, model.scores(tokens)))
    rows = [traits[start : start + decodings] for start in range(0, len(traits), decodings)]
    within = [pair for row in rows for pair in combinations(row, 2)]
    across = [
        pair for row, other in zip(rows, rows[1:] + rows[:1], strict=True) for pair in zip(row, other, strict=True)
    ]
    return Consistency(similarity(within), similarity(across))


def traits_of(score: Score) -> Traits:
    """What is compared of a score."""
    return Traits(key_index(score), rhythm_of(score))


def similarity(pairs: TraitPairs) -> Similarity:
    """What pairs have in common."""
    keys = np.array([(a.key, b.key) for a, b in pairs])
    both = keys[(keys != NO_KEY).all(1)]
    same_key = float((both[:, 0] == both[:, 1]).mean()) if len(both) else None
    return Similarity(same_key, note_f1((a.rhythm, b.rhythm) for a, b in pairs))
