"""Corruptions of features, against what they are for."""

from __future__ import annotations

import pytest
import torch

from musicae.errors import MusicaeError
from musicae.networks.corruptions import AdversarialNoise, FeatureNoise
from tests.helpers.networks import RAGGED, SPECS, autoencoder_of, batch_of


def test_feature_noise_is_in_units_of_the_signal() -> None:
    torch.manual_seed(0)
    autoencoder, batch = autoencoder_of(SPECS["three fields"]), batch_of(SPECS["three fields"], 64)
    features, mask = autoencoder.embed(batch)
    noisy = FeatureNoise(std=0.5)(features, mask, batch, autoencoder)
    ratio = (noisy - features).std() / features.square().mean().sqrt()
    assert ratio.item() == pytest.approx(0.5, rel=0.05)
    with pytest.raises(MusicaeError, match="std"):
        FeatureNoise(std=-1.0)


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_adversarial_noise_has_its_length_and_changes_more_than_random_noise_does(spec: object) -> None:
    torch.manual_seed(0)
    autoencoder, batch = autoencoder_of(spec, latent="deterministic"), batch_of(spec, 16)  # type: ignore[arg-type]
    features, mask = autoencoder.embed(batch)
    size = 0.2
    step = AdversarialNoise(size=size)(features, mask, batch, autoencoder) - features
    length = (features * mask[..., None]).flatten(1).norm(dim=1)
    torch.testing.assert_close(step.flatten(1).norm(dim=1), size * length)
    assert (step[mask == 0] == 0).all()
    random = torch.randn_like(step) * mask[..., None]
    random = random * (size * length / random.flatten(1).norm(dim=1))[:, None, None, None]
    z = autoencoder.encode_features(features, mask).mean

    def change(moved: torch.Tensor) -> float:
        return autoencoder.divergence(batch, z, autoencoder.encode_features(moved, mask).mean).mean().item()

    assert change(features + step) > change(features + random)


def test_what_is_decoded_stays_clean_and_encoding_is_not_corrupted() -> None:
    torch.manual_seed(0)
    autoencoder, batch = autoencoder_of(RAGGED, latent="deterministic"), batch_of(RAGGED)
    clean = autoencoder(batch)["nll"]
    autoencoder.corruptions.append(FeatureNoise(std=3.0))  # type: ignore[attr-defined]
    assert autoencoder(batch)["nll"] != clean
    assert autoencoder.terms(autoencoder.encode(batch.target, batch.condition), batch)["nll"] == clean
