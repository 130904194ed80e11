"""An n-gram model of tokens: how likely a window is, by the measure of none of the models that are evaluated.

Interpolated Kneser-Ney smoothing (Kneser and Ney 1995; Chen and Goodman 1999, section 4.1.6), as in the 5-gram cost of
Roberts et al. 2018 (arXiv:1803.05428), figure 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64, Integer

from musicae.model import WindowTokens

FALLBACK_DISCOUNT = 0.5
"""The discount where no gram was counted once, so that what was not seen stays possible."""

ORDER = 5
"""Tokens of a gram of a window, the one that is predicted included."""

Sequences = Integer[np.ndarray, "sequence step"]
Keys = Int64[np.ndarray, " gram"]


class NGram:
    """P(token | the `order` - 1 tokens before it).

    P_k(w | h) = max(c(h w) - D_k, 0) / c(h) + D_k N(h) / c(h) P_(k-1)(w | h without its first token), where c counts
    grams at the highest order and different tokens before a gram at lower ones, N(h) is the number of different tokens
    after h, D_k = n_1 / (n_1 + 2 n_2) of the grams counted once and twice, and P_0 is uniform. A context that was never
    seen takes only P_(k-1).

    Args:
        vocabulary: number of tokens.
        sequences: to learn from; each begins anew.
    """

    def __init__(self, order: int, vocabulary: int, sequences: Sequences) -> None:
        self.order, self.vocabulary = order, vocabulary
        self.base = vocabulary + 1  # the last digit stands for the start of a sequence
        if order * np.log2(self.base) >= 63:
            raise ValueError(f"{order}-grams of {vocabulary} tokens do not fit into 64 bits")
        self.levels: list[_Level] = []
        keys, counts = np.unique(self._grams(sequences), return_counts=True)
        for length in range(order, 0, -1):
            self.levels.insert(0, _Level.of(keys, counts, self.base))
            keys, counts = np.unique(keys % self.base ** (length - 1), return_counts=True)

    def cost(self, sequences: Sequences) -> Float[np.ndarray, " sequence"]:
        """-log P per token in nats, on average over each sequence."""
        grams = self._grams(sequences)
        probability = np.full(len(grams), 1 / self.vocabulary)
        for length, level in enumerate(self.levels, 1):
            probability = level.refine(probability, grams % self.base**length)
        costs: Float[np.ndarray, " sequence"] = -np.log(probability).reshape(sequences.shape).mean(1)
        return costs

    def _grams(self, sequences: Sequences) -> Keys:
        """Every token with those before it as the digits of one number, the token itself last."""
        starts = np.full((len(sequences), self.order - 1), self.vocabulary)
        padded = np.concatenate([starts, sequences], 1).astype(np.int64)
        grams = np.zeros(sequences.shape, dtype=np.int64)
        for place in range(self.order):
            grams = grams * self.base + padded[:, place : place + sequences.shape[1]]
        return grams.ravel()


class WindowNGram:
    """An `NGram` of order `ORDER` for every field of windows, whose costs add up.

    Args:
        vocabularies: number of tokens of every field.
        windows: to learn from.
    """

    def __init__(self, vocabularies: Sequence[int], windows: WindowTokens) -> None:
        fields = windows.reshape(len(windows), -1, windows.shape[-1])
        self.models = [NGram(ORDER, size, fields[..., i]) for i, size in enumerate(vocabularies)]

    def cost(self, windows: WindowTokens) -> Float[np.ndarray, " window"]:
        """-log P per step in nats, of all fields together."""
        fields = windows.reshape(len(windows), -1, windows.shape[-1])
        costs = [model.cost(fields[..., i]) for i, model in enumerate(self.models)]
        total: Float[np.ndarray, " window"] = np.sum(costs, axis=0)
        return total


@dataclass(frozen=True, eq=False)
class _Level:
    """The grams of one length.

    Attributes:
        keys, counts: the grams that were seen, in order, and how often.
        contexts, totals, kinds: what stands before their last tokens, the sum of the counts there, and the number of
            different last tokens.
    """

    keys: Keys
    counts: Int64[np.ndarray, " gram"]
    contexts: Int64[np.ndarray, " context"]
    totals: Int64[np.ndarray, " context"]
    kinds: Int64[np.ndarray, " context"]
    discount: float
    base: int

    @classmethod
    def of(cls, keys: Keys, counts: Int64[np.ndarray, " gram"], base: int) -> _Level:
        contexts, first, kinds = np.unique(keys // base, return_index=True, return_counts=True)
        once, twice = int((counts == 1).sum()), int((counts == 2).sum())
        discount = once / (once + 2 * twice) if once else FALLBACK_DISCOUNT
        return cls(keys, counts, contexts, np.add.reduceat(counts, first), kinds, discount, base)

    def refine(self, lower: Float[np.ndarray, " x"], grams: Int64[np.ndarray, " x"]) -> Float[np.ndarray, " x"]:
        """The probabilities of grams, given those of their lower order."""
        context, known = _find(self.contexts, grams // self.base)
        gram, seen = _find(self.keys, grams)
        own = np.maximum(np.where(seen, self.counts[gram], 0) - self.discount, 0)
        here = (own + self.discount * self.kinds[context] * lower) / self.totals[context]
        return np.where(known, here, lower)


def _find(
    table: Int64[np.ndarray, " entry"], keys: Int64[np.ndarray, " x"]
) -> tuple[Int64[np.ndarray, " x"], np.ndarray]:
    """Where keys stand in a sorted table, and whether they do."""
    place = np.searchsorted(table, keys).clip(max=len(table) - 1)
    return place, table[place] == keys
