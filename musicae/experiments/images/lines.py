"""The lines task: radii at any angle, a data set whose true manifold is known, and how good a path along it is.

Berthelot, Raffel, Roy and Goodfellow (2018), Understanding and Improving Interpolation in Autoencoders via an
Adversarial Regularizer. As there, 2 pixels is the width of a line along rows or columns, whichever it crosses: a
diagonal line is thinner, 1.41 at right angles. Images are drawn and compared by code of our own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float64, Int64
from torch import Tensor

from musicae import geometry, seeds

SIZE = 32
"""Pixels along a side."""
WIDTH = 2.0
PAIRS, POINTS = 256, 16
"""How many paths are measured, and how many images one has, both ends included."""

_BLOCK = 64
"""Lines of a bank that are compared at a time: few enough that together they touch few pixels."""


def render_lines(angles: Float[Tensor, " line"], size: int = SIZE) -> Float[Tensor, "line 1 size size"]:
    """A white radius on black at each angle: from the middle, `size` / 2 - 1 pixels long, 2 pixels wide.

    A pixel's share of white falls from 1 to 0 while its middle moves from half a pixel inside to half a pixel outside,
    along rows or columns for the sides of the line, along the line for its ends.

    Args:
        angles: in radians, counter-clockwise from the right.

    Returns:
        Images of the type of `angles`.
    """
    middles = torch.arange(size, dtype=angles.dtype, device=angles.device) + 0.5 - size / 2
    right, up = middles, -middles[:, None]
    cosine, sine = angles.cos()[:, None, None], angles.sin()[:, None, None]
    half_length = (size / 2 - 1) / 2
    beside_axis = (up * cosine - right * sine).abs() / torch.maximum(cosine.abs(), sine.abs())
    beside_middle = (right * cosine + up * sine - half_length).abs()
    share = _share(WIDTH / 2 - beside_axis) * _share(half_length - beside_middle)
    return (2 * share - 1)[:, None]


def _share(inside: Float[Tensor, "*pixel"]) -> Float[Tensor, "*pixel"]:
    """Of a pixel that lies on the inner side of an edge, if its middle is so far inside."""
    return (inside + 0.5).clamp(0, 1)


def random_angles(n: int, generator: torch.Generator) -> Float[Tensor, " n"]:
    """Uniform, from 0 to below 2 pi."""
    return 2 * math.pi * torch.rand(n, generator=generator, device=generator.device)


def endpoints(seed: int) -> tuple[Float[Tensor, " pair"], Float[Tensor, " pair"]]:
    """The angles at which the paths that are measured start and end."""
    first, last = random_angles(2 * PAIRS, seeds.generator(seed)).chunk(2)
    return first, last


def straight_paths(
    first: Float[Tensor, "pair size"], last: Float[Tensor, "pair size"]
) -> Float[Tensor, "pair point size"]:
    """`POINTS` codes on the line between two, both included; the n-th, from 0, has 1 - n / (POINTS - 1) of `first`."""
    return geometry.path(first, last, POINTS, geometry.lerp).transpose(0, 1)


@dataclass(frozen=True, eq=False)
class LineBank:
    """Lines at equal angles, made ready for looking up which is nearest.

    A line touches few pixels and leaves the others at -1, so that u . v = sum over its pixels of u (v + 1) - sum of u.
    Neighbors share pixels: blocks of them are compared by products over these alone, a tenth of the work.

    Attributes:
        angles: of the lines, in order.
        pixels: for each block, which pixels its lines touch, and behind them the place where the sum stands.
        weights: for each block, what these are multiplied with; a column a line, all divided by the line's norm.
    """

    angles: Float64[Tensor, " line"]
    pixels: tuple[Int64[Tensor, " _"], ...]
    weights: tuple[Float64[Tensor, "_ _"], ...]

    @classmethod
    def of(cls, size: int = SIZE, lines: int = 10_000) -> LineBank:
        """A bank of lines at angles k 2 pi / `lines`."""
        angles = torch.arange(lines, dtype=torch.float64) * (2 * math.pi / lines)
        pixels, weights = zip(*(_block(render_lines(some, size)) for some in angles.split(_BLOCK)), strict=True)
        return cls(angles, pixels, weights)


def _block(lines: Float64[Tensor, "line 1 size size"]) -> tuple[Int64[Tensor, " pixel"], Float64[Tensor, "pixel line"]]:
    flat = lines.flatten(1)
    touched = (flat > -1).any(0).nonzero()[:, 0]
    norm = flat.norm(dim=1)
    weights = torch.cat([(flat[:, touched] + 1).T, -torch.ones_like(norm)[None]]) / norm
    return torch.cat([touched, touched.new_tensor([flat.shape[1]])]), weights


def nearest_lines(
    images: Float[Tensor, "image 1 size size"], bank: LineBank
) -> tuple[Float64[Tensor, " image"], Float64[Tensor, " image"]]:
    """How far each image is from the nearest line of a bank, and that line's angle.

    Distance is 1 - u . v / (|u| |v|) over all pixels, background included, nothing subtracted. Where a pixel is not
    finite, neither is the distance.
    """
    flat = images.flatten(1).to(bank.angles)
    rows = torch.cat([flat, flat.sum(1, keepdim=True)], 1).T.contiguous()
    best = torch.full_like(rows[0], -math.inf)
    index = torch.zeros_like(best, dtype=torch.int64)
    for start, pixels, weights in zip(range(0, len(bank.angles), _BLOCK), bank.pixels, bank.weights, strict=True):
        similarity, place = (rows[pixels].T @ weights).max(1)
        better = similarity > best
        best, index = torch.where(better, similarity, best), torch.where(better, place + start, index)
    norm = flat.norm(dim=1).clamp_min(torch.finfo(flat.dtype).tiny)
    return (1 - best / norm).clamp_min(0), bank.angles[index]


@dataclass(frozen=True)
class LineScores:
    """How realistic and how even paths between lines are.

    Attributes:
        mean_distance: mean over all images of the distance to the nearest line.
        smoothness: mean over paths of the largest turn from an image to the next, as a share of the turn from end to
            end, less that of equal turns: 0 is best. As published, undefined ones count as 0; NaN if all are.
        undefined: how many paths end where they start, so that they have no such share.
    """

    mean_distance: float
    smoothness: float
    undefined: int


def line_scores(paths: Float[Tensor, "path point 1 size size"], bank: LineBank) -> LineScores:
    """Measure decoded paths, an image a point."""
    distances, angles = nearest_lines(paths.flatten(0, 1), bank)
    uneven = unevenness(angles.reshape(paths.shape[:2]).cpu().numpy())
    undefined = int(np.isnan(uneven).sum())
    smoothness = float(np.nansum(uneven) / len(uneven)) if undefined < len(uneven) else math.nan
    return LineScores(distances.mean().item(), smoothness, undefined)


def unevenness(angles: Float64[np.ndarray, "path point"]) -> Float64[np.ndarray, " path"]:
    """The largest turn of each path, as a share of the turn from end to end, less that of equal turns.

    Turns go the shorter way round. NaN where the ends differ by less than 1e-4 radians.
    """
    turned = np.unwrap(angles, axis=1)
    whole = np.abs(turned[:, -1] - turned[:, 0])
    largest = np.abs(np.diff(turned, axis=1)).max(1)
    share = np.divide(largest, whole, out=np.full_like(whole, np.nan), where=whole >= 1e-4)
    return share - 1 / (angles.shape[1] - 1)
