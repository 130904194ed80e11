"""Priors, against what they stand for."""

import torch

from musicae.networks.priors import StandardNormal, kl_divergence


def test_kl_of_the_prior_is_zero() -> None:
    assert kl_divergence(torch.zeros(2, 3), torch.ones(2, 3)).tolist() == [[0, 0, 0], [0, 0, 0]]


def test_kl_is_that_of_torch_distributions() -> None:
    mean, std = torch.randn(4, 3), torch.rand(4, 3) + 0.1
    theirs = torch.distributions.kl_divergence(
        torch.distributions.Normal(mean, std), torch.distributions.Normal(torch.zeros(3), torch.ones(3))
    )
    torch.testing.assert_close(kl_divergence(mean, std), theirs)


def test_the_standard_normal_draws_what_it_says() -> None:
    prior = StandardNormal(3)
    drawn = prior.sample(50_000, torch.Generator().manual_seed(0))
    torch.testing.assert_close(torch.cov(drawn.T), torch.eye(3), atol=0.03, rtol=0)
    mean, std = torch.randn(4, 3), torch.rand(4, 3) + 0.1
    assert torch.equal(prior.kl(mean, std), kl_divergence(mean, std))
