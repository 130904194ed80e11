"""Samplers: where codes come from when nothing is encoded.

The prior that the loss knows, or a density of the codes of training windows that is fitted after training.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from musicae.networks.priors import Prior
from musicae.networks.types import Code, Scalar


class Sampler(nn.Module, ABC):
    """The interface of samplers, built for codes of some size and the prior of the loss."""

    @abstractmethod
    def fit(self, mean: Code, std: Code) -> None:
        """Learns from the posteriors of training windows where codes lie."""

    @abstractmethod
    def sample(self, n: int, generator: torch.Generator) -> Float[Tensor, "n size"]:
        """n independent draws, on the CPU."""

    @abstractmethod
    def moments(self) -> CodeMoments:
        """What was learned of where codes of music lie, on the CPU."""


@dataclass(frozen=True, eq=False)
class CodeMoments:
    """Mean and covariance of the codes of music.

    Attributes:
        rows: a factor of the covariance, rows^T rows; none where nothing is known of it.
    """

    mean: Float[Tensor, " size"]
    rows: Float[Tensor, "row size"]


@dataclass(frozen=True, eq=False)
class CodeBatch:
    """Codes of windows of music."""

    code: Code


class LearnedSampler(Sampler):
    """The interface of samplers that are trained, by gradients, when the autoencoder has been.

    Attributes:
        updates, batch: how long, and on how many codes at once.
    """

    updates: int
    batch: int

    @abstractmethod
    def forward(self, batch: CodeBatch) -> dict[str, Scalar]:
        """The named terms of the loss of codes of training windows."""


class PriorSampler(Sampler):
    """Draws from the prior itself: nothing to fit."""

    def __init__(self, size: int, prior: Prior) -> None:
        super().__init__()
        self.size, self.draw = size, prior.sample  # the prior's weights stay its own

    def fit(self, mean: Code, std: Code) -> None:
        pass

    def sample(self, n: int, generator: torch.Generator) -> Float[Tensor, "n size"]:
        return self.draw(n, generator)

    def moments(self) -> CodeMoments:
        return CodeMoments(torch.zeros(self.size), torch.zeros(0, self.size))
