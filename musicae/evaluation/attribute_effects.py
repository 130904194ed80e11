"""Attribute vectors at work: what moving codes along them does to every attribute of what is decoded.

The matrix of Roberts et al. 2018 (arXiv:1803.05428), section 5.3 and figure 5, but on held-out windows instead of
prior samples, each compared with its own reconstruction, and beside random vectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from musicae.corpus.discover import Progress, no_progress
from musicae.evaluation.held_out import decode_all
from musicae.evaluation.types import AttributeArray, WindowTensor
from musicae.model import Codes, Model
from musicae.music.attributes import ATTRIBUTES
from musicae.music.score import Score
from musicae.training.attribute_vectors import vectors_of

DIRECTIONS = {"add": 1, "subtract": -1}


@dataclass(frozen=True)
class Effect:
    """What moving codes does to an attribute.

    Attributes:
        change: mean over windows of the attribute after minus before.
        success_rate: share of the windows in which it grew where something was added, or shrank where it was
            subtracted; where it stayed the same it did not move.
    """

    change: float
    success_rate: float


Effects = dict[str, dict[str, Effect]]
"""By direction ("add", "subtract") and attribute."""


@dataclass(frozen=True)
class EffectMatrix:
    """Every vector's effect on every attribute that the model has a vector of.

    Attributes:
        amount: how much of each vector was added and subtracted.
        before: mean of the attributes over the reconstructions.
        vectors: effects of every attribute vector.
        random: the control, effects of random vectors of the same length, another one for every window.
    """

    windows: int
    amount: float
    before: dict[str, float]
    vectors: dict[str, Effects]
    random: dict[str, Effects]


def measure_attribute_effects(
    model: Model, tokens: WindowTensor, *, amount: float = 1.0, seed: int = 0, progress: Progress = no_progress
) -> EffectMatrix:
    """The matrix over windows, all decoded by argmax.

    Raises:
        MusicaeError: the model has no attribute vectors.
    """
    known = vectors_of(model)
    vectors = {name: known[name] for name in ATTRIBUTES if name in known}
    names, generator = list(vectors), torch.Generator().manual_seed(seed)
    z, condition = model.encode(tokens), model.condition(tokens)
    with progress("adding attribute vectors", _decodings(len(vectors)) * len(z)) as done:

        def decoded_values(codes: Codes) -> AttributeArray:
            return attribute_values(model.scores(decode_all(model, codes, condition, done=done)), names)

        before = decoded_values(z)

        def effects(step: Codes) -> Effects:
            moved = {name: decoded_values(z + sign * amount * step) for name, sign in DIRECTIONS.items()}
            return {name: effects_between(before, moved[name], sign, names) for name, sign in DIRECTIONS.items()}

        return EffectMatrix(
            windows=len(tokens),
            amount=amount,
            before=dict(zip(vectors, before.mean(0).tolist(), strict=True)),
            vectors={name: effects(vector.expand_as(z)) for name, vector in vectors.items()},
            random={name: effects(random_vectors(vector, len(z), generator)) for name, vector in vectors.items()},
        )


def _decodings(vectors: int) -> int:
    """How often a window is decoded."""
    return 1 + 2 * len(DIRECTIONS) * vectors


def attribute_values(scores: Sequence[Score], names: Sequence[str]) -> AttributeArray:
    """Attributes of scores."""
    return np.array([[float(ATTRIBUTES[name](score)) for name in names] for score in scores])


def effects_between(
    before: AttributeArray, after: AttributeArray, sign: int, names: Sequence[str]
) -> dict[str, Effect]:
    """The effect on every attribute where it was asked to grow (sign 1) or to shrink (-1)."""
    change = after - before
    rows = zip(change.mean(0).tolist(), (sign * change > 0).mean(0).tolist(), strict=True)
    return {name: Effect(*row) for name, row in zip(names, rows, strict=True)}


def random_vectors(vector: Float[Tensor, " size"], n: int, generator: torch.Generator) -> Codes:
    """n random vectors of the same length."""
    directions = torch.nn.functional.normalize(torch.randn(n, len(vector), generator=generator), dim=-1)
    return directions * float(vector.norm())
