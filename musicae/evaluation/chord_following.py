"""Chords: whether music follows the chord that it is conditioned on, and what stays when the chord changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import torch

from musicae.corpus.discover import Progress, no_progress
from musicae.evaluation.held_out import decode_all
from musicae.evaluation.types import Advance, WindowTensor
from musicae.model import Codes, Model
from musicae.music.chords import QUALITIES, Chord, progression
from musicae.music.note_distance import instruments_of, note_f1, rhythm_of
from musicae.music.representations.time_grid import bar_of
from musicae.music.score import Score

TRITONE = 6
STYLE_CHORDS = ("C", "Am", "F", "G")
"""The chords under which the style of a code is compared."""


@dataclass(frozen=True)
class ChordShares:
    """Shares of the sounding time of pitched notes that belong to a chord's tones; None where nothing sounds.

    Attributes:
        conditioned: where the decoder is conditioned on the chord.
        tritone: where it is conditioned on the chord a tritone from it instead, the control.
        held_out: in the bars of held-out windows that have such a chord.
    """

    conditioned: float | None
    tritone: float | None
    held_out: float | None


@dataclass(frozen=True)
class StyleInvariance:
    """What a code determines whatever the chord, decoded under `STYLE_CHORDS` by argmax.

    Attributes:
        same_instruments: share of the codes with the same instruments under all chords.
        rhythm_f1_across_chords: F1 of the onsets, by instrument and time, between the decodings of a code.
        rhythm_f1_across_codes: the same between different codes under one chord.
    """

    same_instruments: float
    rhythm_f1_across_chords: float
    rhythm_f1_across_codes: float


@dataclass(frozen=True)
class ChordFollowing:
    """How a model follows chords: shares by quality, and what stays whatever the chord."""

    samples: int
    temperature: float
    shares: dict[str, ChordShares]
    invariance: StyleInvariance


def measure_chord_following(
    model: Model,
    tokens: WindowTensor,
    *,
    samples: int = 256,
    temperature: float = 0.5,
    seed: int = 0,
    progress: Progress = no_progress,
) -> ChordFollowing:
    """Decodes draws of the sampler under chords of every quality on random roots.

    Args:
        tokens: held-out windows.

    Raises:
        MusicaeError: the model is not conditioned on chords.
    """
    model.require_chords()
    z, roots = model.sample_codes(samples, seed), np.random.default_rng(seed).integers(12, size=samples).tolist()
    chords = [model.representation.chords_of(window) for window in tokens.numpy()]
    real = list(zip(model.scores(tokens.numpy()), chords, strict=True))
    shares = {}
    with progress("changing chords", samples * (2 * len(QUALITIES) + len(STYLE_CHORDS))) as done:
        for quality in QUALITIES:
            asked = [Chord(root, quality) for root in roots]
            by_bar = [[chord] * model.representation.bars for chord in asked]
            followed = decode_under(model, z, asked, temperature, seed, done)
            control = decode_under(model, z, [chord.transpose(TRITONE) for chord in asked], temperature, seed, done)
            shares[quality] = ChordShares(
                time_on_chord(list(zip(followed, by_bar, strict=True)), quality),
                time_on_chord(list(zip(control, by_bar, strict=True)), quality),
                time_on_chord(real, quality),
            )
        return ChordFollowing(samples, temperature, shares, measure_invariance(model, z, done))


def measure_invariance(model: Model, z: Codes, done: Advance = lambda _: None) -> StyleInvariance:
    """What stays of codes under different chords."""
    scores = [decode_under(model, z, progression(chord) * len(z), 0.0, 0, done) for chord in STYLE_CHORDS]
    rhythms = [[rhythm_of(score) for score in row] for row in scores]
    same = [len({instruments_of(score) for score in column}) == 1 for column in zip(*scores, strict=True)]
    across_chords = [pair for column in zip(*rhythms, strict=True) for pair in combinations(column, 2)]
    across_codes = [pair for row in rhythms for pair in zip(row, row[1:] + row[:1], strict=True)]
    return StyleInvariance(float(np.mean(same)), note_f1(across_chords), note_f1(across_codes))


def decode_under(
    model: Model, z: Codes, chords: Sequence[Chord], temperature: float, seed: int, done: Advance = lambda _: None
) -> list[Score]:
    """Codes decoded, each under a chord of its own in all its bars."""
    bars = model.representation.bars
    condition = torch.stack([torch.from_numpy(model.representation.condition_of([chord] * bars)) for chord in chords])
    return model.scores(decode_all(model, z, condition, temperature=temperature, seed=seed, done=done))


def time_on_chord(played: Sequence[tuple[Score, Sequence[Chord]]], quality: str) -> float | None:
    """The share of the time of pitched notes that is spent on tones of the chord, in bars with chords of a quality.

    A note belongs to the bar in which it starts; None where nothing sounds.
    """
    inside = total = 0
    for score, chords in played:
        belongs = np.array([[pitch % 12 in chord.tones for pitch in range(128)] for chord in chords])
        counts = np.array([chord.root >= 0 and chord.quality == quality for chord in chords])
        for track in score.tracks:
            if not track.is_drum:
                bar = track.notes.start // bar_of(score).ticks(score.ticks_per_quarter)
                length = (track.notes.end - track.notes.start) * counts[bar]
                inside += int((length * belongs[bar, track.notes.pitch]).sum())
                total += int(length.sum())
    return inside / total if total else None
