"""Densities that are fitted to codes in closed form."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from musicae.errors import MusicaeError
from musicae.networks.priors import Prior
from musicae.networks.samplers.base import CodeMoments, Sampler
from musicae.networks.types import Code


class FittedGaussian(Sampler):
    """N(m, S) with the mean and the covariance of the codes of training windows, whatever they were pushed towards.

    A KL of small weight leaves holes in N(0, 1) where nothing was ever encoded, and draws from them sound like nothing
    that the model was trained on (Ghosh et al. 2020, arXiv:1903.12436, ex-post density estimation).
    """

    mean: Tensor
    root: Tensor
    """The lower triangle of the covariance's Cholesky factor, row by row."""

    def __init__(self, size: int, prior: Prior) -> None:
        super().__init__()
        self.lower = tuple(torch.tril_indices(size, size))
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("root", torch.eye(size)[self.lower])

    @torch.no_grad()
    def fit(self, mean: Code, std: Code) -> None:
        """m = E[mean], S = cov[mean] + diag E[std^2]."""
        centered = mean.double() - mean.double().mean(0)
        covariance = centered.T @ centered / len(mean) + torch.diag(std.double().square().mean(0) + 1e-6)
        self.mean.copy_(mean.mean(0))
        self.root.copy_(torch.linalg.cholesky(covariance)[self.lower])

    def sample(self, n: int, generator: torch.Generator) -> Float[Tensor, "n size"]:
        known = self.moments()
        return known.mean + torch.randn(n, len(known.mean), generator=generator) @ known.rows

    def moments(self) -> CodeMoments:
        size = len(self.mean)
        return CodeMoments(self.mean.cpu(), torch.zeros(size, size).index_put(self.lower, self.root.cpu()).T)


class MixtureBootstrap(Sampler):
    """Draws around mixtures of two codes: a smoothed bootstrap that keeps the variance (Silverman and Young 1987).

    z = m + nearness d_i + sqrt(1 - nearness^2) sum_k g_k d_k / sqrt(n), with i uniform, g ~ N(0, 1), m the mean code of
    training windows and d_k = (c + c' - 2 m) / sqrt(2) for n pairs of their codes. Draws from the Gaussian with the
    same mean and covariance sound more scattered than music, while in a mixture of two pieces what goes together
    stays together. The codes themselves would be closer to music still, but training windows could be decoded from
    them.

    Args:
        mixtures: n, how many mixtures are kept, in 8 bits a number.
        nearness: from 0, which draws from a Gaussian, to 1, which draws the mixtures themselves.
    """

    mean: Tensor
    scale: Tensor
    codes: Tensor

    def __init__(self, size: int, prior: Prior, *, mixtures: int = 256, nearness: float = 0.9) -> None:
        super().__init__()
        if mixtures < 1:
            raise MusicaeError(f"sampler.mixtures is {mixtures}", "give sampler.mixtures one or more")
        if not 0 <= nearness <= 1:
            raise MusicaeError(f"sampler.nearness is {nearness}", "give sampler.nearness a number from 0 to 1")
        self.nearness = nearness
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("scale", torch.ones(size))
        self.register_buffer("codes", torch.zeros(mixtures, size, dtype=torch.int8))
        self.fit(*torch.randn(2, 2 * mixtures, size, generator=torch.Generator().manual_seed(0)))  # roughly N(0, 1)

    @torch.no_grad()
    def fit(self, mean: Code, std: Code) -> None:
        """Mixes posterior means in pairs, as they come; their own spread is noise that only makes draws worse.

        Where they are too few for as many pairs, these are random ones. Two codes have nothing but their middle between
        them: they are kept themselves.
        """
        self.mean.copy_(mean.mean(0))
        offsets, n = mean.to(self.mean) - self.mean, len(self.codes)
        first = 2 * torch.arange(n)
        second = first + 1
        if len(offsets) < 2 * n:
            source = torch.Generator().manual_seed(0)
            first = torch.randint(len(offsets), (n,), generator=source)
            second = (first + torch.randint(1, max(len(offsets), 2), (n,), generator=source)) % len(offsets)
        pairs = (offsets[first] + offsets[second]) / 2**0.5 if len(offsets) > 2 else offsets[first]
        self.scale.copy_(pairs.abs().amax(0).clamp(min=1e-6) / 127)
        self.codes.copy_((pairs / self.scale).round())

    def sample(self, n: int, generator: torch.Generator) -> Float[Tensor, "n size"]:
        mixtures = self._mixtures()
        around = mixtures[torch.randint(len(mixtures), (n,), generator=generator)]
        spread = torch.randn(n, len(mixtures), generator=generator) @ mixtures / len(mixtures) ** 0.5
        return self.mean.cpu() + self.nearness * around + (1 - self.nearness**2) ** 0.5 * spread

    def moments(self) -> CodeMoments:
        mixtures = self._mixtures()
        return CodeMoments(self.mean.cpu(), mixtures / len(mixtures) ** 0.5)

    def _mixtures(self) -> Float[Tensor, "mixture size"]:
        """d_k, from the mean."""
        return self.codes.cpu() * self.scale.cpu()
