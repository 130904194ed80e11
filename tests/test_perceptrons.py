"""Image networks of plain matrix products: their sizes, and that an autoencoder is made of them."""

from __future__ import annotations

import torch
from torch import nn

from musicae.experiments.images.image_task import image_autoencoder, unlabeled_batch
from musicae.networks.perceptrons import PerceptronSizes
from musicae.objectives import OBJECTIVES
from tests.helpers.digits import to_images

SIZES = PerceptronSizes(image=(4, 6), latent=2, before=(7, 5), after=(8,), activation="tanh")


def test_layers_lead_from_the_image_to_the_code_and_back() -> None:
    images = torch.randn(3, 1, 4, 6)
    assert SIZES.encoder()(images).shape == (3, 5) == (3, SIZES.encoding)
    assert SIZES.decoder()(torch.randn(3, 2)).shape == images.shape
    assert SIZES.critic()(images).shape == (3,)
    linear = [
        (layer.in_features, layer.out_features) for layer in SIZES.encoder().modules() if isinstance(layer, nn.Linear)
    ]
    assert linear == [(24, 7), (7, 5)]
    assert sum(isinstance(layer, nn.Tanh) for layer in SIZES.decoder().modules()) == 1, (
        "what leaves the decoder is not bounded"
    )


def test_black_says_nothing_and_teaches_the_first_layer_nothing() -> None:
    encoder = SIZES.encoder()
    encoder(torch.full((3, 1, 4, 6), -1.0)).sum().backward()
    first = next(layer for layer in encoder.modules() if isinstance(layer, nn.Linear))
    assert first.weight.grad is not None and first.bias.grad is not None
    assert not first.weight.grad.any() and first.bias.grad.any()


def test_an_image_that_is_no_square_has_a_code_of_its_own_size() -> None:
    autoencoder = image_autoencoder(OBJECTIVES["vae"], SIZES, "bernoulli")
    tokens = torch.randint(256, (3, 4, 6, 1))
    batch = unlabeled_batch(autoencoder, to_images(tokens))
    assert torch.equal(batch.target, tokens)
    assert autoencoder.encode(batch.target, batch.condition).mean.shape == (3, 2)
    assert set(autoencoder(batch)) == {"nll", "kl"}
