"""Samples from the prior: whether they are distributed like music that was held out, and whether they are new.

Features are compared as histograms over all notes, or over all windows, of samples and of held-out windows, by the
overlapping area and the Kullback-Leibler divergence (after Yang and Lerch 2020, "On the evaluation of generative models
in music", whose features these are in part).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64, Integer
from torch import Tensor

from musicae.clips.draws import draw_chords
from musicae.evaluation.held_out import Advance, Hashes, Tokens, Windows, hashes_of, no_progress
from musicae.evaluation.ngram import Language
from musicae.model import Model
from musicae.music.attributes import ATTRIBUTES
from musicae.music.chords import progression
from musicae.music.representations.time_grid import STEPS_PER_QUARTER, to_steps
from musicae.music.score import Notes, Score

SMOOTHING = 0.5
"""Counts added to every bin before a divergence is taken, so that empty bins cost a finite price."""

Values = Float[np.ndarray, " _"]
Histogram = Float[np.ndarray, " bin"]
Heard = Int64[Tensor, "heard segment step field"]
Known = Integer[np.ndarray, "known segment step field"]


@dataclass(frozen=True)
class Likeness:
    """How alike a feature is distributed in samples and in held-out windows.

    Attributes:
        overlap: the area that both histograms cover, from 0 to 1.
        divergence: KL(samples || held out) in nats.
        edges: of the bins.
        samples, held_out: share of the values in every bin.
    """

    overlap: float
    divergence: float
    edges: list[float]
    samples: list[float]
    held_out: list[float]


@dataclass(frozen=True)
class Samples:
    """What draws from the prior are worth.

    Attributes:
        likeness: by feature.
        repeated: share of the samples that are equal to an earlier one.
        nearest: mean share of tokens that differ between a sample and the most similar of some training windows.
        nearest_real: the same for held-out windows, which nobody can have learned by heart.
        known: how many training windows were looked through for copies.
        copies: share of the samples that are one of them, in any key.
    """

    samples: int
    likeness: dict[str, Likeness]
    repeated: float
    nearest: float
    nearest_real: float
    known: int
    copies: float


def measure(
    model: Model,
    real: Windows,
    heard: Heard,
    language: Language | None = None,
    known: Hashes | None = None,
    *,
    samples: int = 256,
    temperature: float = 0.5,
    seed: int = 0,
    progress: Advance = no_progress,
) -> Samples:
    """Draws from the prior, each under a chord of its own if the model is told chords.

    Args:
        real: held-out windows.
        heard: training windows, among which the nearest one is sought.
        language: of windows of steps, for the feature "cost".
        known: hashes of the windows that samples may be copies of; those of `heard` if none are given.
        progress: hears of every sample drawn.
    """
    chords = [progression(chord) for chord in draw_chords(model, samples, seed)] or [[]] * samples
    told = np.stack([model.representation.condition_of(chord) for chord in chords])
    drawn = model.decode(model.prior(samples, seed), told, temperature=temperature, seed=seed)
    progress(samples)
    ours, theirs = features(model.scores(drawn)), features(model.scores(real.numpy()))
    if language:
        ours["cost"], theirs["cost"] = language.cost(drawn), language.cost(real.numpy())
    fields = len(model.representation.shape.fields)
    new, held_out, some = (windows[..., :fields].astype(np.int16) for windows in (drawn, real.numpy(), heard.numpy()))
    known = hashes_of(model, heard.numpy()) if known is None else known
    return Samples(
        samples,
        {name: likeness(values, theirs[name], BINS.get(name)) for name, values in ours.items()},
        repeated=1 - len(np.unique(new.reshape(samples, -1), axis=0)) / samples,
        nearest=float(nearest(new, some).mean()),
        nearest_real=float(nearest(held_out, some).mean()),
        known=len(known),
        copies=float(np.isin(hashes_of(model, drawn), known).mean()),
    )


def features(scores: Sequence[Score]) -> dict[str, Values]:
    """Every feature over all notes, or over all scores."""
    per_note = {name: [feature(score) for score in scores] for name, feature in OF_NOTES.items()}
    found = {name: np.concatenate([np.zeros(0), *values]) for name, values in per_note.items()}
    return {**found, "density": np.array([ATTRIBUTES["density"](score) for score in scores])}


def likeness(ours: Values, theirs: Values, bins: Values | None = None) -> Likeness:
    """How alike two sets of values are; without bins, twenty between their least and their largest value."""
    if bins is None:
        bins = np.linspace(theirs.min(), theirs.max() + 1e-9, 21)
    p, q = (np.histogram(values.clip(bins[0], bins[-1]), bins)[0].astype(float) for values in (ours, theirs))
    shares, smooth = ([_shares(counts + extra) for counts in (p, q)] for extra in (0.0, SMOOTHING))
    overlap, divergence = np.minimum(*shares).sum(), (smooth[0] * np.log(smooth[0] / smooth[1])).sum()
    return Likeness(float(overlap), float(divergence), bins.tolist(), *(share.tolist() for share in shares))


def nearest(windows: Tokens, among: Known) -> Float[np.ndarray, " window"]:
    """The share of tokens in which every window differs from the one most like it."""
    known = among.reshape(len(among), -1)
    return np.array([(known != window.ravel()).mean(1).min() for window in windows])


def _shares(counts: Histogram) -> Histogram:
    return counts / max(counts.sum(), 1.0)


def _notes(score: Score) -> Notes:
    """The notes of the first pitched track that has any, or of the drums; those of a trio's melody, say."""
    tracks = sorted((track for track in score.tracks if len(track.notes)), key=lambda track: track.is_drum)
    return tracks[0].notes if tracks else Notes.of([])


def _steps(ticks: Integer[np.ndarray, " note"], score: Score) -> Values:
    return to_steps(ticks, score.ticks_per_quarter).astype(float)


OF_NOTES: dict[str, Callable[[Score], Values]] = {
    "pitch": lambda score: _notes(score).pitch.astype(float),
    "interval": lambda score: np.diff(_notes(score).pitch).astype(float),
    "duration": lambda score: _steps(_notes(score).end - _notes(score).start, score),
    "onset": lambda score: _steps(_notes(score).start, score) % (4 * STEPS_PER_QUARTER),
}
"""Per note: its pitch, semitones from the note before it, sixteenths that it lasts, the sixteenth of its bar."""

BINS: dict[str, Values] = {
    "pitch": np.arange(129) - 0.5,
    "interval": np.arange(-24, 26) - 0.5,
    "duration": np.arange(34) - 0.5,
    "onset": np.arange(17) - 0.5,
    "density": np.linspace(0, 1, 33),
}
"""Edges of the histograms; what lies beyond the last ones is counted there."""
