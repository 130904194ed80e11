"""Interpolation: whether the path between two windows leads evenly from one to the other.

Figure 4 of Roberts et al. 2018 (arXiv:1803.05428): between pairs of held-out windows, the distance of what is decoded
to the originals, beside a blend of the windows themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Integer

from musicae.corpus.discover import Progress, no_progress
from musicae.errors import MusicaeError
from musicae.evaluation.held_out import decode_all
from musicae.evaluation.ngram import WindowNGram
from musicae.evaluation.types import WindowTensor
from musicae.geometry import path
from musicae.model import Model, WindowTokens
from musicae.music.note_distance import instrument_distance, note_distance

PathTokens = Integer[np.ndarray, "point window segment step field"]
Distance = Callable[[Any, Any], float]


@dataclass(frozen=True)
class Curve:
    """The distances of the points of a path from A to B to its ends, on average over pairs.

    Attributes:
        to_a, to_b: mean distance at every point, in units of the mean distance between A and B.
        monotone_from_a: whether every step leads away from A.
        monotone_to_b: whether every step leads towards B.
        largest_step: the largest share of the whole path that one step takes, away from A or towards B; 1 where the
            path leads nowhere.
    """

    to_a: list[float]
    to_b: list[float]
    monotone_from_a: bool
    monotone_to_b: bool
    largest_step: float


@dataclass(frozen=True)
class PathDistances:
    """Paths between pairs of windows under one distance.

    Attributes:
        a_to_b: its mean between A and B.
        latent: along great circles between the posterior means, decoded by argmax.
        blend: the baseline, every step (every track, where steps are events) taken from B with a probability that grows
            from 0 to 1.
    """

    a_to_b: float
    latent: Curve
    blend: Curve


@dataclass(frozen=True)
class NGramCosts:
    """How unlikely the points of paths are under a 5-gram model of training windows.

    Attributes:
        latent, blend: mean cost at every point, in units of the mean costs of A and B, mixed as the point lies between.
    """

    latent: list[float]
    blend: list[float]


@dataclass(frozen=True)
class Interpolation:
    """Paths between pairs of windows.

    Attributes:
        paths: under every distance of their kind of music by which any pair differs: "hamming", or "instrument" and
            "note".
        ngram_costs: under a 5-gram model, if there is one.
    """

    pairs: int
    points: int
    paths: dict[str, PathDistances]
    ngram_costs: NGramCosts | None = None


def measure_interpolation(
    model: Model,
    tokens: WindowTensor,
    ngram: WindowNGram | None = None,
    *,
    points: int = 11,
    seed: int = 0,
    progress: Progress = no_progress,
) -> Interpolation:
    """Paths between the windows of even numbers and those after them.

    The decoder is conditioned as A is in the first half of the path, then as B.

    Args:
        ngram: of training windows, where tokens are steps of a grid; rows of events have none.

    Raises:
        MusicaeError: no pair differs.
    """
    pairs = len(tokens) // 2
    a, b = tokens[0 : 2 * pairs : 2], tokens[1 : 2 * pairs : 2]
    codes = path(model.encode(a), model.encode(b), points)
    condition = torch.stack([model.condition(a if 2 * point < points else b) for point in range(points)])
    with progress("interpolating", points * pairs) as done:
        decoded = decode_all(model, codes.flatten(0, 1), condition.flatten(0, 1), done=done)
    ragged = model.autoencoder.spec.ragged
    mixed = blends(a.numpy(), b.numpy(), points, np.random.default_rng(seed), by_segment=ragged)
    latent, ends = decoded.reshape(points, *a.shape), (a.numpy(), b.numpy())
    found = path_distances(model, latent, mixed, ends)
    if not found:
        raise MusicaeError("there is no path between windows that are all alike", "give a data set of more music")
    costs = NGramCosts(*(relative_costs(ngram, steps, *ends) for steps in (latent, mixed))) if ngram else None
    return Interpolation(pairs, points, found, costs)


def path_distances(
    model: Model, latent: PathTokens, blend: PathTokens, ends: tuple[WindowTokens, WindowTokens]
) -> dict[str, PathDistances]:
    """The curves of paths and of blends, by the name of every distance by which any pair of ends differs."""
    ragged = model.autoencoder.spec.ragged
    distances: Mapping[str, Distance] = SCORE_DISTANCES if ragged else TOKEN_DISTANCES

    def compared(windows: WindowTokens) -> list[Any]:
        return model.scores(windows) if ragged else list(windows)

    a, b = map(compared, ends)
    paths = [[compared(point) for point in steps] for steps in (latent, blend)]
    found = {}
    for name, distance in distances.items():
        if unit := mean_distance(distance, a, b):
            curves = (curve_of(*(along(distance, steps, end, unit) for end in (a, b))) for steps in paths)
            found[name] = PathDistances(unit, *curves)
    return found


def relative_costs(ngram: WindowNGram, steps: PathTokens, a: WindowTokens, b: WindowTokens) -> list[float]:
    """The mean cost at every point of paths from a to b, in units of what lies between the mean costs of a and b."""
    share = np.linspace(0, 1, len(steps))
    ends = (1 - share) * ngram.cost(a).mean() + share * ngram.cost(b).mean()
    costs: list[float] = (np.array([ngram.cost(point).mean() for point in steps]) / ends).tolist()
    return costs


def mean_distance(distance: Distance, some: list[Any], others: list[Any]) -> float:
    """The mean distance between the first ones, the second ones, ..."""
    return float(np.mean(list(map(distance, some, others))))


def along(distance: Distance, steps: list[list[Any]], end: list[Any], unit: float) -> list[float]:
    """The mean distance of every point of a path to one of its ends."""
    return [mean_distance(distance, point, end) / unit for point in steps]


def blends(
    a: WindowTokens, b: WindowTokens, points: int, generator: np.random.Generator, *, by_segment: bool = False
) -> PathTokens:
    """Mixtures of a and b in which every step, with all its fields, comes from b with probability 0 to 1.

    A step that came from b does so at all later points too.

    Args:
        by_segment: steps of a segment stay together.
    """
    turn = generator.random((*a.shape[:2], 1 if by_segment else a.shape[2]))[..., None]
    return np.stack([np.where(turn < share, b, a) for share in np.linspace(0, 1, points)])


def curve_of(to_a: list[float], to_b: list[float]) -> Curve:
    """The curve of these mean distances."""
    return Curve(
        to_a,
        to_b,
        monotone_from_a=bool((np.diff(to_a) > 0).all()),
        monotone_to_b=bool((np.diff(to_b) < 0).all()),
        largest_step=max(largest_step(np.array(to_a)), largest_step(-np.array(to_b))),
    )


def hamming(a: Integer[np.ndarray, "segment step field"], b: Integer[np.ndarray, "segment step field"]) -> float:
    """The Hamming distance: the share of tokens that differ."""
    return float((a != b).mean())


def largest_step(values: Float[np.ndarray, " point"]) -> float:
    """The largest share of the growth from the first to the last point that one step makes; 1 if there is none."""
    whole = values[-1] - values[0]
    return float((np.diff(values) / whole).max()) if whole > 0 else 1.0


TOKEN_DISTANCES: dict[str, Distance] = {"hamming": hamming}
SCORE_DISTANCES: dict[str, Distance] = {"instrument": instrument_distance, "note": note_distance}
"""Distances of windows: by their tokens, or by instruments and notes where tokens are events."""
