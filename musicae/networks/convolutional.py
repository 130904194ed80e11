"""The convolutional autoencoder of Berthelot et al. (2018): images to codes, codes to images, critics of images.

Channels double where the side halves. Codes are flat, as those of every autoencoder here: all channels of a place, then
those of the next, so that a slot of a quantized code is a place. Weights start from
N(0, 1 / ((1 + 0.2^2) fan_in)) as published: He's initialization for leaky rectifiers without its factor 2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from musicae.errors import MusicaeError
from musicae.networks.images import ImageNetworks
from musicae.networks.types import Code

SLOPE = 0.2
"""Of leaky rectifiers below 0."""

Image = Float[Tensor, "batch color height width"]


@dataclass(frozen=True)
class ConvolutionalSizes(ImageNetworks):
    """Of a gray image, of its code and of the networks between.

    Attributes:
        image: pixels along a side.
        latent_width: along a side of the code, before it is flattened.
        latent_channels: of the code.
        depth: channels at the image's own size.

    Raises:
        MusicaeError: halving the image again and again does not lead to `latent_width`.
    """

    image: int = 32
    latent_width: int = 2
    latent_channels: int = 16
    depth: int = 16

    def __post_init__(self) -> None:
        if self.latent_width < 1 or self.image != self.latent_width << self.scales:
            raise MusicaeError(
                f"latent_width={self.latent_width}: halving an image of {self.image} pixels does not lead there",
                "choose a latent_width that times a power of 2 is the size of the image",
            )

    @property
    def scales(self) -> int:
        """How often the image is halved."""
        return max(self.image // max(self.latent_width, 1), 1).bit_length() - 1

    @property
    def shape(self) -> tuple[int, int]:
        return self.image, self.image

    @property
    def encoding(self) -> int:
        return self.code

    @property
    def code(self) -> int:
        return self.latent_channels * self.latent_width**2

    @property
    def channels(self) -> list[int]:
        """At every scale, the image's first."""
        return [self.depth << scale for scale in range(self.scales + 1)]

    def encoder(self) -> ConvolutionalEncoder:
        return ConvolutionalEncoder(self)

    def decoder(self) -> ConvolutionalDecoder:
        return ConvolutionalDecoder(self)

    def critic(self) -> ConvolutionalCritic:
        return ConvolutionalCritic(self)


class ConvolutionalEncoder(nn.Module):
    """Images to codes: two convolutions a scale, each scale averaged to half the side."""

    def __init__(self, sizes: ConvolutionalSizes) -> None:
        super().__init__()
        layers: list[nn.Module] = [_convolution(1, sizes.depth, kernel=1)]
        before = sizes.depth
        for channels in sizes.channels[:-1]:
            layers += [*_activated(before, channels), *_activated(channels, channels), nn.AvgPool2d(2)]
            before = channels
        layers += [*_activated(before, sizes.channels[-1]), _convolution(sizes.channels[-1], sizes.latent_channels)]
        self.layers = nn.Sequential(*layers)

    def forward(self, image: Image) -> Code:
        return self.layers(channels_last(image)).permute(0, 2, 3, 1).flatten(1)


class ConvolutionalDecoder(nn.Module):
    """Codes to images, the encoder mirrored: a pixel becomes four where it averages. Values are not bounded."""

    def __init__(self, sizes: ConvolutionalSizes) -> None:
        super().__init__()
        self.places = nn.Unflatten(1, (sizes.latent_width, sizes.latent_width, sizes.latent_channels))
        layers: list[nn.Module] = []
        before = sizes.latent_channels
        for channels in reversed(sizes.channels[:-1]):
            layers += [*_activated(before, channels), *_activated(channels, channels), nn.Upsample(scale_factor=2)]
            before = channels
        self.layers = nn.Sequential(*layers, *_activated(before, sizes.depth), _convolution(sizes.depth, 1))

    def forward(self, z: Code) -> Image:
        return self.layers(channels_last(self.places(z).permute(0, 3, 1, 2)))


class ConvolutionalCritic(nn.Module):
    """One number an image: the mean of all outputs of an encoder of its own."""

    def __init__(self, sizes: ConvolutionalSizes) -> None:
        super().__init__()
        self.encoder = ConvolutionalEncoder(sizes)

    def forward(self, image: Image) -> Float[Tensor, " batch"]:
        return self.encoder(image).mean(1)


def channels_last(image: Image) -> Image:
    """The same image with the colors of a pixel side by side in memory: convolutions on a CPU are faster so."""
    return image.contiguous(memory_format=torch.channels_last)


def _activated(inputs: int, outputs: int) -> tuple[nn.Module, nn.Module]:
    return _convolution(inputs, outputs), nn.LeakyReLU(SLOPE)


def _convolution(inputs: int, outputs: int, kernel: int = 3) -> nn.Conv2d:
    convolution = nn.Conv2d(inputs, outputs, kernel, padding="same")
    fan_in = inputs * kernel**2
    nn.init.normal_(convolution.weight, std=1 / math.sqrt((1 + SLOPE**2) * fan_in))
    if convolution.bias is not None:
        nn.init.zeros_(convolution.bias)
    return convolution
