"""Laws of the whole autoencoder: what its loss is made of, and whose gradients are whose."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from musicae.networks.autoencoder import Autoencoder, join_terms
from musicae.networks.encoders import ENCODERS
from musicae.networks.groups import GroupSettings
from musicae.networks.latents import LATENTS
from musicae.networks.regularizers.base import Adversarial, Step, Terms
from musicae.networks.regularizers.kl import KL
from musicae.networks.token_spec import TokenSpec
from tests.helpers.networks import CODE, FULL, RAGGED, SPECS, autoencoder_of, batch_of, context_of

CONTEXT = context_of(FULL["one field"])


@pytest.fixture(params=SPECS)
def any_spec(request: pytest.FixtureRequest) -> TokenSpec:
    torch.manual_seed(0)
    return SPECS[request.param]


class Adversary(Adversarial):
    """A critic tells codes from draws of the prior; the encoder wants it to err (Makhzani et al. 2015)."""

    def __init__(self) -> None:
        super().__init__()
        self.group = GroupSettings()
        self.critic = nn.Linear(CODE, 1)

    def terms(self, step: Step) -> Terms:
        return {self.label: F.softplus(-self.critic(step.posterior.code)).mean()}

    def critic_terms(self, step: Step) -> Terms:
        real = torch.randn_like(step.posterior.code)
        wrong = F.softplus(self.critic(step.posterior.code)) + F.softplus(-self.critic(real))
        return {f"{self.label}/critic": wrong.mean()}


@pytest.mark.parametrize("latent", LATENTS)
@pytest.mark.parametrize("encoder", ENCODERS)
def test_loss_falls(encoder: str, latent: str, any_spec: TokenSpec) -> None:
    autoencoder = autoencoder_of(any_spec, encoder, latent)
    optimizer = torch.optim.Adam(autoencoder.parameters(), 1e-2)
    batch, losses = batch_of(any_spec, 8), []
    for update in range(40):
        loss = torch.stack(list(autoencoder(replace(batch, update=update)).values())).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    assert all(parameter.grad is not None for parameter in autoencoder.parameters())


def test_the_encoder_may_read_another_window_than_the_target(any_spec: TokenSpec) -> None:
    autoencoder = autoencoder_of(any_spec, latent="deterministic")
    batch, other = batch_of(any_spec), batch_of(any_spec)
    apart = replace(batch, encoder_tokens=other.target, encoder_condition=other.condition)
    expected = autoencoder.terms(autoencoder.encode(other.target, other.condition), batch)
    assert autoencoder(apart)["nll"] == expected["nll"] != autoencoder(batch)["nll"]


def test_features_enter_the_encoder_by_a_door_of_their_own(any_spec: TokenSpec) -> None:
    autoencoder = autoencoder_of(any_spec, latent="deterministic")
    batch = batch_of(any_spec)
    features, mask = autoencoder.embed(batch)
    ours = autoencoder.encode_features(features, mask).mean
    assert torch.equal(ours, autoencoder.encode(batch.encoder_tokens, batch.encoder_condition).mean)
    assert not torch.equal(ours, autoencoder.encode_features(features + 0.1, mask).mean)
    soft, alive = autoencoder.soft(ours, batch)
    assert soft.shape == features.shape and alive.shape == mask.shape
    (reached,) = torch.autograd.grad(autoencoder.encode_features(soft, alive.round()).mean.sum(), ours)
    assert (reached != 0).any()


def test_two_regularizers_of_a_kind_are_two_terms() -> None:
    first, second = KL(CONTEXT, beta=1.0), KL(CONTEXT, beta=2.0)
    autoencoder = autoencoder_of(FULL["one field"], regularizers={"first": first, "second": second})
    terms = autoencoder(batch_of(FULL["one field"], update=10))
    assert list(terms) == ["nll", "first", "second"]
    assert terms["second"].item() == pytest.approx(2 * terms["first"].item())
    with pytest.raises(ValueError, match="first"):
        join_terms({"first": torch.zeros(())}, {"first": torch.zeros(())})


def gradients(autoencoder: Autoencoder, terms: Terms, names: list[str]) -> set[str]:
    """The parameters that terms reach."""
    autoencoder.zero_grad(set_to_none=True)
    torch.stack([terms[name] for name in names]).sum().backward()
    return {name for name, weight in autoencoder.named_parameters() if weight.grad is not None}


@pytest.mark.parametrize("spec", [FULL["one field"], RAGGED])
def test_gradients_of_critic_and_autoencoder_are_disjoint(spec: TokenSpec) -> None:
    autoencoder = autoencoder_of(spec, regularizers={"kl": KL(CONTEXT), "adversary": Adversary()})
    critic = {name for name, _ in autoencoder.named_parameters() if ".critic." in name}
    own = {name for name, _ in autoencoder.own_parameters()}
    assert critic and not critic & own
    batch = batch_of(spec)
    assert gradients(autoencoder, autoencoder(batch), ["nll", "kl", "adversary"]) <= own
    assert gradients(autoencoder, autoencoder(batch), ["adversary/critic"]) == critic
    assert gradients(autoencoder, autoencoder.critic_terms(batch), ["adversary/critic"]) == critic
    assert gradients(autoencoder, autoencoder(batch), list(autoencoder(batch))) == own | critic


def test_no_critic_has_a_part_in_the_terms_that_choose_a_checkpoint() -> None:
    autoencoder = autoencoder_of(FULL["one field"], regularizers={"kl": KL(CONTEXT), "adversary": Adversary()})
    batch = batch_of(FULL["one field"])
    assert list(autoencoder.terms(autoencoder.encode(batch.target, batch.condition), batch)) == ["nll", "kl"]
