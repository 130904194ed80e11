"""The n-gram model against the formula written out, and against what any language model must do."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from musicae.evaluation.ngram import FALLBACK_DISCOUNT, NGram, WindowNGram

TEXT = np.array([[0, 1, 0, 1, 2], [0, 1, 0, 0, 1], [2, 2, 0, 1, 0]])


def by_the_formula(order: int, vocabulary: int, text: np.ndarray, context: tuple[int, ...], token: int) -> float:
    """Interpolated Kneser-Ney, one probability at a time."""
    if order == 0:
        return 1 / vocabulary
    full = len(context) + 1
    padded = [[vocabulary] * (full - 1) + row.tolist() for row in text]
    grams = Counter(tuple(row[i - full + 1 : i + 1]) for row in padded for i in range(full - 1, len(row)))
    for length in range(full - 1, order - 1, -1):
        grams = Counter(gram[-length:] for gram in grams)  # of how many different tokens it is the continuation
    once, twice = (sum(count == n for count in grams.values()) for n in (1, 2))
    discount = once / (once + 2 * twice) if once else FALLBACK_DISCOUNT
    history = context[len(context) - order + 1 :]
    after = {gram[-1]: count for gram, count in grams.items() if gram[:-1] == history}
    lower = by_the_formula(order - 1, vocabulary, text, context, token)
    if not after:
        return lower
    total = sum(after.values())
    return max(after.get(token, 0) - discount, 0) / total + discount * len(after) / total * lower


@pytest.mark.parametrize("order", [1, 2, 3])
def test_costs_follow_the_formula(order: int) -> None:
    model = NGram(order, 4, TEXT)
    for row in np.array([[0, 1, 0, 0, 3], [3, 3, 2, 2, 2]]):
        tokens = [4] * (order - 1) + row.tolist()
        logs = [
            math.log(by_the_formula(order, 4, TEXT, tuple(tokens[i : i + order - 1]), tokens[i + order - 1]))
            for i in range(len(row))
        ]
        assert model.cost(row[None])[0] == pytest.approx(-np.mean(logs))


@pytest.mark.parametrize("order", [1, 2, 5])
def test_probabilities_sum_to_one(order: int) -> None:
    model = NGram(order, 4, TEXT)
    for start in ([], [0], [0, 1, 0], [3, 2]):
        rows = np.array([[*start, token] for token in range(4)])
        costs = model.cost(rows) * rows.shape[1]
        before = model.cost(np.array([start]))[0] * len(start) if start else 0.0
        assert np.exp(before - costs).sum() == pytest.approx(1)


def test_what_was_heard_costs_less_than_noise() -> None:
    generator = np.random.default_rng(0)
    scales = (generator.integers(30, size=(200, 1)) + np.arange(16)) % 30
    model = NGram(5, 30, scales)
    assert model.cost(scales).max() < 0.5 < math.log(30) - 1 < model.cost(generator.integers(30, size=(50, 16))).mean()


def test_the_costs_of_fields_add_up() -> None:
    windows = np.stack([TEXT, TEXT[::-1]], -1)[:, None]
    both, first, second = (WindowNGram([4] * len(some), windows[..., some]) for some in ([0, 1], [0], [1]))
    total = first.cost(windows[..., [0]]) + second.cost(windows[..., [1]])
    assert both.cost(windows) == pytest.approx(total)


def test_grams_that_no_number_holds_are_refused() -> None:
    with pytest.raises(ValueError, match="64 bits"):
        NGram(8, 512, TEXT)
