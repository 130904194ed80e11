"""Muon: momentum made orthogonal (Jordan et al. 2024), in whatever numbers the processor is fast at.

torch's own computes in bfloat16 whatever it runs on, which takes twenty times as long as the rest of an update on a CPU
that has no matrix units for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
ITERATIONS = 5
RESTART = 2
"""Iterations after which G is computed anew from X in half precision, before its rounding errors count."""

KEPT_MOMENTUM = 0.95
LEAST_NORM = 1e-7
"""Of a matrix that is divided by its norm."""

Matrix = Float[Tensor, "row column"]


class Muon(torch.optim.Optimizer):
    """m <- 0.95 m + 0.05 g, W <- W - 0.2 sqrt(max(rows, columns)) lr UV^T of 0.05 g + 0.95 m = U S V^T.

    The scale is that of Adam's updates, so that both take the same learning rate (Liu et al. 2025, arXiv:2502.16982).

    Attributes:
        dtype: of the products by which matrices are made orthogonal.
    """

    def __init__(self, matrices: Iterable[nn.Parameter]) -> None:
        super().__init__(matrices, {"lr": 0.0})
        self.dtype = torch.float32

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """Moves all matrices that have a gradient."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if "momentum_buffer" not in state:
                    state["momentum_buffer"] = torch.zeros_like(weight)
                momentum = state["momentum_buffer"]
                momentum.lerp_(weight.grad, 1 - KEPT_MOMENTUM)
                direction = orthogonal(weight.grad.lerp(momentum, KEPT_MOMENTUM).to(self.dtype))
                rate = 0.2 * math.sqrt(max(weight.shape)) * group["lr"]
                weight.add_(direction.to(weight.dtype), alpha=-rate)


def orthogonal(matrix: Matrix) -> Matrix:
    """About UV^T of a matrix USV^T: singular values that are not minute beside the largest become .7 to 1.2, in
    bfloat16 up to about 1.35, by a quintic Newton-Schulz iteration.

    X <- QX, where Q = a + bG + cG^2 and G = XX^T. The next G is QGQ, so that only squares are multiplied until X meets
    the product of all Q (Gram Newton-Schulz, Zhang, Amsel, Chen and Dao 2026).
    """
    wide = matrix.T if matrix.shape[0] > matrix.shape[1] else matrix
    x = wide / wide.norm().clamp(min=LEAST_NORM)
    for iterations in (ITERATIONS,) if x.dtype == torch.float32 else (RESTART, ITERATIONS - RESTART):
        x = _product_of_steps(x @ x.T, iterations) @ x
    return x.T if matrix.shape[0] > matrix.shape[1] else x


def _product_of_steps(gram: Float[Tensor, "row row"], iterations: int) -> Float[Tensor, "row row"]:
    """Q_n ... Q_1 of so many iterations."""
    a, b, c = COEFFICIENTS
    product: Tensor | None = None
    for left in reversed(range(iterations)):
        q = torch.addmm(gram, gram, gram, beta=b, alpha=c)
        q.diagonal().add_(a)
        product = q if product is None else q @ product
        gram = q @ (gram @ q) if left else gram
    assert product is not None
    return product
