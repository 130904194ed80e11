"""Corruptions: noise on the features that the encoder reads while training; what is decoded stays clean."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor, nn

from musicae.errors import MusicaeError
from musicae.networks.batch import Batch
from musicae.networks.regularizers.base import AutoencoderInterface
from musicae.networks.types import Features, Mask


class Corruption(nn.Module, ABC):
    """The interface of corruptions."""

    @abstractmethod
    def forward(self, features: Features, mask: Mask, batch: Batch, autoencoder: AutoencoderInterface) -> Features:
        """The features of windows, corrupted; what a padding step has counts for nothing."""


class FeatureNoise(Corruption):
    """x + N(0, std^2), in units of the root mean square of x over the whole batch, padding included (Vincent et al.
    2010).

    Args:
        std: 1 is as much noise as there is signal.
    """

    def __init__(self, *, std: float = 0.5) -> None:
        super().__init__()
        _check("feature_noise.std", std)
        self.std = std

    def forward(self, features: Features, mask: Mask, batch: Batch, autoencoder: AutoencoderInterface) -> Features:
        return features + self.std * _scale(features) * torch.randn_like(features)


class AdversarialNoise(Corruption):
    """x + r, the step of a given length that changes the reconstruction most (Miyato et al. 2018, with
    reconstructions for class probabilities).

    r = size * |x| g / |g|, g = grad_e KL(p(.|f(x)) || p(.|f(x + e))) at a small random e: at e = 0 the gradient is 0.

    Args:
        size: length of r, in units of the length of x.
        probe: length of e, likewise.
    """

    def __init__(self, *, size: float = 0.3, probe: float = 0.05) -> None:
        super().__init__()
        _check("adversarial_noise.size", size)
        _check("adversarial_noise.probe", probe)
        self.size, self.probe = size, probe

    def forward(self, features: Features, mask: Mask, batch: Batch, autoencoder: AutoencoderInterface) -> Features:
        clean = features.detach()
        length = _norm(clean * mask[..., None])
        unit = torch.randn_like(clean) * mask[..., None]
        e = (self.probe * length * unit / _norm(unit)).requires_grad_()
        with torch.enable_grad():
            z = autoencoder.probe(clean, mask).mean.detach()
            moved = autoencoder.probe(clean + e, mask).mean
            changed = autoencoder.divergence(batch, z, moved).sum()
            (gradient,) = torch.autograd.grad(changed, e)
        gradient = torch.nan_to_num(gradient) * mask[..., None]
        return features + self.size * length * gradient / _norm(gradient)


def _norm(x: Features) -> Tensor:
    """Of every window, never 0."""
    return x.flatten(1).norm(dim=1).clamp(min=1e-12).reshape(-1, *[1] * (x.ndim - 1))


def _scale(x: Features) -> Tensor:
    return x.detach().square().mean().sqrt()


def _check(knob: str, value: float) -> None:
    if value < 0:
        raise MusicaeError(f"{knob} is {value}", f"give {knob} 0 or more")


CORRUPTIONS: dict[str, Callable[..., Corruption]] = {
    "feature_noise": FeatureNoise,
    "adversarial_noise": AdversarialNoise,
}
