"""Quantities that change while a model is trained."""

from __future__ import annotations

import math

from musicae.config import Training


def learning_rate(training: Training, done: float) -> float:
    """first * (last / first)^done: exponential from the first rate to the last over the share that is done."""
    first = training.learning_rate
    last = min(first, training.min_learning_rate)
    return first * (last / first) ** min(done, 1.0)


def sampling_probability(k: int, update: int) -> float:
    """1 - k / (k + exp(update / k)), the inverse sigmoid of Bengio et al. 2015; 0 when k is 0."""
    return 1 - k / (k + math.exp(min(update / k, 700))) if k else 0.0
