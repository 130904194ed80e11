"""Regularizers, against known values and against what they are meant to change."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

from musicae.networks.autoencoder import Autoencoder
from musicae.networks.batch import Batch
from musicae.networks.latents.base import Posterior
from musicae.networks.priors import LearnedGenerator
from musicae.networks.regularizers import REGULARIZERS
from musicae.networks.regularizers.base import Adversarial, Regularizer, Step, Terms, staged
from musicae.networks.regularizers.distances import SCALES, mmd
from tests.helpers.networks import CODE, FULL, autoencoder_of, batch_of, context_of

SPEC = FULL["one field"]


def step_of(code: torch.Tensor, std: float = 1.0, label: list[int] | None = None, **batch: Any) -> Step:
    """An update whose codes these are."""
    seen = batch_of(SPEC, len(code), **batch)
    if label is not None:
        seen = replace(seen, label=torch.tensor(label))
    return Step(Posterior(code, code, torch.full_like(code, std), code), seen, autoencoder_of(SPEC))


def made(name: str, classes: int = 0, code_size: int = CODE, **knobs: Any) -> Regularizer:
    """A regularizer of the table."""
    regularizer = REGULARIZERS[name](context_of(SPEC, code_size, classes), **knobs)
    regularizer.label = name
    return regularizer


def cost(name: str, step: Step, classes: int = 0, **knobs: Any) -> float:
    regularizer = made(name, classes, step.posterior.code.shape[1], **knobs)
    return regularizer.terms(step)[name].item()


def test_a_code_of_ones_costs_its_size() -> None:
    assert cost("sparse", step_of(-torch.ones(3, CODE)), weight=0.5) == pytest.approx(0.5 * CODE)


def test_the_wasserstein_distance_is_that_of_moving_means_and_stds() -> None:
    step = step_of(torch.full((3, CODE), 2.0), std=4.0)
    assert cost("wasserstein", step, weight=1.0) == pytest.approx(CODE * (2**2 + 3**2))


def test_mmd_is_its_definition_and_zero_for_the_same_distribution() -> None:
    a, b = torch.tensor([[0.0], [1.0]]), torch.tensor([[3.0], [5.0]])

    def kernel(distance: float) -> float:
        return sum(2 * s / (2 * s + distance**2) for s in SCALES)

    across = sum(kernel(d) for d in (3, 5, 2, 4)) / 4
    assert mmd(a, b).item() == pytest.approx(kernel(1) + kernel(2) - 2 * across, rel=1e-5)
    alike = torch.stack([mmd(*torch.randn(2, 100, 8, generator=_generator(i))) for i in range(50)])
    assert abs(alike.mean().item()) < 3 * alike.std().item() / 50**0.5 + 1e-3
    pairs = (torch.randn(2, 100, 8, generator=_generator(i)) for i in range(9))
    wider = torch.stack([mmd(1.5 * a, b) for a, b in pairs])
    assert wider.min() > alike.max()


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


class OneLayer(nn.Module):
    """sigmoid(W x): the encoder whose Jacobian Rifai et al. give in closed form."""

    def __init__(self, inputs: int, size: int) -> None:
        super().__init__()
        self.layer = nn.Linear(inputs, size)

    def closed_form(self, x: torch.Tensor) -> torch.Tensor:
        h = torch.sigmoid(self.layer(x))
        return ((h * (1 - h)) ** 2 @ self.layer.weight.square().sum(1)).mean()


def test_the_contractive_cost_is_the_jacobian_of_one_sigmoid_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    autoencoder, batch = autoencoder_of(SPEC, latent="deterministic"), batch_of(SPEC, 4)
    features, mask = autoencoder.embed(batch)
    one = OneLayer(features[0].numel(), CODE)

    def encode(features: torch.Tensor, mask: torch.Tensor, label: object = None) -> Posterior:
        z = torch.sigmoid(one.layer(features.flatten(1)))
        return Posterior(z, z, torch.zeros_like(z), z)

    monkeypatch.setattr(autoencoder, "probe", encode)
    step = Step(encode(features, mask), batch, autoencoder)
    contractive = made("contractive", weight=1.0)
    drawn = torch.stack([contractive.terms(step)["contractive"].detach() for _ in range(1000)])
    exact = one.closed_form(features.flatten(1)) * features.square().mean()
    assert drawn.mean().item() == pytest.approx(exact.item(), rel=0.08)


def test_a_smaller_embedding_does_not_make_codes_contract() -> None:
    torch.manual_seed(0)
    autoencoder, batch = autoencoder_of(SPEC, "dense", "deterministic"), batch_of(SPEC, 4)
    costs = []
    for scale in (1.0, 0.1):  # the first layer undoes the scale
        torch.manual_seed(1)
        with torch.no_grad():
            for field in autoencoder.embedding.fields:
                assert field.matrix is not None
                field.matrix.mul_(scale)
            first = next(module for module in autoencoder.encoder.modules() if isinstance(module, nn.Linear))
            first.weight.div_(scale)
        step = Step(autoencoder.encode(batch.target, batch.condition), batch, autoencoder)
        costs.append(made("contractive").terms(step)["contractive"].item())
    assert costs[1] == pytest.approx(costs[0], rel=1e-3)


def test_an_adversarial_weight_is_staged() -> None:
    assert [staged(2.0, update, 10, 4) for update in (0, 10, 12, 14, 99)] == [0, 0, 1, 2, 2]
    assert [staged(2.0, update, 10, 0) for update in (9, 10, 11)] == [0, 2, 2]
    assert staged(2.0, 0, 0, 0) == 2


ADVERSARIES = [name for name, kind in REGULARIZERS.items() if isinstance(kind, type) and issubclass(kind, Adversarial)]


@pytest.mark.parametrize("name", ADVERSARIES)
def test_a_critic_that_learns_gets_better_and_sees_codes_alone(name: str) -> None:
    torch.manual_seed(0)
    code = torch.randn(64, CODE) * 0.3 + 1
    step = step_of(code, label=[i % 2 for i in range(64)])
    if name == "label_adversary":
        step.posterior.code[::2, 0] += 1
    adversary = made(name)
    assert isinstance(adversary, Adversarial)
    optimizer = torch.optim.Adam(adversary.critic.parameters(), 1e-2)
    costs = []
    for _ in range(30):
        torch.manual_seed(1)
        terms = adversary.critic_terms(step.detach())
        _move(optimizer, terms)
        costs.append(sum(term.item() for term in terms.values()))
    assert costs[-1] < costs[0]


def test_the_adversarial_prior_draws_codes_towards_the_prior() -> None:
    torch.manual_seed(0)
    code = nn.Parameter(torch.randn(256, CODE) * 0.3 + 2)
    adversary = made("adversarial_prior", weight=1.0, ramp=0, hidden=64)
    assert isinstance(adversary, Adversarial)
    mine, its = torch.optim.Adam([code], 2e-2), torch.optim.Adam(adversary.critic.parameters(), 5e-3)
    template = step_of(code.detach(), update=1)
    for _ in range(400):
        step = replace(template, posterior=Posterior(code, code, code, code))
        _move(its, adversary.critic_terms(step.detach()))
        _move(mine, adversary.terms(step))
    assert code.mean().abs().item() < 0.5
    assert 0.5 < code.std(0).mean().item() < 1.5


def _move(optimizer: torch.optim.Optimizer, terms: Terms) -> None:
    optimizer.zero_grad()
    torch.stack(list(terms.values())).sum().backward()
    optimizer.step()


def test_a_critic_with_labels_tells_apart_what_is_alike_without_them() -> None:
    adversary = made("adversarial_prior", labels=3, noise=0.0)
    assert isinstance(adversary, Adversarial)
    code = torch.randn(4, CODE)
    first, second, unknown = (
        adversary.terms(step_of(code, label=[label] * 4, update=10**6))["adversarial_prior"].item()
        for label in (0, 1, -1)
    )
    assert len({first, second, unknown}) == 3


def test_only_windows_with_labels_are_classified() -> None:
    code = torch.zeros(3, 2 + CODE)
    code[:, :2] = torch.tensor([0.25, 0.75])
    right = cost("classification", step_of(code, label=[1, -1, -1]), classes=2)
    assert right == pytest.approx(-torch.tensor(0.75).log().item())
    assert cost("classification", step_of(code, label=[-1, -1, -1]), classes=2) == 0


def test_a_class_of_probability_zero_can_still_be_learned() -> None:
    code = torch.cat([torch.tensor([[1.0, 0.0]]), torch.zeros(1, CODE)], 1).requires_grad_()
    made("classification", 2, 2 + CODE).terms(step_of(code, label=[1]))["classification"].backward()
    assert code.grad is not None and code.grad[0, 1] < 0


def test_the_label_adversary_wants_the_other_class() -> None:
    adversary = made("label_adversary", weight=1.0, ramp=0)
    assert isinstance(adversary, Adversarial)
    step, flipped = (step_of(torch.ones(2, CODE), label=label) for label in ([0, 1], [1, 0]))
    theirs = adversary.critic_terms(flipped)["label_adversary/critic"]
    assert adversary.terms(step)["label_adversary"].item() == pytest.approx(theirs.item())


def test_a_wasserstein_critic_trains_encoder_and_generator_against_each_other() -> None:
    torch.manual_seed(0)
    autoencoder = autoencoder_of(SPEC, latent="sphere")
    autoencoder.prior = LearnedGenerator(CODE)
    batch = replace(batch_of(SPEC, 8), update=10**6)
    step = Step(autoencoder.encode(batch.target, batch.condition), batch, autoencoder)
    critic = made("wasserstein_critic", gradient_penalty=1.0, weight=2.0)
    assert isinstance(critic, Adversarial)
    terms = critic.terms(step)
    terms["wasserstein_critic/generator"].backward()
    assert all(weight.grad is not None for weight in autoencoder.prior.parameters())
    of_codes = critic.critic(step.posterior.code).mean().item()
    assert terms["wasserstein_critic"].item() == pytest.approx(2 * of_codes)
    torch.manual_seed(1)
    loss = critic.terms(step)["wasserstein_critic/generator"].item()
    torch.manual_seed(1)
    drawn = autoencoder.prior.sample(8, torch.default_generator)
    assert loss == pytest.approx(-critic.critic(drawn).mean().item())
    critic = made("wasserstein_critic")
    assert isinstance(critic, Adversarial)
    torch.manual_seed(1)
    learned = critic.critic_terms(step.detach())["wasserstein_critic/critic"].item()
    assert learned == pytest.approx((critic.critic(drawn).mean() - critic.critic(step.posterior.code).mean()).item())


def test_the_gradient_penalty_of_a_linear_critic_is_known() -> None:
    """f = w c: |grad f| = |w| everywhere."""
    critic: Any = made("wasserstein_critic", gradient_penalty=3.0)
    critic.critic = nn.Linear(CODE, 1)
    nn.init.constant_(critic.critic.weight, 2.0)
    step = step_of(torch.randn(4, CODE))
    torch.manual_seed(1)
    with_penalty = critic.critic_terms(step)["wasserstein_critic/critic"].item()
    critic.gradient_penalty = 0.0
    torch.manual_seed(1)
    without = critic.critic_terms(step)["wasserstein_critic/critic"].item()
    assert with_penalty - without == pytest.approx(3 * (2 * CODE**0.5 - 1) ** 2, rel=1e-4)


def test_a_blind_critic_of_interpolations_loses_what_is_known() -> None:
    """Its best answer is the constant 1/8: (1/48 + 1/64 of alpha) + 1/64 of what is real, as alpha ~ U[0, 1/2]."""
    torch.manual_seed(0)
    adversary = made("adversarial_interpolation", weight=1.0, ramp=0)
    assert isinstance(adversary, Adversarial)
    critic: Any = adversary.critic
    nn.init.zeros_(critic.output.weight)
    nn.init.constant_(critic.output.bias, 0.125)
    step = step_of(torch.randn(2000, CODE))
    loss = adversary.critic_terms(step)["adversarial_interpolation/critic"].item()
    assert loss == pytest.approx(0.0521, abs=2e-3)
    assert adversary.terms(step)["adversarial_interpolation"].item() == pytest.approx(0.125**2, rel=1e-4)


def test_interpolations_teach_encoder_and_decoder() -> None:
    autoencoder = autoencoder_of(SPEC, latent="deterministic")
    batch: Batch = replace(batch_of(SPEC, 8), update=10**6)
    step = Step(autoencoder.encode(batch.target, batch.condition), batch, autoencoder)
    made("adversarial_interpolation").terms(step)["adversarial_interpolation"].backward()
    assert _reached(autoencoder, "encoder") and _reached(autoencoder, "decoder")


def _reached(autoencoder: Autoencoder, part: str) -> bool:
    return any(weight.grad is not None and weight.grad.any() for weight in getattr(autoencoder, part).parameters())
