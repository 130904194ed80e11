"""The convolutional autoencoder: its sizes, its weights at the start, and that all of them learn."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from musicae.errors import MusicaeError
from musicae.networks.convolutional import (
    ConvolutionalCritic,
    ConvolutionalDecoder,
    ConvolutionalEncoder,
    ConvolutionalSizes,
)

LINES = ConvolutionalSizes()
DIGITS = {channels: ConvolutionalSizes(latent_width=4, latent_channels=channels) for channels in (2, 16)}
SMALL = ConvolutionalSizes(image=8, latent_width=2, latent_channels=3, depth=4)


def parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def convolutions(network: nn.Module) -> list[nn.Conv2d]:
    return [module for module in network.modules() if isinstance(module, nn.Conv2d)]


@pytest.mark.parametrize(
    ("sizes", "code"), [(LINES, 64), (DIGITS[2], 32), (DIGITS[16], 256), (SMALL, 12), (ConvolutionalSizes(16), 64)]
)
def test_images_become_flat_codes_and_codes_images(sizes: ConvolutionalSizes, code: int) -> None:
    image = torch.randn(5, 1, sizes.image, sizes.image)
    z = ConvolutionalEncoder(sizes)(image)
    assert z.shape == (5, code) and sizes.code == code
    assert ConvolutionalDecoder(sizes)(z).shape == image.shape
    assert ConvolutionalCritic(sizes)(image).shape == (5,)


def test_channels_double_where_the_side_halves() -> None:
    found = [(layer.in_channels, layer.out_channels) for layer in convolutions(ConvolutionalEncoder(LINES))]
    scales = [(16, 16), (16, 16), (16, 32), (32, 32), (32, 64), (64, 64), (64, 128), (128, 128)]
    assert found == [(1, 16), *scales, (128, 256), (256, 16)]
    found = [(layer.in_channels, layer.out_channels) for layer in convolutions(ConvolutionalDecoder(LINES))]
    scales = [(16, 128), (128, 128), (128, 64), (64, 64), (64, 32), (32, 32), (32, 16), (16, 16)]
    assert found == [*scales, (16, 16), (16, 1)]


def test_as_many_parameters_as_published() -> None:
    def by_hand(pairs: list[tuple[int, int]]) -> int:
        return sum((9 * inputs + 1) * outputs for inputs, outputs in pairs)

    doubling = [(16, 32), (32, 32), (32, 64), (64, 64), (64, 128), (128, 128), (128, 256)]
    encoder = 2 * 16 + by_hand([(16, 16), (16, 16), *doubling, (256, 16)])
    halving = [(16, 128), (128, 128), (128, 64), (64, 64), (64, 32), (32, 32), (32, 16)]
    decoder = by_hand([*halving, (16, 16), (16, 16), (16, 1)])
    assert parameters(ConvolutionalEncoder(LINES)) == parameters(ConvolutionalCritic(LINES)) == encoder == 627_472
    assert parameters(ConvolutionalDecoder(LINES)) == decoder == 313_985


@pytest.mark.parametrize("network", [ConvolutionalEncoder, ConvolutionalDecoder, ConvolutionalCritic])
def test_weights_start_normal_without_the_factor_two_and_biases_at_zero(network: type[nn.Module]) -> None:
    torch.manual_seed(0)
    for layer in convolutions(network(LINES)):
        expected = 1 / math.sqrt(1.04 * layer.in_channels * math.prod(layer.kernel_size))
        weights = layer.weight.detach()
        tolerance = 4 / math.sqrt(2 * weights.numel())  # four standard errors
        assert weights.std().item() == pytest.approx(expected, rel=tolerance)
        assert weights.mean().abs().item() < 4 * expected / math.sqrt(weights.numel())
        assert layer.bias is not None and not layer.bias.any()


def test_the_gradient_reaches_every_weight() -> None:
    torch.manual_seed(0)
    encoder, decoder, critic = (
        network(SMALL) for network in (ConvolutionalEncoder, ConvolutionalDecoder, ConvolutionalCritic)
    )
    image = torch.randn(4, 1, 8, 8)
    critic(decoder(encoder(image))).sum().backward()
    for network in (encoder, decoder, critic):
        assert all(parameter.grad is not None and parameter.grad.any() for parameter in network.parameters())


def test_the_last_layer_is_linear() -> None:
    torch.manual_seed(0)
    for network, given in ((ConvolutionalEncoder(SMALL), (4, 1, 8, 8)), (ConvolutionalDecoder(SMALL), (4, SMALL.code))):
        x = torch.randn(given)
        before = network(x)
        with torch.no_grad():
            convolutions(network)[-1].weight.neg_()
        assert before.abs().min() > 0 and torch.equal(network(x), -before)


def test_a_critic_says_the_mean_of_all_outputs_of_an_encoder_of_its_own() -> None:
    image, critic = torch.randn(8, 1, 32, 32), ConvolutionalCritic(LINES)
    assert torch.allclose(critic(image), critic.encoder(image).mean(1))


def test_the_channels_of_a_place_stand_together_and_see_only_their_corner() -> None:
    sizes = ConvolutionalSizes(image=32, latent_width=16, latent_channels=3, depth=2)
    image = torch.randn(1, 1, 32, 32, requires_grad=True)
    ConvolutionalEncoder(sizes)(image)[0, :3].sum().backward()
    assert image.grad is not None and image.grad[0, 0, 0, 0] != 0
    assert not image.grad[0, 0, 16:].any() and not image.grad[..., 16:].any()
    z = torch.randn(1, sizes.code, requires_grad=True)
    ConvolutionalDecoder(sizes)(z)[0, 0, 0, 0].backward()
    assert z.grad is not None and z.grad[0, :3].all() and not z.grad.view(16, 16, 3)[8:].any()
    assert not z.grad.view(16, 16, 3)[:, 8:].any()


@pytest.mark.parametrize(("image", "width"), [(32, 3), (28, 4), (32, 64), (32, 0), (32, -1), (0, 2)])
def test_sizes_that_halving_does_not_reach_are_refused(image: int, width: int) -> None:
    with pytest.raises(MusicaeError, match=f"latent_width={width}: halving an image of {image} pixels"):
        ConvolutionalSizes(image=image, latent_width=width)
