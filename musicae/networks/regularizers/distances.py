"""Distances between codes and the prior: of each posterior in closed form, and of a batch by MMD."""

from __future__ import annotations

import torch

from musicae.networks.device import float32, noise_source
from musicae.networks.regularizers.base import Context, Regularizer, Step, Terms, check_weights
from musicae.networks.types import Code, Scalar

SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Of the kernels that are summed (Tolstikhin et al. 2018)."""


class Wasserstein(Regularizer):
    """weight * W2^2(q(z|x), N(0, I)) = weight * sum(mean^2 + (std - 1)^2), averaged over the batch.

    Where the KL punishes a std near 0 without bound, this does with 1 a dimension.
    """

    needs_std = True

    def __init__(self, context: Context, *, weight: float = 0.1) -> None:
        super().__init__()
        check_weights("wasserstein", weight=weight)
        self.weight = weight

    def terms(self, step: Step) -> Terms:
        mean, std = step.posterior.code_mean, step.posterior.code_std
        return {self.label: self.weight * (mean.square() + (std - 1).square()).sum(1).mean()}


class MMD(Regularizer):
    """weight * MMD^2 between the codes of a batch and as many draws of the prior (Tolstikhin et al. 2018).

    Args:
        weight: of a number between 0 and 14 (seven kernels; about 2 where all codes are one), which is compared with
            the nats of a whole window.
    """

    def __init__(self, context: Context, *, weight: float = 100.0) -> None:
        super().__init__()
        check_weights("mmd", weight=weight)
        self.weight = weight

    def terms(self, step: Step) -> Terms:
        code = step.posterior.code
        if len(code) < 2:
            return {self.label: 0.0 * code.sum()}
        drawn = step.autoencoder.prior.sample(len(code), noise_source(code.device)).to(code)
        with float32(code):
            return {self.label: self.weight * mmd(code.float(), drawn.float())}


def mmd(codes: Code, draws: Code) -> Scalar:
    """The unbiased estimate of the squared maximum mean discrepancy of n codes and n draws; may be below 0.

    k(a, b) = sum over scales s of C / (C + |a - b|^2), C = 2 d s, the inverse multiquadratic kernel for a prior of
    variance 1.
    """
    n, size = codes.shape
    within = _kernel(codes, codes, size) + _kernel(draws, draws, size)
    across = _kernel(codes, draws, size)
    return (within.sum() - within.diagonal().sum()) / (n * (n - 1)) - 2 * across.mean()


def _kernel(a: Code, b: Code, size: int) -> torch.Tensor:
    distance = (a.square().sum(1)[:, None] + b.square().sum(1)[None] - 2 * a @ b.T).clamp(min=0)
    return torch.stack([2 * size * scale / (2 * size * scale + distance) for scale in SCALES]).sum(0)
