"""Posteriors, priors and the divergence between them, against what they stand for."""

import math
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from musicae.errors import MusicaeError
from musicae.networks.latents import MOMENTUM, Bootstrap, Fitted, Gaussian, normalize_together
from musicae.networks.regularizers import KL, kl_divergence


def test_kl_of_the_prior_is_zero() -> None:
    assert kl_divergence(torch.zeros(2, 3), torch.ones(2, 3)).tolist() == [[0, 0, 0], [0, 0, 0]]


def test_kl_is_that_of_torch_distributions() -> None:
    mean, std = torch.randn(4, 3), torch.rand(4, 3) + 0.1
    theirs = torch.distributions.kl_divergence(
        torch.distributions.Normal(mean, std), torch.distributions.Normal(torch.zeros(3), torch.ones(3))
    )
    torch.testing.assert_close(kl_divergence(mean, std), theirs)


def test_a_floor_keeps_the_posterior_wide() -> None:
    narrow, wide = Gaussian(2, size=3), Gaussian(2, size=3, std_min=0.25)
    wide.load_state_dict(narrow.state_dict())
    h = torch.randn(4, 2)
    torch.testing.assert_close(wide(h).std, narrow(h).std + 0.25)
    with pytest.raises(MusicaeError, match="std_min"):
        Gaussian(2, std_min=1.0)


def test_means_are_spread_alike_in_every_dimension() -> None:
    latent = Gaussian(4, size=3, std_min=0.5, mean_std=2.0)
    h = torch.randn(512, 4) * torch.tensor([1.0, 1e-2, 5.0, 0.0]) + 3
    for _ in range(400):
        trained = latent(h).mean
    torch.testing.assert_close(trained.std(0, correction=0), torch.full((3,), 2.0), rtol=1e-2, atol=0)
    latent.train(False)
    torch.testing.assert_close(latent(h).mean, trained, rtol=2e-2, atol=2e-2)
    torch.testing.assert_close(latent(h[:1]).mean, latent(h).mean[:1])
    latent.train()
    assert torch.isfinite(latent(h[:1]).mean).all(), "a batch of one window"
    with pytest.raises(MusicaeError, match="mean_std"):
        Gaussian(2, mean_std=-1.0)


def test_a_fitted_prior_draws_where_codes_lie() -> None:
    generator = torch.Generator().manual_seed(0)
    mix = torch.tensor([[2.0, 0.0, 0.0], [1.0, 0.5, 0.0], [0.0, 0.0, 0.1]])
    means = torch.randn(20_000, 3, generator=generator) @ mix.T + torch.tensor([1.0, -2.0, 0.0])
    prior = Fitted(3)
    prior.fit(means, torch.full_like(means, 0.3))
    drawn = prior.sample(20_000, generator)
    torch.testing.assert_close(drawn.mean(0), torch.tensor([1.0, -2.0, 0.0]), atol=0.06, rtol=0)
    torch.testing.assert_close(torch.cov(drawn.T), mix @ mix.T + 0.09 * torch.eye(3), atol=0.15, rtol=0)
    prior.fit(means[:2], torch.zeros(2, 3))  # as few as that leave no hole in the arithmetic
    assert torch.isfinite(prior.sample(4, generator)).all()


def test_a_bootstrap_draws_around_mixtures_of_two_codes() -> None:
    generator = torch.Generator().manual_seed(0)
    means = torch.tensor([[3.0, 1.0], [3.0, 1.0], [-1.0, 1.0], [-1.0, 1.0]]).repeat(250, 1)
    mixed = torch.tensor([[1 + 2 * 2**0.5, 1.0], [1 - 2 * 2**0.5, 1.0]])
    prior = Bootstrap(2, mixtures=100, nearness=1.0)
    assert prior.sample(20_000, generator).std() == pytest.approx(1.0, abs=0.15)
    prior.fit(means, torch.ones_like(means))
    torch.testing.assert_close(prior.sample(50, generator).unique(dim=0), mixed.flip(0), atol=0.02, rtol=0)
    prior.near = 0.9
    drawn = prior.sample(20_000, generator)
    torch.testing.assert_close(drawn.mean(0), means.mean(0), atol=0.1, rtol=0)
    torch.testing.assert_close(drawn.var(0), 2 * means.var(0), atol=0.1, rtol=0)
    prior.fit(means[:1], torch.ones(1, 2))  # fewer than a pair
    torch.testing.assert_close(prior.sample(50, generator), means[:1].expand(50, 2))
    with pytest.raises(MusicaeError, match="near"):
        Bootstrap(2, nearness=1.5)


def test_kl_free_bits_and_annealing() -> None:
    latent = Gaussian(2, size=3)
    posterior = latent(torch.randn(4, 2))
    total = kl_divergence(posterior.mean, posterior.std).sum(1)
    assert KL(beta=0.5)(posterior, 10)["kl"].item() == pytest.approx(0.5 * total.mean().item())
    free = 0.5 * total.mean().item() / math.log(2)
    kept = (total - free * math.log(2)).clamp(min=0).mean().item()
    assert KL(beta=1.0, free_bits=free)(posterior, 10)["kl"].item() == pytest.approx(kept)
    assert KL(beta=1.0, free_bits_per_dimension=100.0)(posterior, 10)["kl"].item() == 0
    annealed = KL(beta=1.0, beta_rate=0.99)
    assert [annealed.weight(0), annealed.weight(1)] == pytest.approx([0, 0.01])
    assert annealed.weight(10_000) == pytest.approx(1)


def test_means_are_normalized_together_as_alone(tmp_path: Path) -> None:
    x = torch.randn(8, 4, requires_grad=True)
    center, variance, *others = torch.zeros(4), torch.ones(4), torch.zeros(4), torch.ones(4)
    alone = F.batch_norm(x, center, variance, training=True, momentum=MOMENTUM)
    torch.distributed.init_process_group("gloo", init_method=f"file://{tmp_path / 'store'}", rank=0, world_size=1)
    try:
        together = normalize_together(x, *others)
        gradients = [torch.autograd.grad((y**3).sum(), x)[0] for y in (alone, together)]
    finally:
        torch.distributed.destroy_process_group()
    torch.testing.assert_close(together, alone)
    torch.testing.assert_close(gradients[1], gradients[0], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(others, [center, variance])
