"""Corruptions of features, against what they are for."""

from __future__ import annotations

from dataclasses import replace

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


def test_a_probe_leaves_what_the_latent_has_counted() -> None:
    torch.manual_seed(0)
    autoencoder, batch = autoencoder_of(RAGGED, latent="vector_quantized"), batch_of(RAGGED, 8)
    counted = {name: buffer.clone() for name, buffer in autoencoder.latent.named_buffers()}
    features, mask = autoencoder.embed(batch)
    AdversarialNoise()(features, mask, batch, autoencoder)
    assert counted and all(torch.equal(counted[name], now) for name, now in autoencoder.latent.named_buffers())
    autoencoder.encode_features(features, mask)
    assert not all(torch.equal(counted[name], now) for name, now in autoencoder.latent.named_buffers())


def test_the_same_code_diverges_from_itself_by_nothing_while_training() -> None:
    torch.manual_seed(0)
    autoencoder, batch = autoencoder_of(RAGGED, latent="deterministic"), batch_of(RAGGED, 8)
    autoencoder.decoder.token_dropout = 0.5  # type: ignore[assignment]
    z = autoencoder.encode(batch.target, batch.condition).z
    for probability in (0.0, 0.5):
        found = autoencoder.divergence(replace(batch, sampling_probability=probability), z, z)
        torch.testing.assert_close(found, torch.zeros(8))
    assert autoencoder.decoder.training
