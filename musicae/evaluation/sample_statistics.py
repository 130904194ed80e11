"""Samples of a model: whether they are distributed like music that was held out, and whether they are new.

Features are compared as histograms over all notes, or over all windows, of samples and of held-out windows, by the
overlapping area and the Kullback-Leibler divergence (after Yang and Lerch 2020, "On the evaluation of generative models
in music", whose features these are in part).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int64, Integer
from torch import Tensor

from musicae.clips.draws import draw_chords
from musicae.corpus.discover import Progress, no_progress
from musicae.evaluation.coherence import coherence, leading_notes
from musicae.evaluation.held_out import Hashes, decode_all, hashes_of
from musicae.evaluation.ngram import WindowNGram
from musicae.evaluation.types import WindowTensor
from musicae.model import Model, WindowTokens
from musicae.music.attributes import ATTRIBUTES
from musicae.music.representations.time_grid import bar_of, to_steps
from musicae.music.score import Score

SMOOTHING = 0.5
"""Counts added to every bin before a divergence is taken, so that empty bins cost a finite price."""

FeatureValues = Float[np.ndarray, " value"]
OtherValues = Float[np.ndarray, " other_value"]
Edges = Float[np.ndarray, " edge"]
Histogram = Float[np.ndarray, " bin"]
SampleTokens = Integer[np.ndarray, "sample segment step field"]
TrainingWindows = Int64[Tensor, "training_window segment step field"]
KnownTokens = Integer[np.ndarray, "training_window segment step field"]


@dataclass(frozen=True)
class FeatureComparison:
    """How a feature is distributed in samples and in held-out windows.

    Attributes:
        overlap: the area that both histograms cover, from 0 to 1.
        kl: KL(samples || held out) in nats.
        edges: of the bins.
        samples, held_out: share of the values in every bin.
    """

    overlap: float
    kl: float
    edges: list[float]
    samples: list[float]
    held_out: list[float]


@dataclass(frozen=True)
class Beside:
    """One number of samples beside that of held-out windows."""

    samples: float
    held_out: float


@dataclass(frozen=True)
class SampleStatistics:
    """Samples beside held-out windows.

    Attributes:
        features: by name, how each is distributed.
        coherence: by name, what `evaluation.coherence` measures.
        duplicates: share of the samples that are equal to an earlier one.
        memorized: share of the samples that are training windows, in any key.
        repeated: share of the windows of held-out songs that are; the data set has left them out.
        training_windows: how many of these were looked through.
        nearest: mean share of tokens that differ between a sample and the most similar of some training windows.
        nearest_held_out: the same for held-out windows, which no model can have memorized.
    """

    samples: int
    features: dict[str, FeatureComparison]
    coherence: dict[str, Beside]
    duplicates: float
    memorized: float
    training_windows: int
    nearest: float
    nearest_held_out: float
    repeated: float = 0.0


def measure_samples(
    model: Model,
    samples: SampleTokens,
    held_out: WindowTensor,
    training: TrainingWindows,
    ngram: WindowNGram | None = None,
    hashes: Hashes | None = None,
    repeated: float = 0.0,
) -> SampleStatistics:
    """How samples (`sample_windows`) are distributed, and whether they are new.

    Args:
        training: windows among which the nearest one is sought.
        ngram: of windows of steps, for the feature "cost".
        hashes: of the windows that samples may be copies of; those of `training` if None.
        repeated: share of the windows of held-out songs that stand in training, too.
    """
    real, fields = held_out.numpy(), len(model.representation.shape.fields)
    sampled, held = model.scores(samples), model.scores(real)
    ours, theirs = features_of(sampled), features_of(held)
    coherent, as_music = (coherence(*of, model.representation) for of in ((sampled, samples), (held, real)))
    if ngram:
        ours["cost"], theirs["cost"] = ngram.cost(samples), ngram.cost(real)
    bins = {**BINS, "onset": np.arange(bar_of(held[0]).steps + 1) - 0.5}
    new, old, known = (windows[..., :fields].astype(np.int16) for windows in (samples, real, training.numpy()))
    hashes = hashes_of(model, training.numpy()) if hashes is None else hashes
    return SampleStatistics(
        len(samples),
        {name: compare_feature(values, theirs[name], bins.get(name)) for name, values in ours.items()},
        {name: Beside(coherent[name], as_music[name]) for name in coherent if name in as_music},
        duplicates=1 - len(np.unique(new.reshape(len(new), -1), axis=0)) / len(new),
        memorized=float(np.isin(hashes_of(model, samples), hashes).mean()),
        training_windows=len(hashes),
        nearest=float(nearest_distances(new, known).mean()),
        nearest_held_out=float(nearest_distances(old, known).mean()),
        repeated=repeated,
    )


def sample_windows(
    model: Model, n: int, *, temperature: float = 0.25, seed: int = 0, progress: Progress = no_progress
) -> WindowTokens:
    """Draws of the sampler, decoded, each under a chord of its own if the model is conditioned on chords."""
    chords = draw_chords(model, n, seed)
    condition = torch.from_numpy(np.stack([model.representation.condition_of(of_sample) for of_sample in chords]))
    with progress("sampling", n) as done:
        z = model.sample_codes(n, seed)
        return decode_all(model, z, condition, temperature=temperature, seed=seed, done=done)


def features_of(scores: Sequence[Score]) -> dict[str, FeatureValues]:
    """Every feature over all notes, or over all scores."""
    per_note = {name: [feature(score) for score in scores] for name, feature in NOTE_FEATURES.items()}
    found = {name: np.concatenate([np.zeros(0), *values]) for name, values in per_note.items()}
    return {**found, "density": np.array([ATTRIBUTES["density"](score) for score in scores])}


def compare_feature(ours: FeatureValues, theirs: OtherValues, bins: Edges | None = None) -> FeatureComparison:
    """How two sets of values are distributed; without bins, in twenty between the least and the largest of theirs."""
    if bins is None:
        bins = np.linspace(theirs.min(), theirs.max() + 1e-9, 21)
    counts = [np.histogram(values.clip(bins[0], bins[-1]), bins)[0].astype(float) for values in (ours, theirs)]
    p, q = map(_normalized, counts)
    smooth_p, smooth_q = (_normalized(count + SMOOTHING) for count in counts)
    overlap, kl = np.minimum(p, q).sum(), (smooth_p * np.log(smooth_p / smooth_q)).sum()
    return FeatureComparison(float(overlap), float(kl), bins.tolist(), p.tolist(), q.tolist())


def nearest_distances(windows: WindowTokens, among: KnownTokens) -> Float[np.ndarray, " window"]:
    """The share of tokens in which every window differs from the one most like it."""
    known = among.reshape(len(among), -1)
    return np.array([(known != window.ravel()).mean(1).min() for window in windows])


def _normalized(counts: Histogram) -> Histogram:
    return counts / max(counts.sum(), 1.0)


def _steps(ticks: Integer[np.ndarray, " note"], score: Score) -> FeatureValues:
    return to_steps(ticks, score.ticks_per_quarter).astype(float)


NOTE_FEATURES: dict[str, Callable[[Score], FeatureValues]] = {
    "pitch": lambda score: leading_notes(score).pitch.astype(float),
    "interval": lambda score: np.diff(leading_notes(score).pitch).astype(float),
    "duration": lambda score: _steps(leading_notes(score).end - leading_notes(score).start, score),
    "onset": lambda score: _steps(leading_notes(score).start, score) % bar_of(score).steps,
}
"""Per note: its pitch, semitones from the note before it, sixteenths that it lasts, the sixteenth of its bar."""

BINS: dict[str, Edges] = {
    "pitch": np.arange(129) - 0.5,
    "interval": np.arange(-24, 26) - 0.5,
    "duration": np.arange(34) - 0.5,
    "density": np.linspace(0, 1, 33),
}
"""Edges of the histograms; what lies beyond the last ones is counted there. Onsets have a bin for every step."""
