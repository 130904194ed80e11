"""Samplers, against what they stand for."""

import pytest
import torch

from musicae.errors import MusicaeError
from musicae.networks.priors import StandardNormal
from musicae.networks.samplers.base import CodeBatch
from musicae.networks.samplers.densities import FittedGaussian, MixtureBootstrap
from musicae.networks.samplers.flow import GUIDED_FROM, FlowMatching


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
    two = torch.tensor([[0.0, 1.0], [4.0, 1.0]])
    sampler.nearness = 1.0
    sampler.fit(two, torch.ones(2, 2))
    torch.testing.assert_close(sampler.sample(50, generator).unique(dim=0), two, atol=0.02, rtol=0)
    sampler.fit(torch.randn(8, 2, generator=generator), torch.ones(8, 2))
    assert len(sampler.sample(2_000, generator).unique(dim=0)) > 20, "eight codes make 28 pairs, not four"
    with pytest.raises(MusicaeError, match="nearness"):
        MixtureBootstrap(2, StandardNormal(2), nearness=1.5)


def clusters(n: int) -> torch.Tensor:
    """Codes at -2 and 2 in one direction of three, a little beside them in another, and always 1 in the third."""
    generator = torch.Generator().manual_seed(0)
    sides = 4.0 * torch.randint(2, (n,), generator=generator) - 2
    beside = 0.1 * torch.randn(n, generator=generator)
    return torch.stack([beside, torch.ones(n), sides + beside], 1)


def test_a_flow_that_has_learned_nothing_draws_from_the_gaussian_of_the_codes() -> None:
    generator, codes = torch.Generator().manual_seed(0), clusters(5_000)
    flow = FlowMatching(3, StandardNormal(3), share=1.0, hidden=8, blocks=1, steps=3)
    gaussian = FittedGaussian(3, StandardNormal(3))
    for sampler in (flow, gaussian):
        sampler.fit(codes, torch.zeros_like(codes))
    a, b = flow.sample(20_000, generator), gaussian.sample(20_000, generator)
    torch.testing.assert_close(a.mean(0), b.mean(0), atol=0.05, rtol=0)
    torch.testing.assert_close(torch.cov(a.T), torch.cov(b.T), atol=0.1, rtol=0)
    torch.testing.assert_close(flow.whitened(codes).var(0)[:2], torch.ones(2), atol=1e-3, rtol=0)


def test_a_flow_keeps_the_directions_that_codes_vary_most_in() -> None:
    codes = clusters(5_000)
    flow = FlowMatching(3, StandardNormal(3), share=0.9, hidden=8, blocks=1)
    flow.fit(codes, torch.zeros_like(codes))
    assert flow.kept.tolist() == [1, 0, 0]
    assert torch.linalg.matrix_rank(flow.sample(50, torch.Generator().manual_seed(0)) - flow.mean) == 1
    assert flow.velocity(torch.randn(4, 3), torch.rand(4)).abs().max() == 0


def test_the_loss_of_a_flow_that_has_learned_nothing_is_one() -> None:
    torch.manual_seed(0)
    codes = clusters(20_000)
    flow = FlowMatching(3, StandardNormal(3), share=0.9, hidden=8, blocks=1)
    flow.fit(codes, torch.zeros_like(codes))
    assert flow(CodeBatch(codes))["flow"].item() == pytest.approx(1.0, abs=0.02)


def test_guidance_carries_draws_further_from_the_gaussian() -> None:
    codes = clusters(2_000)
    flows = [FlowMatching(3, StandardNormal(3), share=1.0, hidden=8, blocks=1, guidance=w) for w in (0.0, 0.0, 1.0)]
    for flow in flows:
        flow.fit(codes, torch.zeros_like(codes))
    still, plain, guided = (flow.sample(500, torch.Generator().manual_seed(0)) for flow in flows)
    assert torch.equal(guided, still), "there is nothing that it could be guided by"
    torch.nn.init.constant_(flows[1].velocity.output.bias, 0.2)
    torch.nn.init.constant_(flows[2].velocity.output.bias, 0.2)
    plain, guided = (flow.sample(500, torch.Generator().manual_seed(0)) for flow in flows[1:])
    longer = (1 + (1 - GUIDED_FROM)) * (plain - still)  # once more, in the rest of the time
    torch.testing.assert_close(guided - still, longer, atol=0.05, rtol=0.05)
    with pytest.raises(MusicaeError, match=r"sampler\.guidance"):
        FlowMatching(3, StandardNormal(3), guidance=-1.0)


def test_a_flow_learns_where_codes_lie() -> None:
    torch.manual_seed(0)
    codes = clusters(4_096)
    flow = FlowMatching(3, StandardNormal(3), share=0.9999, hidden=32, blocks=2, guidance=0.0)
    flow.fit(codes, torch.zeros_like(codes))
    optimizer = torch.optim.Adam(flow.parameters(), 5e-3)
    for update in range(300):
        loss = flow(CodeBatch(codes[512 * (update % 8) :][:512]))["flow"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    drawn = flow.sample(2_000, torch.Generator().manual_seed(1))
    assert ((drawn[:, 2].abs() - 2).abs() < 0.5).float().mean() > 0.9, "a Gaussian has .24 of its draws there"
    assert drawn[:, 2].mean().abs() < 0.3
    torch.testing.assert_close(drawn[:, 1], torch.ones(2_000), atol=1e-4, rtol=0)
    with pytest.raises(MusicaeError, match=r"sampler\.steps"):
        FlowMatching(3, StandardNormal(3), steps=0)
