"""Quantities that change with the number of updates."""

from __future__ import annotations

import math

from musicae.config import Training


def learning_rate(training: Training, update: int) -> float:
    """(first - last) * decay^update + last (magenta/music_vae)."""
    first, last = training.learning_rate, training.min_learning_rate
    return (first - last) * training.decay**update + last


def sampling_probability(k: int, update: int) -> float:
    """1 - k / (k + exp(update / k)), the inverse sigmoid of Bengio et al. 2015; 0 when k is 0."""
    return 1 - k / (k + math.exp(min(update / k, 700))) if k else 0.0
