"""Parts are interchangeable: every representation, latent, head and regularizer that fit together learn together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from musicae.config import Config, Named, Spec, spec
from musicae.errors import MusicaeError
from musicae.model import build_autoencoder, token_spec
from musicae.music.representations import REPRESENTATIONS
from musicae.music.representations.base import Representation
from musicae.networks.allocation_limit import AllocationLimit
from musicae.networks.autoencoder import Autoencoder
from musicae.networks.batch import Batch
from musicae.networks.decoders import DECODERS
from musicae.networks.latents import LATENTS
from musicae.networks.regularizers import REGULARIZERS
from musicae.networks.sampling import SamplingOptions
from musicae.training.validation import validate
from tests.helpers.models import tiny_config

KINDS = {"melody": "melody-2bar", "drums": "drums-2bar", "trio": "trio-4bar", "multitrack": "multitrack-1bar-chords"}


def config_of(kind: str, latent: str, decoder: str = "conductor") -> Config:
    """A tiny configuration for a kind of music."""
    config = tiny_config(KINDS[kind])
    decoders = {"conductor": config.decoder, "flat": spec("flat", hidden=16, layers=1)}
    slots = {"slots": 2} if latent == "vector_quantized" else {}
    return replace(config, latent=spec(latent, size=8, **slots), decoder=decoders[decoder], regularizers=())


def representation_of(config: Config) -> Representation:
    representation: Representation = REPRESENTATIONS[config.representation.name](**config.representation.arguments)
    return representation


def windows_of(representation: Representation, n: int) -> torch.Tensor:
    """Random music."""
    generator = np.random.default_rng(0)
    tokens = [representation.encode(representation.generate(generator)) for _ in range(n)]
    return torch.from_numpy(np.stack(tokens)).long()


def train(autoencoder: Autoencoder, columns: torch.Tensor, updates: int) -> list[float]:
    """The nll before every update; regularizers may weigh more from one to the next."""
    optimizer = torch.optim.Adam(autoencoder.parameters(), 1e-2)
    losses = []
    for update in range(updates):
        terms = autoencoder(Batch.of(autoencoder.spec, columns, update=update))
        loss = torch.stack(list(terms.values())).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(terms["nll"].item())
    return losses


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("latent", LATENTS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_representation_learns_with_every_latent(kind: str, latent: str, decoder: str) -> None:
    config = config_of(kind, latent, decoder)
    representation = representation_of(config)
    autoencoder = build_autoencoder(config, representation.shape)
    losses = train(autoencoder, windows_of(representation, 4), updates=3)
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("regularizer", REGULARIZERS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_representation_learns_with_two_of_every_regularizer(kind: str, regularizer: str) -> None:
    latents = {"kl": "gaussian", "wasserstein": "gaussian", "classification": "class_and_style"}
    config = config_of(kind, latents.get(regularizer, "deterministic"))
    chosen = tuple(Named(f"{regularizer}_{i}", Spec(regularizer)) for i in range(2))
    representation = representation_of(config)
    autoencoder = build_autoencoder(replace(config, regularizers=chosen), representation.shape)
    losses = train(autoencoder, windows_of(representation, 4), updates=3)
    assert losses[-1] < losses[0]


def test_a_bernoulli_head_learns_drums() -> None:
    torch.manual_seed(0)
    config = config_of("drums", "deterministic")
    bernoulli = Spec("conductor", {**config.decoder.arguments, "heads": ("bernoulli",)})
    representation = representation_of(config)
    autoencoder = build_autoencoder(replace(config, decoder=bernoulli), representation.shape)
    columns = windows_of(representation, 8)
    losses = train(autoencoder, columns, updates=200)
    assert losses[-1] < 0.6 * losses[0]
    batch = Batch.of(autoencoder.spec, columns)
    z = autoencoder.encode(batch.target, batch.condition).mean
    sampled = autoencoder.sample(z, batch.condition, SamplingOptions(temperature=1.0))
    assert 0 <= int(sampled.min()) <= int(sampled.max()) < 512
    assert (sampled == batch.target).float().mean() > (sampled == batch.target.roll(1, 0)).float().mean()


@pytest.mark.parametrize("decoder", ["flat", "conductor", "two spans a segment"])
def test_no_bar_has_two_drum_tracks_under_any_decoder(decoder: str) -> None:
    torch.manual_seed(0)
    config = config_of("multitrack", "deterministic", "flat" if decoder == "flat" else "conductor")
    if decoder == "two spans a segment":
        two = {**config.decoder.arguments, "spans_per_segment": 2}
        config = replace(config, decoder=Spec("conductor", two))
    representation = representation_of(config)
    autoencoder = build_autoencoder(config, representation.shape)
    drums = token_spec(representation.shape).constraints[0]
    with torch.no_grad():  # every track would be drums
        for name, weight in autoencoder.decoder.named_parameters():
            if name.endswith("logits.bias"):
                weight[drums.token] = 20.0
    condition = Batch.of(autoencoder.spec, windows_of(representation, 4)).condition
    for temperature in (0.0, 1.0):
        sampled = autoencoder.sample(torch.randn(4, 8), condition, SamplingOptions(temperature))
        opens = sampled[:, :, 0, 0] == drums.token
        assert opens.sum(1).tolist() == [1, 1, 1, 1]


def test_a_kl_needs_a_prior_to_which_it_is_known_and_others_are_measured_without_it() -> None:
    config = replace(config_of("melody", "gaussian"), prior=spec("mixture"))
    representation = representation_of(config)
    with pytest.raises(MusicaeError, match="kl needs the KL to the prior; that to prior mixture has no closed form"):
        build_autoencoder(replace(config, regularizers=(Named("kl", Spec("kl")),)), representation.shape)
    critic = Named("adversarial_prior", Spec("adversarial_prior"))
    autoencoder = build_autoencoder(replace(config, regularizers=(critic,)), representation.shape)
    measured = validate(autoencoder, windows_of(representation, 8))
    assert measured["nll"] > 0 and "kl" not in measured


def test_building_counts_every_number_that_it_asks_for() -> None:
    for build in (torch.zeros, torch.eye, torch.tril_indices, lambda *size: torch.full(size, 1.0)):
        with pytest.raises(RuntimeError, match="more than 1,000 numbers"), AllocationLimit(1_000):
            build(40, 40)
    with AllocationLimit(1_000):
        torch.eye(30)
