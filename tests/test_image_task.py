"""Image networks under the contracts of encoders and decoders."""

from __future__ import annotations

import pytest
import torch

from musicae.errors import MusicaeError
from musicae.experiments.images import image_task
from musicae.experiments.images.image_autoencoders import IMAGE_AUTOENCODERS
from musicae.experiments.images.image_task import (
    BARE,
    decode_images,
    encode_images,
    image_autoencoder,
    image_batch,
    image_terms,
    to_tokens,
)
from musicae.experiments.images.lines import random_angles, render_lines
from musicae.networks.autoencoder import Autoencoder
from musicae.networks.convolutional import ConvolutionalSizes
from musicae.networks.images import Likelihood
from musicae.networks.sampling import SamplingOptions
from musicae.objectives import Objective
from tests.helpers.digits import to_images

SMALL = ConvolutionalSizes(image=16, latent_width=2, latent_channels=2, depth=2)


def small(likelihood: Likelihood = "gaussian") -> Autoencoder:
    torch.manual_seed(0)
    return image_autoencoder(Objective("", "", latent=BARE), SMALL, likelihood)


def lines(n: int) -> torch.Tensor:
    return render_lines(random_angles(n, torch.Generator().manual_seed(0)), 16)


def test_gray_values_are_images_to_a_255th() -> None:
    images = lines(8)
    assert (to_images(to_tokens(images)) - images).abs().max() <= 1 / 255


def test_the_nll_is_half_the_squared_error() -> None:
    autoencoder, images = small(), lines(4)
    batch = image_batch(autoencoder, images, torch.full((4,), -1), 0)
    pixels = to_images(batch.target)
    found = decode_images(autoencoder, encode_images(autoencoder, images))
    expected = 0.5 * (found - pixels).square().flatten(1).sum(1).mean()
    torch.testing.assert_close(autoencoder(batch)["nll"], expected)


def test_the_bernoulli_nll_is_that_of_torch_distributions() -> None:
    autoencoder, images = small("bernoulli"), lines(4)
    batch = image_batch(autoencoder, images, torch.full((4,), -1), 0)
    p = (decode_images(autoencoder, encode_images(autoencoder, images)) + 1) / 2
    white = (to_images(batch.target) + 1) / 2
    expected = -(white * p.log() + (1 - white) * (1 - p).log()).flatten(1).sum(1).mean()
    torch.testing.assert_close(autoencoder(batch)["nll"], expected, rtol=1e-4, atol=1e-4)


def test_terms_are_means_over_images_however_they_are_split(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    vae = image_autoencoder(IMAGE_AUTOENCODERS["vae"].objective, SMALL, "bernoulli")
    images = lines(5)
    whole = image_terms(vae, images)
    assert whole["loss"] == pytest.approx(whole["nll"] + whole["kl"])
    assert image_terms(vae, images) == whole
    monkeypatch.setattr(image_task, "IMAGES_AT_ONCE", 2)
    assert image_terms(vae, images)["kl"] == pytest.approx(whole["kl"], rel=1e-5), "draws differ, the KL does not"


@pytest.mark.parametrize("likelihood", ["gaussian", "bernoulli"])
def test_a_code_diverges_from_others_alone(likelihood: Likelihood) -> None:
    autoencoder = small(likelihood)
    batch = image_batch(autoencoder, lines(3), torch.full((3,), -1), 0)
    z, other = torch.randn(2, 3, SMALL.code) * 10
    assert autoencoder.divergence(batch, z, z).abs().max() < 1e-4
    assert (autoencoder.divergence(batch, z, other) > 0).all()


def test_an_image_is_sampled_as_it_is_expected_and_has_no_steps() -> None:
    autoencoder = small()
    z = torch.randn(3, SMALL.code)
    batch = image_batch(autoencoder, lines(3), torch.full((3,), -1), 0)
    tokens = autoencoder.sample(z, batch.condition, SamplingOptions())
    assert (to_images(tokens) - decode_images(autoencoder, z).clamp(-1, 1)).abs().max() <= 1 / 255 + 1e-6
    features, mask = autoencoder.soft(z, batch)
    torch.testing.assert_close(features.permute(0, 3, 1, 2), decode_images(autoencoder, z))
    assert (mask == 1).all()
    with pytest.raises(MusicaeError, match="at once"):
        autoencoder.decoder.stepwise(z, batch.condition, autoencoder.embedding)
