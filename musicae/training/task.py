"""What is trained: all that the loop knows. Music is one task, images are another."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from musicae.config import Training
from musicae.networks.groups import GroupSettings
from musicae.training.checkpoint import TrainingState
from musicae.training.groups import LossTerms, ParameterGroup
from musicae.training.reporter import Metrics, Notice


class Task(ABC):
    """The interface of tasks.

    Attributes:
        module: `module(batch)` gives the named terms of the loss, which are summed.
        training: schedules and sizes.
        inherited: whether the module begins with weights that have been trained, all of them: then they are measured
            before the first update, and kept if no update leads to better ones.
        identity: what its saved states belong to, in words; those of another task are refused.
    """

    module: nn.Module
    training: Training
    identity: str
    inherited: bool = False

    @property
    def device(self) -> torch.device:
        """Where the module is."""
        return next(self.module.parameters()).device

    @abstractmethod
    def batch(self, update: int, round: int = 0) -> Any:
        """The batch of an update, the same in every process that trains: a dataclass of tensors, window by window.

        What is random in it follows from the arguments.

        Args:
            update: number of updates before this one.
            round: 0 for the update itself, above for rounds of critics alone.
        """

    @abstractmethod
    def validate(self) -> Metrics:
        """Metrics on held-out data; the weights with the lowest "loss", in which critics have no part, are the best."""

    @abstractmethod
    def save_best(self, state: TrainingState) -> None:
        """Called when the weights are the best so far."""

    def groups(self) -> list[ParameterGroup]:
        """How the parameters of the module are trained; by default all alike, by Adam."""
        return [ParameterGroup("module", list(self.module.parameters()), GroupSettings(clip=self.training.clip))]

    def critic_terms(self, batch: Any) -> LossTerms:
        """The terms that train critics, and nothing else."""
        return {}

    def validated(self, state: TrainingState, metrics: Metrics) -> Iterable[Notice]:
        """Called after a validation; what the user should know about it."""
        return ()

    def ended(self, state: TrainingState) -> Iterable[Notice]:
        """Called after the last update and its validation; what the user should know of what came of it."""
        return ()
