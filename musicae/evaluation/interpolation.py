"""Interpolation: whether the way between two windows leads evenly from one to the other.

Figure 4 of Roberts et al. 2018 (arXiv:1803.05428): between pairs of held-out windows, the distance of what is decoded
to the originals, beside a blend of the tokens themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Integer
from torch import Tensor

from musicae.errors import MusicaeError
from musicae.evaluation.windows import Codes, Progress, Tokens, Windows, decoded, silently
from musicae.model import Model
from musicae.walk import slerp

Way = Integer[np.ndarray, "point window segment step field"]


@dataclass(frozen=True)
class Curve:
    """How far the points of the way from A to B are from its ends, on average over pairs.

    Attributes:
        to_a, to_b: mean Hamming distance at every point, in units of the mean distance between A and B.
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
class Interpolation:
    """Ways between pairs of windows.

    Attributes:
        distance: mean share of the tokens that differ between A and B.
        latent: along great circles between the posterior means, decoded by argmax.
        blend: the baseline, every step taken from B with a probability that grows from 0 to 1.
    """

    pairs: int
    points: int
    distance: float
    latent: Curve
    blend: Curve


def measure(
    model: Model, tokens: Windows, *, points: int = 11, seed: int = 0, progress: Progress = silently
) -> Interpolation:
    """Ways between the windows of even numbers and those after them; `progress` hears of every point decoded.

    Raises:
        MusicaeError: no pair differs.
    """
    pairs = len(tokens) // 2
    z, truth = model.encode(tokens), tokens.numpy()
    ends = truth[0 : 2 * pairs : 2], truth[1 : 2 * pairs : 2]
    codes = ways(z[0 : 2 * pairs : 2], z[1 : 2 * pairs : 2], points)
    written = decoded(model, codes.flatten(0, 1), progress=progress).reshape(points, *ends[0].shape)
    mixed = blends(*ends, points, np.random.default_rng(seed))
    distance = float(hamming(*ends).mean())
    if not distance:
        raise MusicaeError("there is no way between windows that are all alike", "give a data set of more music")
    return Interpolation(pairs, points, distance, curve(written, *ends), curve(mixed, *ends))


def ways(a: Codes, b: Codes, points: int) -> Float[Tensor, "point window size"]:
    """The points of many ways from a to b, both included."""
    return torch.stack([slerp(a, b, t) for t in np.linspace(0, 1, points).tolist()])


def blends(a: Tokens, b: Tokens, points: int, generator: np.random.Generator) -> Way:
    """Mixtures of a and b in which every step, with all its fields, comes from b with probability 0 to 1.

    A step that came from b does so at all later points too.
    """
    turn = generator.random(a.shape[:3])[..., None]
    return np.stack([np.where(turn < share, b, a) for share in np.linspace(0, 1, points)])


def curve(way: Way, a: Tokens, b: Tokens) -> Curve:
    """The mean distances of a way to its ends; at least one pair must differ."""
    unit = hamming(a, b).mean()
    to_a, to_b = (hamming(way, end).mean(1) / unit for end in (a, b))
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
