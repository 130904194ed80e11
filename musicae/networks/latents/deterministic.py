"""Latents without a spread: a plain code, and one on the unit sphere."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from musicae.errors import MusicaeError
from musicae.networks.latents.base import Latent, Posterior, at_least_one, code_layer
from musicae.networks.normalization import CodeNormalization
from musicae.networks.types import ClassLabel, Code, Encoding


class Deterministic(Latent):
    """z = W h: a plain autoencoder's code.

    Args:
        mean_std: as of the Gaussian latent; with it a penalty on the size of codes cannot be escaped by a decoder that
            multiplies them up again.
    """

    def __init__(self, inputs: int, *, size: int = 256, mean_std: float = 0.0) -> None:
        super().__init__()
        self.size = self.code_size = at_least_one("size", size)
        if mean_std < 0:
            raise MusicaeError(f"latent.mean_std is {mean_std}", "give latent.mean_std 0 or more")
        self.mean_std = mean_std
        self.normalization = CodeNormalization(size) if mean_std else nn.Identity()
        self.code = code_layer(inputs, size)

    def forward(self, h: Encoding, label: ClassLabel | None = None) -> Posterior:
        z = (self.mean_std or 1.0) * self.normalization(self.code(h).float())
        return _certain(z)

    def settle(self, z: Code) -> Code:
        return z


class Sphere(Latent):
    """z = W h / |W h|: codes on the unit sphere (Zhao et al. 2018, adversarially regularized autoencoders)."""

    def __init__(self, inputs: int, *, size: int = 256) -> None:
        super().__init__()
        self.size = self.code_size = at_least_one("size", size)
        self.even_variance = 1 / size
        self.code = code_layer(inputs, size)

    def forward(self, h: Encoding, label: ClassLabel | None = None) -> Posterior:
        return _certain(F.normalize(self.code(h).float(), dim=1))

    def settle(self, z: Code) -> Code:
        return F.normalize(z, dim=1)


def _certain(z: Code) -> Posterior:
    return Posterior(z, z, torch.zeros_like(z), z)
