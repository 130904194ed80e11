"""The latent of variational autoencoders."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from musicae.errors import MusicaeError
from musicae.networks.latents.base import Latent, Posterior, at_least_one, code_layer
from musicae.networks.normalization import CodeNormalization
from musicae.networks.types import ClassLabel, Code, Encoding


class Gaussian(Latent):
    """z ~ N(mean, diag std^2), mean = W h, std = std_min + softplus(W' h) (Roberts et al. 2018, equations 6 and 7).

    At first the mean varies with the input and std is small, so that the decoder has something to read from the first
    update on. Starting at mean 0 and std ln 2, as was published, takes half as many updates again to get as far.

    Args:
        std_min: what std cannot fall below. Without it training crowds what is known of a window into a few
            dimensions of minute steps, and the way from one code to another is full of jumps.
        mean_std: standard deviation that the mean of every dimension has over windows, by batch normalization
            without a learned scale (BN-VAE, Zhu et al. 2020, arXiv:2004.12585). No dimension can die then, nor outgrow
            std_min: each says about ln(1 + (mean_std / std_min)^2) / 2 nats at most, so that all share what is known. 0
            leaves the means free.
    """

    stochastic = True

    def __init__(self, inputs: int, *, size: int = 256, std_min: float = 0.0, mean_std: float = 0.0) -> None:
        super().__init__()
        self.size = self.code_size = at_least_one("size", size)
        if not 0 <= std_min < 1:
            raise MusicaeError(
                f"latent.std_min is {std_min}", "give latent.std_min 0 or more, but less than the prior's 1"
            )
        if mean_std < 0:
            raise MusicaeError(
                f"latent.mean_std is {mean_std}", "give latent.mean_std 0, which leaves means free, or more"
            )
        self.std_min, self.mean_std = std_min, mean_std
        self.normalization = CodeNormalization(size) if mean_std else nn.Identity()
        self.mean = code_layer(inputs, size)
        self.std = nn.Linear(inputs, size)
        nn.init.normal_(self.std.weight, std=1e-3)
        nn.init.constant_(self.std.bias, -2.0)

    def forward(self, h: Encoding, label: ClassLabel | None = None) -> Posterior:
        mean = (self.mean_std or 1.0) * self.normalization(self.mean(h).float())
        std = self.std_min + F.softplus(self.std(h).float())
        z = mean + std * torch.randn_like(std)
        return Posterior(z, mean, std, z)

    def settle(self, z: Code) -> Code:
        return z
