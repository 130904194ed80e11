"""Latents: how a code is formed from what the encoder saw, and the prior it is drawn from."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.distributed as dist
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from musicae.errors import MusicaeError

Code = Float[Tensor, "batch size"]

MOMENTUM = 0.02
"""Share of a batch in the running moments by which means are normalized outside of training."""

EPSILON = 1e-5
"""Added to variances, as `F.batch_norm` does."""


@dataclass(frozen=True, eq=False)
class Posterior:
    """What is known of z after reading a window.

    Attributes:
        z: the code that the decoder gets; drawn from the posterior where that is a distribution.
        mean, std: of the posterior; std is 0 where z is certain.
        code: what regularizers see.
        terms: losses that the latent itself brings, already weighted.
    """

    z: Code
    mean: Code
    std: Code
    code: Code
    terms: dict[str, Float[Tensor, ""]] = field(default_factory=dict)


class Latent(nn.Module):
    """The interface of all latents: `forward(h)` gives the posterior of a code of `size` numbers."""

    stochastic: bool
    """Whether z is drawn from a posterior with a spread."""

    def __init__(self, size: int) -> None:
        super().__init__()
        if size < 1:
            raise ValueError("a code needs a dimension at least")
        self.size = size

    def settle(self, z: Code) -> Code:
        """The code that z stands for; decoding begins with it, so that z may come from anywhere."""
        return z


class Gaussian(Latent):
    """z ~ N(mean, diag std^2), mean = W h, std = std_min + softplus(W' h) (Roberts et al. 2018, equations 6 and 7).

    At first the mean varies with the input and std is small, so that the decoder has something to read from the first
    update on. Starting at mean 0 and std ln 2, as was published, takes half as many updates again to get as far.

    Args:
        std_min: what std cannot fall below. Without it training crowds what is known of a window into a few
            dimensions of minute steps, and the way from one code to another is full of jumps.
        mean_std: standard deviation that the mean of every dimension has over windows, kept by batch normalization
            without a learned scale (BN-VAE, Zhu et al. 2020, arXiv:2004.12585). No dimension can die then, nor outgrow
            std_min: each says about ln(1 + (mean_std / std_min)^2) / 2 nats at most, so that all share what is known. 0
            leaves the means free.
    """

    stochastic = True
    center: Tensor
    variance: Tensor

    def __init__(self, inputs: int, *, size: int = 256, std_min: float = 0.0, mean_std: float = 0.0) -> None:
        super().__init__(size)
        if not 0 <= std_min < 1:
            raise MusicaeError(
                f"latent.std_min is {std_min}", "give latent.std_min 0 or more, but less than the prior's 1"
            )
        if mean_std < 0:
            raise MusicaeError(
                f"latent.mean_std is {mean_std}", "give latent.mean_std 0, which leaves means free, or more"
            )
        self.std_min, self.mean_std = std_min, mean_std
        if mean_std:
            self.register_buffer("center", torch.zeros(size))
            self.register_buffer("variance", torch.ones(size))
        self.mean = nn.Linear(inputs, size)
        self.std = nn.Linear(inputs, size)
        nn.init.normal_(self.mean.weight, std=inputs**-0.5)
        nn.init.zeros_(self.mean.bias)
        nn.init.normal_(self.std.weight, std=1e-3)
        nn.init.constant_(self.std.bias, -2.0)

    def forward(self, h: Float[Tensor, "batch width"]) -> Posterior:
        mean = self.mean(h).float()
        if self.mean_std:
            mean = self.mean_std * self._normalized(mean)
        std = self.std_min + F.softplus(self.std(h).float())
        z = mean + std * torch.randn_like(std)
        return Posterior(z, mean, std, z)

    def _normalized(self, mean: Code) -> Code:
        if self.training and dist.is_initialized():
            return normalize_together(mean, self.center, self.variance)
        learning = self.training and len(mean) > 1  # one window has no spread
        return F.batch_norm(mean, self.center, self.variance, training=learning, momentum=MOMENTUM)


def sum_over_processes(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """The sum of what every process has; its gradient is the sum of theirs."""
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
        return _Sum.forward(ctx, grad)


def normalize_together(x: Code, center: Float[Tensor, " size"], variance: Float[Tensor, " size"]) -> Code:
    """Batch normalization by the moments of the batches of all processes, which every process adds to its running ones.

    Gradients flow through the moments to all processes (as in `nn.SyncBatchNorm`, which is for GPUs alone).
    """
    n = sum_over_processes(torch.full((), float(len(x)), device=x.device))
    mean = sum_over_processes(x.sum(0)) / n
    spread = sum_over_processes((x - mean).square().sum(0)) / n
    with torch.no_grad():
        center.lerp_(mean, MOMENTUM)
        variance.lerp_(spread * n / (n - 1), MOMENTUM)
    return (x - mean) * (spread + EPSILON).rsqrt()


class Deterministic(Latent):
    """z = W h: a plain autoencoder's code."""

    stochastic = False

    def __init__(self, inputs: int, *, size: int = 256) -> None:
        super().__init__(size)
        self.code = nn.Linear(inputs, size)

    def forward(self, h: Float[Tensor, "batch width"]) -> Posterior:
        z = self.code(h).float()
        return Posterior(z, z, torch.zeros_like(z), z)


class Prior(nn.Module):
    """The interface of all priors: where codes come from when nothing is encoded."""

    def fit(self, mean: Code, std: Code) -> None:
        """Learns from the posteriors of training windows where codes lie; nothing to learn is the default."""

    @abstractmethod
    def sample(self, n: int, generator: torch.Generator) -> Float[Tensor, "n size"]:
        """n independent draws, on the CPU."""


class Normal(Prior):
    """The prior N(0, 1)."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def sample(self, n: int, generator: torch.Generator) -> Float[Tensor, "n size"]:
        return torch.randn(n, self.size, generator=generator)


class Fitted(Prior):
    """N(m, S) with the mean and the covariance of the codes of training windows, whatever they were pushed towards.

    A KL of small weight leaves holes in N(0, 1) where nothing was ever encoded, and draws from them sound like nothing
    that was heard (Ghosh et al. 2020, arXiv:1903.12436, ex-post density estimation).
    """

    mean: Tensor
    root: Tensor
    """The lower triangle of the covariance's Cholesky factor, row by row."""

    def __init__(self, size: int) -> None:
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
        size = len(self.mean)
        root = torch.zeros(size, size).index_put(self.lower, self.root.cpu())
        return self.mean.cpu() + torch.randn(n, size, generator=generator) @ root.T


class Bootstrap(Prior):
    """Draws around mixtures of two codes: a smoothed bootstrap that keeps the variance (Silverman and Young 1987).

    z = m + near d_i + sqrt(1 - near^2) sum_k g_k d_k / sqrt(n), with i uniform, g ~ N(0, 1), m the mean code of
    training windows and d_k = (c + c' - 2 m) / sqrt(2) for n pairs of their codes. Draws from the Gaussian with the
    same mean and covariance sound more scattered than music, while in a mixture of two pieces what goes together
    stays together. The codes themselves would be closer to music still, but what was heard could be read off them.

    Args:
        mixtures: n, how many mixtures are kept, in 8 bits a number.
        nearness: from 0, which draws from a Gaussian, to 1, which draws the mixtures themselves.
    """

    mean: Tensor
    scale: Tensor
    codes: Tensor

    def __init__(self, size: int, *, mixtures: int = 256, nearness: float = 0.9) -> None:
        super().__init__()
        if mixtures < 1:
            raise MusicaeError(f"sampler.mixtures is {mixtures}", "give sampler.mixtures one or more")
        if not 0 <= nearness <= 1:
            raise MusicaeError(f"sampler.nearness is {nearness}", "give sampler.nearness a number from 0 to 1")
        self.near = nearness
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("scale", torch.ones(size))
        self.register_buffer("codes", torch.zeros(mixtures, size, dtype=torch.int8))
        self.fit(*torch.randn(2, 2 * mixtures, size, generator=torch.Generator().manual_seed(0)))  # roughly N(0, 1)

    @torch.no_grad()
    def fit(self, mean: Code, std: Code) -> None:
        """Mixes posterior means in pairs, as they come; their own spread is noise that only makes draws worse."""
        self.mean.copy_(mean.mean(0))
        offsets = mean.to(self.mean) - self.mean
        first = 2 * torch.arange(len(self.codes))
        mixtures = (offsets[first % len(offsets)] + offsets[(first + 1) % len(offsets)]) / 2**0.5
        self.scale.copy_(mixtures.abs().amax(0).clamp(min=1e-6) / 127)
        self.codes.copy_((mixtures / self.scale).round())

    def sample(self, n: int, generator: torch.Generator) -> Float[Tensor, "n size"]:
        mixtures = self.codes.cpu() * self.scale.cpu()
        around = mixtures[torch.randint(len(mixtures), (n,), generator=generator)]
        spread = torch.randn(n, len(mixtures), generator=generator) @ mixtures / len(mixtures) ** 0.5
        return self.mean.cpu() + self.near * around + (1 - self.near**2) ** 0.5 * spread


LATENTS: dict[str, Callable[..., Latent]] = {"gaussian": Gaussian, "deterministic": Deterministic}

PRIORS: dict[str, Callable[..., Prior]] = {"normal": Normal}

SAMPLERS: dict[str, Callable[..., Prior]] = {
    "prior": Normal,
    "fitted_gaussian": Fitted,
    "mixture_bootstrap": Bootstrap,
}
