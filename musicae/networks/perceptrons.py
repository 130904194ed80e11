"""Image networks of plain matrix products, for images that are small or no squares.

They read black as 0: thousands of background pixels at -1 would move every unit together at every update.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from jaxtyping import Float
from torch import Tensor, nn

from musicae.networks.images import ImageNetworks


@dataclass(frozen=True)
class PerceptronSizes(ImageNetworks):
    """Of an image, of its code and of the hidden layers between.

    Attributes:
        image: its height and width, in pixels.
        latent: numbers in z.
        before, after: units of the encoder's layers, and of the decoder's, in the order that they are passed in.
        activation: after each of them.
    """

    image: tuple[int, int]
    latent: int
    before: tuple[int, ...]
    after: tuple[int, ...]
    activation: Literal["tanh", "relu"] = "relu"

    @property
    def shape(self) -> tuple[int, int]:
        return self.image

    @property
    def code(self) -> int:
        return self.latent

    @property
    def encoding(self) -> int:
        return self.before[-1]

    def encoder(self) -> nn.Module:
        return nn.Sequential(Whiteness(), *self._hidden(math.prod(self.image), *self.before))

    def decoder(self) -> nn.Module:
        output = nn.Linear(self.after[-1], math.prod(self.image))
        return nn.Sequential(*self._hidden(self.latent, *self.after), output, nn.Unflatten(1, (1, *self.image)))

    def critic(self) -> nn.Module:
        return nn.Sequential(self.encoder(), nn.Linear(self.encoding, 1), nn.Flatten(0))

    def _hidden(self, *units: int) -> list[nn.Module]:
        return [layer for sizes in pairwise(units) for layer in (nn.Linear(*sizes), ACTIVATIONS[self.activation]())]


class Whiteness(nn.Module):
    """Pixels from -1 to 1 as a vector of numbers from 0 to 1."""

    def forward(self, image: Float[Tensor, "batch 1 height width"]) -> Float[Tensor, "batch pixel"]:
        return (image.flatten(1) + 1) / 2


ACTIVATIONS: Mapping[str, Callable[[], nn.Module]] = {"tanh": nn.Tanh, "relu": nn.ReLU}
