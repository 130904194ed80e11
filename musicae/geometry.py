"""Paths through the latent space: along a great circle, along a line, along an attribute; and its principal axes.

Codes are `[..., size]`. What is returned has the dtype of the first argument; in between, everything is float64.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from musicae.errors import unknown_name

Vector = Float[Tensor, "*#batch size"]
Between = Callable[[Vector, Vector, float], Vector]


def lerp(a: Vector, b: Vector, t: float) -> Vector:
    """The point at t, from 0 to 1, of the line from a to b."""
    return (a.double() * (1 - t) + b.double() * t).to(a.dtype)


def slerp(a: Vector, b: Vector, t: float) -> Vector:
    """The point at t, from 0 to 1, of the path from a to b that turns at constant speed (Shoemake 1985).

    The direction moves along the great circle while the length grows linearly, so that the middle of two typical
    draws of a normal prior is as long as they are; on a line it would be shorter, and less typical. Equal directions
    give a line. Opposite directions have no great circle of their own: one fixed circle through both is taken. A
    code of length 0 has no direction and takes the other's.
    """
    from_a, from_b = a.double(), b.double()
    length_a, length_b = from_a.norm(dim=-1, keepdim=True), from_b.norm(dim=-1, keepdim=True)
    u = _direction(torch.where(length_a > 0, from_a, from_b))
    v = _direction(torch.where(length_b > 0, from_b, from_a))
    cosine = (u * v).sum(-1, keepdim=True)
    aside = v - cosine * u
    sine = aside.norm(dim=-1, keepdim=True)
    angle = torch.atan2(sine, cosine)
    across = _direction(torch.where(sine > 1e-9, aside, _perpendicular(u)))
    direction = torch.cos(t * angle) * u + torch.sin(t * angle) * across
    return (direction * torch.lerp(length_a, length_b, t)).to(a.dtype)


def path(a: Vector, b: Vector, steps: int, between: Between = slerp) -> Float[Tensor, "step *batch size"]:
    """`steps` codes at equal distances from a to b, both included; one step is only a."""
    return torch.stack([between(a, b, t) for t in torch.linspace(0, 1, steps, dtype=torch.float64).tolist()])


def move(z: Vector, vectors: Mapping[str, Float[Tensor, " size"]], amounts: Mapping[str, float]) -> Vector:
    """z + sum of amount x attribute vector.

    Raises:
        MusicaeError: there is no vector of that name.
    """
    moved = z.double()
    for name, amount in amounts.items():
        if name not in vectors:
            raise unknown_name("attribute vector", name, sorted(vectors))
        moved = moved + amount * vectors[name].double()
    return moved.to(z.dtype)


def principal_axes(
    rows: Float[Tensor, "row size"], most: int
) -> tuple[Float64[Tensor, "axis size"], Float64[Tensor, " axis"]]:
    """The directions in which codes of covariance rows^T rows vary most, at most so many, the widest first (Pearson
    1901), and the standard deviations along them.

    They are orthonormal, and the entry of each that is largest without its sign is positive. Directions in which
    nothing varies are left out.
    """
    if not len(rows):
        return torch.zeros(0, rows.shape[1], dtype=torch.float64), torch.zeros(0, dtype=torch.float64)
    _, lengths, axes = torch.linalg.svd(rows.double(), full_matrices=False)
    kept = lengths[:most] > 1e-6 * lengths[0]
    axes = axes[:most][kept]
    signs = axes.gather(1, axes.abs().argmax(1, keepdim=True)).sign()
    return axes * signs, lengths[:most][kept]


def _direction(z: Vector) -> Vector:
    return torch.nn.functional.normalize(z, dim=-1, eps=torch.finfo(z.dtype).tiny)


def _perpendicular(u: Vector) -> Vector:
    """A vector at right angles to u: the axis along which u extends least, without its part along u."""
    axis = torch.zeros_like(u).scatter_(-1, u.abs().argmin(-1, keepdim=True), 1.0)
    return axis - (axis * u).sum(-1, keepdim=True) * u
