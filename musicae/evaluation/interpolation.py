"""Interpolation: whether the way between two windows leads evenly from one to the other.

Figure 4 of Roberts et al. 2018 (arXiv:1803.05428): between pairs of held-out windows, the distance of what is decoded
to the originals, beside a blend of the windows themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Integer

from musicae.errors import MusicaeError
from musicae.evaluation.held_out import Advance, Tokens, Windows, decoded, no_progress
from musicae.evaluation.ngram import Language
from musicae.evaluation.note_distance import instruments_apart, notes_apart
from musicae.geometry import path
from musicae.model import Model

Way = Integer[np.ndarray, "point window segment step field"]
Window = Integer[np.ndarray, "segment step field"]
Distance = Callable[[Any, Any], float]


@dataclass(frozen=True)
class Curve:
    """How far the points of the way from A to B are from its ends, on average over pairs.

    Attributes:
        to_a, to_b: mean distance at every point, in units of the mean distance between A and B.
        rises: whether every step leads away from A.
        falls: whether every step leads towards B.
        largest_step: the largest share of the whole way that one step takes, away from A or towards B; 1 where the
            way leads nowhere.
    """

    to_a: list[float]
    to_b: list[float]
    rises: bool
    falls: bool
    largest_step: float


@dataclass(frozen=True)
class Ways:
    """Ways between pairs of windows under one distance.

    Attributes:
        distance: its mean between A and B.
        latent: along great circles between the posterior means, decoded by argmax.
        blend: the baseline, every step (every track, where steps are events) taken from B with a probability that grows
            from 0 to 1.
    """

    distance: float
    latent: Curve
    blend: Curve


@dataclass(frozen=True)
class Costs:
    """How unlikely the points of ways are under a language model, which has heard the training windows.

    Attributes:
        latent, blend: mean cost at every point, in units of the mean cost of A and B, mixed as the point lies between.
    """

    latent: list[float]
    blend: list[float]


@dataclass(frozen=True)
class Interpolation:
    """Ways between pairs of windows.

    Attributes:
        ways: under every distance of their kind of music by which any pair differs.
        costs: under a language model, if there is one.
    """

    pairs: int
    points: int
    ways: dict[str, Ways]
    costs: Costs | None = None


def measure(
    model: Model,
    tokens: Windows,
    language: Language | None = None,
    *,
    points: int = 11,
    seed: int = 0,
    progress: Advance = no_progress,
) -> Interpolation:
    """Ways between the windows of even numbers and those after them; `progress` hears of every point decoded.

    What the decoder is told is that of A in the first half of the way, then that of B.

    Args:
        language: of windows of steps; rows of events have none.

    Raises:
        MusicaeError: no pair differs.
    """
    pairs = len(tokens) // 2
    a, b = tokens[0 : 2 * pairs : 2], tokens[1 : 2 * pairs : 2]
    codes = path(model.encode(a), model.encode(b), points)
    told = torch.stack([model.condition(a if 2 * point < points else b) for point in range(points)])
    written = decoded(model, codes.flatten(0, 1), told.flatten(0, 1), progress=progress)
    way, ragged = written.reshape(points, *a.shape), model.autoencoder.spec.ragged
    mixed = blends(a.numpy(), b.numpy(), points, np.random.default_rng(seed), by_segment=ragged)

    def seen(windows: Tokens) -> list[Any]:
        return model.scores(windows) if ragged else list(windows)

    from_a, to_b = seen(a.numpy()), seen(b.numpy())
    ways = [[seen(point) for point in steps] for steps in (way, mixed)]
    found = {}
    for name, apart in (OF_SCORES if ragged else OF_TOKENS).items():
        whole = mean_distance(apart, from_a, to_b)
        if whole:
            latent, blend = (curve(*(along(apart, steps, end, whole) for end in (from_a, to_b))) for steps in ways)
            found[name] = Ways(whole, latent, blend)
    if not found:
        raise MusicaeError("there is no way between windows that are all alike", "give a data set of more music")
    costs = Costs(*(cost(language, steps, a.numpy(), b.numpy()) for steps in (way, mixed))) if language else None
    return Interpolation(pairs, points, found, costs)


def cost(language: Language, way: Way, a: Tokens, b: Tokens) -> list[float]:
    """The mean cost at every point of ways from a to b, in units of what lies between the mean costs of a and b."""
    share = np.linspace(0, 1, len(way))
    ends = (1 - share) * language.cost(a).mean() + share * language.cost(b).mean()
    costs: list[float] = (np.array([language.cost(point).mean() for point in way]) / ends).tolist()
    return costs


def mean_distance(apart: Distance, some: list[Any], others: list[Any]) -> float:
    """The mean distance between the first ones, the second ones, ..."""
    return float(np.mean(list(map(apart, some, others))))


def along(apart: Distance, way: list[list[Any]], end: list[Any], unit: float) -> list[float]:
    """The mean distance of every point of a way to one of its ends."""
    return [mean_distance(apart, point, end) / unit for point in way]


def blends(a: Tokens, b: Tokens, points: int, generator: np.random.Generator, *, by_segment: bool = False) -> Way:
    """Mixtures of a and b in which every step, with all its fields, comes from b with probability 0 to 1.

    A step that came from b does so at all later points too.

    Args:
        by_segment: steps of a segment stay together.
    """
    turn = generator.random((*a.shape[:2], 1 if by_segment else a.shape[2]))[..., None]
    return np.stack([np.where(turn < share, b, a) for share in np.linspace(0, 1, points)])


def curve(to_a: list[float], to_b: list[float]) -> Curve:
    """The curve of these mean distances."""
    return Curve(
        to_a,
        to_b,
        rises=bool((np.diff(to_a) > 0).all()),
        falls=bool((np.diff(to_b) < 0).all()),
        largest_step=max(largest_step(np.array(to_a)), largest_step(-np.array(to_b))),
    )


def hamming(a: Window, b: Window) -> float:
    """The share of tokens that differ."""
    return float((a != b).mean())


def largest_step(values: Float[np.ndarray, " point"]) -> float:
    """The largest share of the growth from the first to the last point that one step makes; 1 if there is none."""
    whole = values[-1] - values[0]
    return float((np.diff(values) / whole).max()) if whole > 0 else 1.0


OF_TOKENS: dict[str, Distance] = {"tokens": hamming}
OF_SCORES: dict[str, Distance] = {"instruments": instruments_apart, "notes": notes_apart}
"""How far windows are from each other: by their tokens, or by what is heard where tokens are events."""
