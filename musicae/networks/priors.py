"""Priors p(z): what the loss compares posteriors with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import nn

from musicae.networks.types import Code


class Prior(nn.Module, ABC):
    """The interface of priors over codes of some size."""

    @abstractmethod
    def kl(self, mean: Code, std: Code) -> Code:
        """KL(N(mean, std^2) || p) in nats, per dimension."""

    @abstractmethod
    def sample(self, n: int, generator: torch.Generator) -> Code:
        """n independent draws, on the device of the generator."""


def kl_divergence(mean: Code, std: Code) -> Code:
    """KL(N(mean, std^2) || N(0, 1)) in nats, per dimension (Kingma & Welling 2014, appendix B)."""
    return 0.5 * (mean**2 + std**2 - 1) - torch.log(std)


class StandardNormal(Prior):
    """N(0, 1)."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def kl(self, mean: Code, std: Code) -> Code:
        return kl_divergence(mean, std)

    def sample(self, n: int, generator: torch.Generator) -> Code:
        return torch.randn(n, self.size, generator=generator, device=generator.device)


PRIORS: dict[str, Callable[..., Prior]] = {"normal": StandardNormal}
