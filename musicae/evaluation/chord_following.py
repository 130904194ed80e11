"""Chords: whether what is decoded follows the chord that it is decoded under, and keeps everything else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import torch

from musicae.evaluation.held_out import Advance, Codes, Windows, decoded, no_progress
from musicae.evaluation.note_distance import instruments, note_f1, rhythm
from musicae.model import Model
from musicae.music.chords import QUALITIES, Chord, progression
from musicae.music.score import Score

TRITONE = 6
UNDER = ("C", "Am", "F", "G")
"""The chords under which the style of a code is compared."""


@dataclass(frozen=True)
class Shares:
    """Shares of the sounding time of pitched notes that belong to a chord's tones; None where nothing sounds.

    Attributes:
        asked: where the decoder is told the chord.
        wrong: where it is told the chord a tritone away instead.
        real: in the bars of held-out windows that have such a chord.
    """

    asked: float | None
    wrong: float | None
    real: float | None


@dataclass(frozen=True)
class Kept:
    """What stays of a code under `UNDER`, decoded by argmax.

    Attributes:
        same_instruments: share of the codes with the same instruments under all chords.
        across_chords: F1 of the onsets, by instrument and time, between the decodings of a code.
        across_codes: the same between different codes under one chord.
    """

    same_instruments: float
    across_chords: float
    across_codes: float


@dataclass(frozen=True)
class Chords:
    """How a model follows chords: shares by quality, and what stays."""

    samples: int
    temperature: float
    shares: dict[str, Shares]
    kept: Kept


def measure(
    model: Model,
    tokens: Windows,
    *,
    samples: int = 256,
    temperature: float = 0.5,
    seed: int = 0,
    progress: Advance = no_progress,
) -> Chords:
    """Decodes draws from the prior under chords of every quality on random roots; `progress` hears of each decoding.

    Args:
        tokens: held-out windows.

    Raises:
        MusicaeError: the model is told no chords.
    """
    model.require_chords()
    z, roots = model.prior(samples, seed), np.random.default_rng(seed).integers(12, size=samples).tolist()
    heard = [model.representation.chords_of(window) for window in tokens.numpy()]
    real = list(zip(model.scores(tokens.numpy()), heard, strict=True))
    shares = {}
    for quality in QUALITIES:
        asked = [Chord(root, quality) for root in roots]
        right, wrong = (
            under(model, z, [chord.transpose(away) for chord in asked], temperature, seed, progress)
            for away in (0, TRITONE)
        )
        bars = [[chord] * model.representation.bars for chord in asked]
        told, misled = (time_on(list(zip(scores, bars, strict=True)), quality) for scores in (right, wrong))
        shares[quality] = Shares(told, misled, time_on(real, quality))
    return Chords(samples, temperature, shares, kept(model, z, progress=progress))


def decodings(samples: int) -> int:
    """How many windows `measure` decodes."""
    return samples * (2 * len(QUALITIES) + len(UNDER))


def kept(model: Model, z: Codes, *, progress: Advance = no_progress) -> Kept:
    """What stays of codes under different chords."""
    scores = [under(model, z, progression(chord) * len(z), 0.0, 0, progress) for chord in UNDER]
    rhythms = [[rhythm(score) for score in row] for row in scores]
    same = [len({instruments(score) for score in column}) == 1 for column in zip(*scores, strict=True)]
    chords = [pair for column in zip(*rhythms, strict=True) for pair in combinations(column, 2)]
    codes = [pair for row in rhythms for pair in zip(row, row[1:] + row[:1], strict=True)]
    return Kept(float(np.mean(same)), note_f1(chords), note_f1(codes))


def under(
    model: Model, z: Codes, chords: Sequence[Chord], temperature: float, seed: int, progress: Advance = no_progress
) -> list[Score]:
    """Codes decoded, each under a chord of its own in all its bars."""
    bars = model.representation.bars
    told = torch.stack([torch.from_numpy(model.representation.condition_of([c] * bars)) for c in chords])
    return model.scores(decoded(model, z, told, temperature=temperature, seed=seed, progress=progress))


def time_on(played: Sequence[tuple[Score, Sequence[Chord]]], quality: str) -> float | None:
    """The share of the time of pitched notes that is spent on tones of the chord, in bars with chords of a quality.

    Bars have four quarters, and a note belongs to the bar in which it starts; None where nothing sounds.
    """
    inside = total = 0
    for score, chords in played:
        belongs = np.array([[pitch % 12 in chord.tones for pitch in range(128)] for chord in chords])
        counts = np.array([chord.root >= 0 and chord.quality == quality for chord in chords])
        for track in score.tracks:
            if not track.is_drum:
                bar = track.notes.start // (4 * score.ticks_per_quarter)
                length = (track.notes.end - track.notes.start) * counts[bar]
                inside += int((length * belongs[bar, track.notes.pitch]).sum())
                total += int(length.sum())
    return inside / total if total else None
