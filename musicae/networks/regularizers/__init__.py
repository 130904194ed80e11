"""Regularizers: one class and one line of the table each."""

from __future__ import annotations

from collections.abc import Callable

from musicae.networks.regularizers.adversarial_prior import AdversarialPrior, WassersteinCritic
from musicae.networks.regularizers.base import Regularizer
from musicae.networks.regularizers.distances import MMD, Wasserstein
from musicae.networks.regularizers.interpolation import AdversarialInterpolation
from musicae.networks.regularizers.kl import KL
from musicae.networks.regularizers.labels import Classification, LabelAdversary
from musicae.networks.regularizers.penalties import Contractive, Sparse

REGULARIZERS: dict[str, Callable[..., Regularizer]] = {
    "kl": KL,
    "sparse": Sparse,
    "contractive": Contractive,
    "wasserstein": Wasserstein,
    "mmd": MMD,
    "adversarial_prior": AdversarialPrior,
    "wasserstein_critic": WassersteinCritic,
    "adversarial_interpolation": AdversarialInterpolation,
    "classification": Classification,
    "label_adversary": LabelAdversary,
}
