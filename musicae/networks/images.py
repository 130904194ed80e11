"""Image networks as encoders, decoders and critics: pixels are steps of one field, and all follow from z at once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from musicae.errors import MusicaeError
from musicae.networks.batch import Batch
from musicae.networks.decoders.base import Decoder
from musicae.networks.embedding import Embedding
from musicae.networks.encoders import Encoder
from musicae.networks.heads import bernoulli_divergence
from musicae.networks.sampling import SamplingOptions, StepwiseDecoder
from musicae.networks.types import Code, Condition, Encoding, Features, Mask, Tokens

Likelihood = Literal["gaussian", "bernoulli"]


class ImageNetworks(ABC):
    """The interface of architectures: the networks between an image [batch, 1, height, width] and its code."""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, int]:
        """Height and width of the image, in pixels."""

    @property
    @abstractmethod
    def encoding(self) -> int:
        """Numbers that the encoder gives."""

    @property
    @abstractmethod
    def code(self) -> int:
        """Numbers in z."""

    @abstractmethod
    def encoder(self) -> nn.Module:
        """Images to vectors."""

    @abstractmethod
    def decoder(self) -> nn.Module:
        """Codes to images."""

    @abstractmethod
    def critic(self) -> nn.Module:
        """Images to a number each."""


class ImageDecoder(Decoder):
    """p(x|z) of pixels from -1 to 1, the features of gray values 0 to 255.

    `gaussian`: N(m(z), 1), so that the nll is half the squared error, up to a constant. `bernoulli`: white with
    probability s(m(z)), of which gray is a share.

    Args:
        net: codes to images [batch, 1, height, width].
    """

    spans = 1

    def __init__(self, net: nn.Module, likelihood: Likelihood = "gaussian") -> None:
        super().__init__()
        self.net, self.likelihood = net, likelihood

    def mean(self, z: Code) -> Features:
        """The expected pixels."""
        out = self._out(z)
        return 2 * torch.sigmoid(out) - 1 if self.likelihood == "bernoulli" else out

    def log_prob(self, batch: Batch, z: Code, embedding: Embedding) -> Float[Tensor, " batch"]:
        target, out = embedding(batch.target, batch.condition), self._out(z)
        if self.likelihood == "bernoulli":
            return -F.binary_cross_entropy_with_logits(out, (target + 1) / 2, reduction="none").flatten(1).sum(1)
        return -0.5 * (target - out).square().flatten(1).sum(1)

    def sample(self, z: Code, condition: Condition, embedding: Embedding, options: SamplingOptions) -> Tokens:
        """The gray values nearest to the expected pixels: an image is shown without its noise."""
        return ((self.mean(z).clamp(-1, 1) + 1) * 127.5).round().long()

    def soft(self, z: Code, condition: Condition, embedding: Embedding) -> tuple[Features, Mask]:
        features = self.mean(z)
        return features, features.new_ones(features.shape[:3])

    def divergence(self, batch: Batch, z: Code, other: Code, embedding: Embedding) -> Float[Tensor, " batch"]:
        a, b = self._out(z), self._out(other)
        if self.likelihood == "bernoulli":
            return bernoulli_divergence(a, b).flatten(1).sum(1)
        return 0.5 * (a - b).square().flatten(1).sum(1)

    def stepwise(self, z: Code, condition: Condition, embedding: Embedding) -> list[StepwiseDecoder]:
        """
        Raises:
            MusicaeError: pixels do not follow one another.
        """
        raise MusicaeError("the pixels of an image are decoded at once", "ask for a sample")

    def _out(self, z: Code) -> Features:
        out: Tensor = self.net(z).float()
        return out.permute(0, 2, 3, 1)


class ImageEncoder(Encoder):
    """An image network as an encoder of the features of pixels.

    Args:
        net: images [batch, 1, height, width] to vectors.
        size: of these.
    """

    def __init__(self, net: nn.Module, size: int) -> None:
        super().__init__()
        self.net, self.size = net, size

    def forward(self, features: Features, mask: Mask) -> Encoding:
        return self.net(features.permute(0, 3, 1, 2))


class ImageCritic(nn.Module):
    """An image network that gives a number, as a critic of the features of pixels."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, features: Features, mask: Mask) -> Float[Tensor, " batch"]:
        return self.net(features.permute(0, 3, 1, 2))
