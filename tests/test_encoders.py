"""Laws of encoders."""

import pytest
import torch

from musicae.networks.encoders import ENCODERS
from musicae.networks.token_spec import FieldSpec, TokenSpec
from tests.helpers.networks import FULL


@pytest.fixture(params=FULL)
def spec(request: pytest.FixtureRequest) -> TokenSpec:
    torch.manual_seed(0)
    return FULL[request.param]


@pytest.mark.parametrize("encoder", ENCODERS)
def test_encoders_see_every_step(encoder: str, spec: TokenSpec) -> None:
    network = ENCODERS[encoder](spec, 3, hidden=6)
    network.train(False)
    features = torch.randn(2, spec.segments, spec.steps, 3, requires_grad=True)
    h = network(features, torch.ones(2, spec.segments, spec.steps))
    assert h.shape == (2, network.size)
    (reached,) = torch.autograd.grad((h * torch.randn_like(h)).sum(), features)
    assert (reached.abs().sum(-1) > 0).float().mean() > 0.9


@pytest.mark.parametrize("encoder", ENCODERS)
def test_encoders_ignore_what_follows_the_end_token(encoder: str) -> None:
    spec = TokenSpec(2, 4, (FieldSpec("event", torch.eye(5), end=4),))
    tokens = torch.tensor([[[0, 1, 4, 2], [3, 4, 0, 0]]]).unsqueeze(-1)
    assert spec.mask(tokens).tolist() == [[[1, 1, 1, 0], [1, 1, 0, 0]]]
    network = ENCODERS[encoder](spec, 5, hidden=6)
    features = torch.eye(5)[tokens[..., 0]]
    likely = spec.mask(tokens) * 0.98 + 0.01  # as critics are given it
    if encoder != "dense":
        torch.testing.assert_close(network(features, likely), network(features, spec.mask(tokens)))
    changed = features + (1 - spec.mask(tokens))[..., None]
    torch.testing.assert_close(network(features, spec.mask(tokens)), network(changed, spec.mask(tokens)))
