"""The KL term, against known values."""

import math
from typing import Any

import pytest
import torch

from musicae.networks.latents.base import Posterior
from musicae.networks.priors import kl_divergence
from musicae.networks.regularizers.base import Step
from musicae.networks.regularizers.kl import KL
from tests.helpers.networks import CODE, FULL, autoencoder_of, batch_of, context_of

CONTEXT = context_of(FULL["one field"])


def cost(step: Step, **knobs: Any) -> float:
    kl = KL(CONTEXT, **knobs)
    kl.label = "kl"
    return kl.terms(step)["kl"].item()


def test_kl_free_bits_and_annealing() -> None:
    torch.manual_seed(0)
    autoencoder, batch = autoencoder_of(FULL["one field"]), batch_of(FULL["one field"], 4, update=10)
    posterior = autoencoder.encode(batch.target, batch.condition)
    step = Step(posterior, batch, autoencoder)
    total = kl_divergence(posterior.mean, posterior.std).sum(1)
    assert cost(step, beta=0.5) == pytest.approx(0.5 * total.mean().item())
    free = 0.5 * total.mean().item() / math.log(2)
    above = (total - free * math.log(2)).clamp(min=0).mean().item()
    assert cost(step, beta=1.0, free_bits=free) == pytest.approx(above)
    assert cost(step, beta=1.0, free_bits_per_dimension=100.0) == 0
    annealed = KL(CONTEXT, beta=1.0, beta_rate=0.99)
    assert [annealed.weight(0), annealed.weight(1)] == pytest.approx([0, 0.01])
    assert annealed.weight(10_000) == pytest.approx(1)


def test_each_dimension_is_averaged_over_windows_before_its_bits_are_free() -> None:
    """KL(N(m, 1)) is m^2 / 2: 0 and 4 nats in one dimension, 3 and 3 in the other; 2.5 are free in each."""
    mean = torch.zeros(2, CODE)
    mean[:, 0], mean[:, 1] = torch.tensor([0.0, 8**0.5]), torch.full((2,), 6**0.5)
    posterior = Posterior(mean, mean, torch.ones_like(mean), mean)
    step = Step(posterior, batch_of(FULL["one field"], 2, update=1), autoencoder_of(FULL["one field"]))
    assert cost(step, beta=1.0, free_bits_per_dimension=2.5 / math.log(2)) == pytest.approx(0.5, rel=1e-4)
    assert cost(step, beta=1.0, free_bits=5 / math.log(2)) == pytest.approx((0 + 2) / 2, rel=1e-4)


def test_annealing_rises_as_it_says() -> None:
    def weights(annealing: Any) -> list[float]:
        kl = KL(CONTEXT, beta=2.0, annealing=annealing, anneal_updates=100)
        return [kl.weight(update) for update in (0, 25, 50, 75, 100, 125, 399, 400, 10_000)]

    assert weights("linear") == pytest.approx([0, 0.5, 1, 1.5, 2, 2, 2, 2, 2])
    assert weights("cyclic") == pytest.approx([0, 1, 2, 2, 0, 1, 2, 2, 2])
