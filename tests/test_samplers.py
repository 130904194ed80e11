"""Samplers, against what they stand for."""

import pytest
import torch

from musicae.errors import MusicaeError
from musicae.networks.priors import StandardNormal
from musicae.networks.samplers import FittedGaussian, MixtureBootstrap


def test_a_fitted_gaussian_draws_where_codes_lie() -> None:
    generator = torch.Generator().manual_seed(0)
    mix = torch.tensor([[2.0, 0.0, 0.0], [1.0, 0.5, 0.0], [0.0, 0.0, 0.1]])
    means = torch.randn(20_000, 3, generator=generator) @ mix.T + torch.tensor([1.0, -2.0, 0.0])
    sampler = FittedGaussian(3, StandardNormal(3))
    sampler.fit(means, torch.full_like(means, 0.3))
    drawn = sampler.sample(20_000, generator)
    torch.testing.assert_close(drawn.mean(0), torch.tensor([1.0, -2.0, 0.0]), atol=0.06, rtol=0)
    torch.testing.assert_close(torch.cov(drawn.T), mix @ mix.T + 0.09 * torch.eye(3), atol=0.15, rtol=0)
    sampler.fit(means[:2], torch.zeros(2, 3))  # as few as that leave no hole in the arithmetic
    assert torch.isfinite(sampler.sample(4, generator)).all()


def test_a_bootstrap_draws_around_mixtures_of_two_codes() -> None:
    generator = torch.Generator().manual_seed(0)
    means = torch.tensor([[3.0, 1.0], [3.0, 1.0], [-1.0, 1.0], [-1.0, 1.0]]).repeat(250, 1)
    mixed = torch.tensor([[1 + 2 * 2**0.5, 1.0], [1 - 2 * 2**0.5, 1.0]])
    sampler = MixtureBootstrap(2, StandardNormal(2), mixtures=100, nearness=1.0)
    assert sampler.sample(20_000, generator).std() == pytest.approx(1.0, abs=0.15)
    sampler.fit(means, torch.ones_like(means))
    torch.testing.assert_close(sampler.sample(50, generator).unique(dim=0), mixed.flip(0), atol=0.02, rtol=0)
    sampler.nearness = 0.9
    drawn = sampler.sample(20_000, generator)
    torch.testing.assert_close(drawn.mean(0), means.mean(0), atol=0.1, rtol=0)
    torch.testing.assert_close(drawn.var(0), 2 * means.var(0), atol=0.1, rtol=0)
    sampler.fit(means[:1], torch.ones(1, 2))  # fewer than a pair
    torch.testing.assert_close(sampler.sample(50, generator), means[:1].expand(50, 2))
    with pytest.raises(MusicaeError, match="nearness"):
        MixtureBootstrap(2, StandardNormal(2), nearness=1.5)
