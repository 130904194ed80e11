"""Priors, against what they stand for."""

import pytest
import torch

from musicae.errors import MusicaeError
from musicae.networks.priors import ClassesAndNormal, GaussianMixture, LearnedGenerator, StandardNormal, kl_divergence


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


def test_components_lie_around_and_labels_choose_among_them() -> None:
    prior, source = (
        GaussianMixture(4, components=4, radius=2.0, radial_std=0.1, tangential_std=0.1),
        torch.Generator().manual_seed(0),
    )
    label = torch.arange(4).repeat(200)
    drawn = prior.sample(800, source, label)
    centers = torch.stack([drawn[label == k, :2].mean(0) for k in range(4)])
    torch.testing.assert_close(centers, torch.tensor([[2.0, 0], [0, 2], [-2, 0], [0, -2]]), atol=0.05, rtol=0)
    assert drawn[:, 2:].std().item() == pytest.approx(1, rel=0.1)
    anywhere = prior.sample(800, source, torch.full((800,), -1))
    assert len(anywhere[:, :2].round().unique(dim=0)) >= 4


def test_classes_are_drawn_as_often_as_labels_have_them() -> None:
    prior, source = ClassesAndNormal(5, classes=2), torch.Generator().manual_seed(0)
    for _ in range(1000):
        prior.count(torch.tensor([0, 0, 0, 1, -1, -1]))
    drawn = prior.sample(2000, source)
    assert drawn[:, 0].mean().item() == pytest.approx(0.75, abs=0.04)
    assert (drawn[:, :2].sum(1) == 1).all() and drawn[:, 2:].std().item() == pytest.approx(1, rel=0.1)
    assert prior.sample(2, source, torch.tensor([1, 1]))[:, :2].tolist() == [[0, 1], [0, 1]]


def test_a_learned_generator_draws_on_the_sphere() -> None:
    torch.manual_seed(0)
    prior = LearnedGenerator(6)
    drawn = prior.sample(50, torch.Generator().manual_seed(0))
    torch.testing.assert_close(drawn.norm(dim=1), torch.ones(50))
    assert prior.group is not None and drawn.requires_grad


def test_a_prior_without_a_closed_form_says_so() -> None:
    with pytest.raises(MusicaeError, match="closed form"):
        GaussianMixture(4).kl(torch.zeros(1, 4), torch.ones(1, 4))
