"""Interpolation: whether the way between two windows leads evenly from one to the other.

Figure 4 of Roberts et al. 2018 (arXiv:1803.05428): between pairs of held-out windows, the distance of what is decoded
to the originals, beside a blend of the windows themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Integer
from torch import Tensor

from musicae.errors import MusicaeError
from musicae.evaluation.notes import instruments_apart, notes_apart
from musicae.evaluation.windows import Codes, Progress, Tokens, Windows, decoded, given_in, scores_of, silently
from musicae.model import Model
from musicae.music.score import Score
from musicae.walk import slerp

Way = Integer[np.ndarray, "point window segment step field"]
Distances = Float[np.ndarray, "point window"]


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
class Interpolation:
    """Ways between pairs of windows, under every distance that their kind of music has."""

    pairs: int
    points: int
    ways: dict[str, Ways]


def measure(
    model: Model, tokens: Windows, *, points: int = 11, seed: int = 0, progress: Progress = silently
) -> Interpolation:
    """Ways between the windows of even numbers and those after them; `progress` hears of every point decoded.

    What the decoder is told is that of A in the first half of the way, then that of B.

    Raises:
        MusicaeError: no pair differs.
    """
    pairs = len(tokens) // 2
    a, b = tokens[0 : 2 * pairs : 2], tokens[1 : 2 * pairs : 2]
    codes = path(model.encode(a), model.encode(b), points)
    told = torch.stack([given_in(model, a if 2 * point < points else b) for point in range(points)])
    written = decoded(model, codes.flatten(0, 1), told.flatten(0, 1), progress=progress)
    way = written.reshape(points, *a.shape)
    ragged = model.autoencoder.grid.ragged
    mixed = blends(a.numpy(), b.numpy(), points, np.random.default_rng(seed), by_segment=ragged)
    ways = {}
    for name, distance in distances(model).items():
        ends = distance(a.numpy()[None], b.numpy())
        if not ends.mean():
            hint = "give a data set of more music"
            raise MusicaeError("there is no way between windows that are all alike", hint)
        curves = (curve(distance(w, a.numpy()), distance(w, b.numpy()), ends) for w in (way, mixed))
        ways[name] = Ways(float(ends.mean()), *curves)
    return Interpolation(pairs, points, ways)


def distances(model: Model) -> dict[str, Callable[[Way, Tokens], Distances]]:
    """How far windows are from others: by their tokens, or by instruments and notes where tokens are events."""
    if not model.autoencoder.grid.ragged:
        return {"tokens": hamming}

    def between(apart: Callable[[Score, Score], float]) -> Callable[[Way, Tokens], Distances]:
        def distance(way: Way, end: Tokens) -> Distances:
            ends = scores_of(model, end)
            return np.array([list(map(apart, scores_of(model, point), ends)) for point in way])

        return distance

    return {"instruments": between(instruments_apart), "notes": between(notes_apart)}


def path(a: Codes, b: Codes, points: int) -> Float[Tensor, "point window size"]:
    """The points of many ways from a to b, both included."""
    return torch.stack([slerp(a, b, t) for t in np.linspace(0, 1, points).tolist()])


def blends(a: Tokens, b: Tokens, points: int, generator: np.random.Generator, *, by_segment: bool = False) -> Way:
    """Mixtures of a and b in which every step, with all its fields, comes from b with probability 0 to 1.

    A step that came from b does so at all later points too.

    Args:
        by_segment: steps of a segment stay together.
    """
    turn = generator.random((*a.shape[:2], 1 if by_segment else a.shape[2]))[..., None]
    return np.stack([np.where(turn < share, b, a) for share in np.linspace(0, 1, points)])


def curve(to_a: Distances, to_b: Distances, ends: Float[np.ndarray, "1 window"]) -> Curve:
    """The mean distances of a way to its ends, and the distances between these, not all of them 0."""
    to_a, to_b = (distance.mean(1) / ends.mean() for distance in (to_a, to_b))
    return Curve(
        to_a.tolist(),
        to_b.tolist(),
        rises=bool((np.diff(to_a) > 0).all()),
        falls=bool((np.diff(to_b) < 0).all()),
        largest_step=max(largest_step(to_a), largest_step(to_b)),
    )


def hamming(
    a: Integer[np.ndarray, "*#batch segment step field"], b: Integer[np.ndarray, "*#batch segment step field"]
) -> Float[np.ndarray, "*#batch"]:
    """The share of tokens that differ."""
    shares: Float[np.ndarray, "*#batch"] = (a != b).mean((-3, -2, -1))
    return shares


def largest_step(distances: Float[np.ndarray, " point"]) -> float:
    """The largest share of the change from the first to the last point that one step makes; 1 if there is no change."""
    whole = distances[-1] - distances[0]
    return float((np.diff(distances) / whole).max()) if whole else 1.0
