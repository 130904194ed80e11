"""What a training says while it runs, and to whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from musicae.config import Training
from musicae.training.checkpoint import TrainingState

Metrics = dict[str, float]


@dataclass(frozen=True)
class Notice:
    """Something that the user should know: what is the case, of which an interface may make advice.

    Attributes:
        kind: a word that stays the same whatever the message says, e.g. "collapsed"; empty where the message says all.
        facts: the values that belong to the kind.
    """

    message: str
    kind: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)


@runtime_checkable
class Reporter(Protocol):
    """Where a training reports how it goes."""

    def began(self, state: TrainingState, training: Training, seconds: float) -> None:
        """Called once, before the first update.

        Args:
            seconds: that the training may take, over all its parts; infinite if only its updates end it.
        """

    def updated(self, state: TrainingState) -> None:
        """Called after every update."""

    def logged(self, state: TrainingState, terms: Metrics) -> None:
        """Called with the mean terms of the updates since the last call."""

    def validated(self, state: TrainingState, metrics: Metrics) -> None:
        """Called after every validation."""

    def tell(self, notice: Notice) -> None:
        """Called with what the user should know."""


class NullReporter:
    """Reports to nobody."""

    def began(self, state: TrainingState, training: Training, seconds: float) -> None:
        pass

    def updated(self, state: TrainingState) -> None:
        pass

    def logged(self, state: TrainingState, terms: Metrics) -> None:
        pass

    def validated(self, state: TrainingState, metrics: Metrics) -> None:
        pass

    def tell(self, notice: Notice) -> None:
        pass
