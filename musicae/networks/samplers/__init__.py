"""The samplers that a configuration chooses from."""

from __future__ import annotations

from collections.abc import Callable

from musicae.networks.samplers.base import PriorSampler, Sampler
from musicae.networks.samplers.densities import FittedGaussian, MixtureBootstrap
from musicae.networks.samplers.flow import FlowMatching

SAMPLERS: dict[str, Callable[..., Sampler]] = {
    "prior": PriorSampler,
    "fitted_gaussian": FittedGaussian,
    "mixture_bootstrap": MixtureBootstrap,
    "flow": FlowMatching,
}
