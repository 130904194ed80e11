"""The interface of regularizers: what codes are pushed towards, as named and weighted terms of the loss.

Regularizers are additive and every instance has a label of its own, so that two of a kind live side by side. One that
learns a critic has `Adversarial`'s interface: the critic is trained by terms of its own, on detached codes, in a
parameter group of its own, and is no part of the model.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol, runtime_checkable

from torch import nn

from musicae.errors import MusicaeError
from musicae.networks.batch import Batch
from musicae.networks.decoders.base import Decoder
from musicae.networks.latents import Posterior
from musicae.networks.priors import Prior
from musicae.networks.types import Code, Features, Mask, Scalar

Terms = dict[str, Scalar]


@runtime_checkable
class Doors(Protocol):
    """What regularizers may ask of an autoencoder (`Autoencoder` says what each does)."""

    prior: Prior
    decoder: Decoder
    embedding: Any

    def embed(self, batch: Batch) -> tuple[Features, Mask]: ...

    def encode_features(self, features: Features, mask: Mask) -> Posterior: ...

    def soft(self, z: Code, batch: Batch) -> tuple[Features, Mask]: ...


@dataclass(frozen=True, eq=False)
class Step:
    """What regularizers see of an update."""

    posterior: Posterior
    batch: Batch
    autoencoder: Doors

    def detach(self) -> Step:
        """The same update, of which nothing leads back to the encoder."""
        return replace(self, posterior=self.posterior.detach())


class Regularizer(nn.Module, ABC):
    """The interface of regularizers.

    Attributes:
        label: of this instance; the names of its terms begin with it.
        second_derivatives: whether its terms contain derivatives of the network, so that their gradient takes second
            ones, which not every recurrent backend gives.
        needs_std: whether it needs a posterior with a spread.
    """

    label: str
    second_derivatives = False
    needs_std = False

    @abstractmethod
    def terms(self, step: Step) -> Terms:
        """Weighted terms of the loss; their names are `label`, or begin with `label` and a slash."""


@dataclass(frozen=True)
class GroupSettings:
    """How a group of parameters, those of a critic say, is trained.

    Attributes:
        optimizer: Adam, plain gradient descent, or Muon for hidden matrices and Adam for the rest.
        learning_rate_scale: times the learning rate of the schedule.
        betas: of Adam.
        clip: largest norm of their gradient.
        clamp: largest size of a weight after an update (Arjovsky et al. 2017); 0 leaves them free.
        rounds: how often they move per update; all but the last time alone, on batches of their own.

    Raises:
        MusicaeError: a setting is out of range.
    """

    optimizer: Literal["adam", "muon", "sgd"] = "adam"
    learning_rate_scale: float = 1.0
    betas: tuple[float, float] = (0.9, 0.999)
    clip: float = 1.0
    clamp: float = 0.0
    rounds: int = 1

    def __post_init__(self) -> None:
        if not (self.learning_rate_scale > 0 and self.clip > 0 and self.clamp >= 0 and self.rounds >= 1):
            hint = "the scale of the rate and the clip are above 0, the clamp 0 or more, the rounds one or more"
            raise MusicaeError(f"a critic, or another group, cannot be trained with {self}", hint)


class Adversarial(Regularizer):
    """The interface of regularizers that learn a critic.

    `terms` train the autoencoder against the critic, which they do not change; `critic_terms` train the critic alone.

    Attributes:
        critic: a network; never saved with the model.
        group: how it is trained.
    """

    critic: nn.Module
    group: GroupSettings

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
