"""The interface of regularizers: what codes are pushed towards, as named and weighted terms of the loss.

Regularizers are additive and every instance has a label of its own, so that two of a kind live side by side. One that
learns a critic has `Adversarial`'s interface: the critic is trained by terms of its own, on detached codes, in a
parameter group of its own, and is no part of the model.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor, nn

from musicae.errors import MusicaeError
from musicae.networks.batch import Batch
from musicae.networks.groups import GroupSettings
from musicae.networks.latents.base import Latent, Posterior
from musicae.networks.priors import Prior
from musicae.networks.types import Code, Features, Mask, Scalar

Terms = dict[str, Scalar]


@runtime_checkable
class AutoencoderInterface(Protocol):
    """What regularizers may ask of an autoencoder (`Autoencoder` says what each does)."""

    prior: Prior

    def embed(self, batch: Batch) -> tuple[Features, Mask]: ...

    def probe(self, features: Features, mask: Mask) -> Posterior: ...

    def embed_target(self, batch: Batch) -> tuple[Features, Mask]: ...

    def divergence(self, batch: Batch, z: Code, other: Code) -> Float[Tensor, " batch"]: ...

    def soft(self, z: Code, batch: Batch) -> tuple[Features, Mask]: ...


@dataclass(frozen=True, eq=False)
class Step:
    """What regularizers see of an update."""

    posterior: Posterior
    batch: Batch
    autoencoder: AutoencoderInterface

    def detach(self) -> Step:
        """The same update, of which nothing leads back to the encoder."""
        return replace(self, posterior=self.posterior.detach())


@dataclass(frozen=True)
class Context:
    """What regularizers are built for.

    Attributes:
        code_size: numbers in a code.
        classes: how many of its first numbers are probabilities of classes.
        make_critic: makes a network that gives every window a number from its features and mask, with weights of its
            own: an encoder like the autoencoder's, and what sums it up.
    """

    code_size: int
    classes: int
    make_critic: Callable[[], nn.Module]

    @classmethod
    def of(cls, latent: Latent, make_critic: Callable[[], nn.Module]) -> Context:
        """That of an autoencoder with this latent."""
        beside = latent.size - latent.code_size
        return cls(latent.code_size, latent.classes - beside, make_critic)


class Regularizer(nn.Module, ABC):
    """The interface of regularizers, built from a `Context` and their knobs.

    Attributes:
        label: of this instance, given by the autoencoder; the names of its terms begin with it.
        second_derivatives: whether its terms contain derivatives of the network, so that their gradient takes second
            ones, which not every recurrent backend gives.
        needs_labels: whether it says nothing of windows whose class is unknown.
        needs_std: whether it needs a posterior with a spread.
        needs_kl: whether it needs a prior with `closed_form_kl`.
    """

    label: str
    second_derivatives = False
    needs_labels = False
    needs_std = False
    needs_kl = False

    @abstractmethod
    def terms(self, step: Step) -> Terms:
        """Weighted terms of the loss; their names are `label`, or begin with `label` and a slash."""


class Adversarial(Regularizer):
    """The interface of regularizers that learn a critic.

    `terms` train the autoencoder against the critic, which they do not change; `critic_terms` train the critic alone.

    Attributes:
        critic: a network; never saved with the model.
        group: how it is trained.
    """

    critic: nn.Module
    group: GroupSettings

    def stage(self, weight: float, start: int, ramp: int) -> None:
        """Sets the weight of the autoencoder's term: 0 before the update `start`, full after `ramp` more.

        Raises:
            MusicaeError: one of them is negative.
        """
        check_weights("an adversary", weight=weight, start=start, ramp=ramp)
        self._stage = weight, start, ramp

    def weight(self, step: Step) -> float:
        """That of the autoencoder's term at an update."""
        weight, start, ramp = self._stage
        return staged(weight, step.batch.update, start, ramp)

    @abstractmethod
    def critic_terms(self, step: Step) -> Terms:
        """Terms of the critic's loss, on codes that lead back to nothing; names as for `terms`."""


@contextmanager
def frozen(*modules: nn.Module) -> Iterator[None]:
    """What is computed inside sees the parameters of modules as constants."""
    learning = [weight for module in modules for weight in module.parameters() if weight.requires_grad]
    for weight in learning:
        weight.requires_grad_(False)
    try:
        yield
    finally:
        for weight in learning:
            weight.requires_grad_(True)


def staged(weight: float, update: int, start: int, ramp: int) -> float:
    """A weight that is 0 before the update `start` and rises evenly over the next `ramp` ones."""
    if update < start:
        return 0.0
    return weight * min((update - start) / ramp, 1.0) if ramp else weight


def check_weights(regularizer: str, **knobs: float | int) -> None:
    """Makes sure that no knob of a regularizer is negative.

    Raises:
        MusicaeError: one is.
    """
    for name, value in knobs.items():
        if value < 0:
            raise MusicaeError(f"{regularizer}.{name} is {value}", f"give {regularizer}.{name} 0 or more")


def critic_group(learning_rate_scale: float, *, beta1: float = 0.5, **more: Any) -> GroupSettings:
    """How critics are trained unless they say otherwise: by Adam with little momentum."""
    return GroupSettings(learning_rate_scale=learning_rate_scale, betas=(beta1, 0.999), **more)


def critic_mlp(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    """Two hidden layers; nothing in it normalizes, so that its weights may be clamped."""
    layers = [nn.Linear(inputs, hidden), nn.LeakyReLU(0.2), nn.Linear(hidden, hidden), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Linear(hidden, outputs))
