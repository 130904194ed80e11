"""The KL term, against known values."""

import math
from typing import Any

import pytest
import torch

from musicae.networks.priors import kl_divergence
from musicae.networks.regularizers.base import Step
from musicae.networks.regularizers.kl import KL
from tests.helpers.networks import FULL, autoencoder_of, batch_of, context_of

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
