"""The interface of latents: the output of an encoder to the posterior of a code."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from musicae.errors import MusicaeError
from musicae.networks.types import ClassLabel, Code, Encoding, Scalar


@dataclass(frozen=True, eq=False)
class Posterior:
    """What is known of z after reading a window.

    Attributes:
        z: what the decoder gets; drawn from the posterior where that is a distribution.
        mean, std: of the posterior of z; std is 0 where z is certain.
        code: what regularizers see: what of z the encoder made, before it is perturbed or quantized, and without the
            class that the decoder is given.
        terms: losses that the latent itself brings, already weighted.
    """

    z: Code
    mean: Code
    std: Code
    code: Float[Tensor, "batch code_size"]
    terms: dict[str, Scalar] = field(default_factory=dict)

    @property
    def code_mean(self) -> Float[Tensor, "batch code_size"]:
        """The mean of the code alone."""
        return self.mean[:, self.mean.shape[1] - self.code.shape[1] :]

    @property
    def code_std(self) -> Float[Tensor, "batch code_size"]:
        """The std of the code alone."""
        return self.std[:, self.std.shape[1] - self.code.shape[1] :]

    def detach(self) -> Posterior:
        """The same posterior, of which nothing leads back to the encoder."""
        z, mean, std, code = (x.detach() for x in (self.z, self.mean, self.std, self.code))
        return replace(self, z=z, mean=mean, std=std, code=code)


class Latent(nn.Module, ABC):
    """The interface of latents.

    Attributes:
        size: numbers in z.
        code_size: numbers in the code, the last ones of z.
        classes: how many of the first numbers of z are probabilities of classes; 0 for none.
        stochastic: whether z is drawn from a posterior with a spread.
        even_variance: of every number of codes that use all dimensions alike.
    """

    size: int
    code_size: int
    classes = 0
    stochastic = False
    even_variance = 1.0

    @abstractmethod
    def forward(self, h: Encoding, label: ClassLabel | None = None) -> Posterior:
        """The posterior of the codes of windows, whose classes may be known."""

    @abstractmethod
    def settle(self, z: Code) -> Code:
        """The z that some numbers stand for; decoding begins with it, so that they may come from anywhere."""

    def complete(self, code: Float[Tensor, "batch drawn"], generator: torch.Generator) -> Code:
        """A z from what was drawn without the model: itself, or a code of the prior and what else is in z, drawn."""
        return code

    def metrics(self, mean: Code) -> dict[str, float]:
        """What is worth knowing about the posterior means of many windows."""
        return {}


def code_layer(inputs: int, size: int) -> nn.Linear:
    """A linear map whose codes vary from the first update on, by about as much as draws of N(0, 1)."""
    layer = nn.Linear(inputs, size)
    nn.init.normal_(layer.weight, std=inputs**-0.5)
    nn.init.zeros_(layer.bias)
    return layer


def at_least_one(knob: str, value: int) -> int:
    """A knob's value, if it is positive.

    Raises:
        MusicaeError: it is not.
    """
    if value < 1:
        raise MusicaeError(f"latent.{knob} is {value}", f"give latent.{knob} one or more")
    return value


def to_simplex(x: Code) -> Code:
    """Numbers as probabilities: what is negative counts as zero; all alike where nothing is positive."""
    positive = x.clamp(min=0)
    total = positive.sum(-1, keepdim=True)
    return torch.where(total > 0, positive / total.clamp(min=1e-12), 1 / x.shape[-1])


def one_hot(label: ClassLabel, classes: int) -> Code:
    """1 at the class of every window; zeros where it is unknown."""
    return F.one_hot(label.clamp(min=0), classes).float() * (label >= 0)[:, None]
