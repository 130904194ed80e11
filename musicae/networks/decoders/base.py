"""The interface of decoders: p(x|z) with four faces."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from musicae.networks.batch import Batch
from musicae.networks.embedding import Embedding
from musicae.networks.heads import Head
from musicae.networks.sampling import SamplingOptions, StepwiseDecoder
from musicae.networks.token_spec import TokenSpec
from musicae.networks.types import Code, Condition, Features, Mask, Params, Tokens


class Decoder(nn.Module, ABC):
    """The interface of decoders. Codes are settled (`Latent.settle`) before they get here.

    Attributes:
        spans: parts of a window that are decoded at once, rows of one batch.
    """

    spans: int

    @abstractmethod
    def log_prob(self, batch: Batch, z: Code, embedding: Embedding) -> Float[Tensor, " batch"]:
        """log p(target | z, condition) in nats per window, teacher forced."""

    @abstractmethod
    def sample(self, z: Code, condition: Condition, embedding: Embedding, options: SamplingOptions) -> Tokens:
        """Tokens drawn, free running: every step sees the tokens drawn before it."""

    @abstractmethod
    def soft(self, z: Code, condition: Condition, embedding: Embedding) -> tuple[Features, Mask]:
        """Free running on expectations: every step sees the expected features of the step before it.

        What comes back enters the encoder as features; gradients flow through all of it to z.
        """

    @abstractmethod
    def divergence(self, batch: Batch, z: Code, other: Code, embedding: Embedding) -> Float[Tensor, " batch"]:
        """KL(p(.|z) || p(.|other)) in nats per window, teacher forced."""

    @abstractmethod
    def stepwise(self, z: Code, condition: Condition, embedding: Embedding) -> list[StepwiseDecoder]:
        """What gives one step at a time, for sampling, live use and export."""


class TokenDecoder(Decoder):
    """The interface of decoders of tokens, whose distributions can be looked at event by event."""

    @abstractmethod
    def predict(self, batch: Batch, z: Code, embedding: Embedding) -> Predictions:
        """The distributions of all events of the target, teacher forced."""

    def divergence(self, batch: Batch, z: Code, other: Code, embedding: Embedding) -> Float[Tensor, " batch"]:
        return self.predict(batch, z, embedding).divergence(self.predict(batch, other, embedding))


@dataclass(frozen=True, eq=False)
class Predictions:
    """Distributions of the events of some windows, a head per field.

    Attributes:
        params: per field, of every event.
        target: the true tokens of the events.
        mask: which steps of the windows are events.
    """

    spec: TokenSpec
    heads: Sequence[Head]
    params: Sequence[Params]
    target: Int64[Tensor, "event field"]
    mask: Mask

    def field_log_prob(self) -> Float[Tensor, "field event"]:
        """log p(true token), in nats."""
        columns = zip(self.heads, self.params, self.target.unbind(1), strict=True)
        return torch.stack([head.log_prob(params, column) for head, params, column in columns])

    def log_prob(self) -> Float[Tensor, " batch"]:
        """Summed over the fields and events of every window."""
        return self.spec.per_window(self.field_log_prob().sum(0), self.mask)

    def divergence(self, other: Predictions) -> Float[Tensor, " batch"]:
        """The KL from these distributions to others of the same events, summed per window."""
        columns = zip(self.heads, self.params, other.params, strict=True)
        found = torch.stack([head.divergence(params, others) for head, params, others in columns])
        return self.spec.per_window(found.sum(0), self.mask)

    def likeliest(self) -> Int64[Tensor, "event field"]:
        """The likeliest token of every field."""
        return torch.stack([head.draw(params, 0.0) for head, params in zip(self.heads, self.params, strict=True)], 1)
