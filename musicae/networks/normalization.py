"""Batch normalization of codes without a learned scale, over the batches of all processes."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from musicae.networks.types import Code

MOMENTUM = 0.02
"""Share of a batch in the running moments by which codes are normalized outside of training."""

EPSILON = 1e-5
"""Added to variances, as `F.batch_norm` does."""


class CodeNormalization(nn.Module):
    """x -> (x - mean) / std per dimension: of the batch while training, of running moments otherwise."""

    center: Tensor
    variance: Tensor

    def __init__(self, size: int) -> None:
        super().__init__()
        self.register_buffer("center", torch.zeros(size))
        self.register_buffer("variance", torch.ones(size))

    def forward(self, x: Code) -> Code:
        if self.training and dist.is_initialized():
            return self._together(x)
        learning = self.training and len(x) > 1  # one window has no spread
        return F.batch_norm(x, self.center, self.variance, training=learning, momentum=MOMENTUM)

    def _together(self, x: Code) -> Code:
        """By the moments of the batches of all processes; gradients flow through them to all processes (as in
        `nn.SyncBatchNorm`, which is for GPUs alone)."""
        n = sum_over_processes(torch.full((), float(len(x)), device=x.device))
        mean = sum_over_processes(x.sum(0)) / n
        variance = sum_over_processes((x - mean).square().sum(0)) / n
        with torch.no_grad():
            self.center.lerp_(mean, MOMENTUM)
            self.variance.lerp_(variance * n / (n - 1), MOMENTUM)
        return (x - mean) * (variance + EPSILON).rsqrt()


def sum_over_processes(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """The sum of what every process has; its gradient is the sum of theirs.

    torch's own differentiable all-reduce is deprecated, and its successor private.
    """
    total: Tensor = _Sum.apply(x)  # type: ignore[no-untyped-call]
    return total


class _Sum(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        total = x.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        total = grad.clone()
        dist.all_reduce(total)
        return total
