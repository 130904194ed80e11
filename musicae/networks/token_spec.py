"""What networks know of tokens: the grid `[batch, segment, step, field]` and what each field may hold."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int64, Shaped
from torch import Tensor

from musicae.networks.types import Mask, Tokens


@dataclass(frozen=True, eq=False)
class FieldSpec:
    """One value inside a step.

    Attributes:
        name: what the value is, used to name metrics.
        features: input features of every token.
        end: the token after which nothing follows in its segment, or -1.
    """

    name: str
    features: Float[Tensor, "vocabulary feature"]
    end: int = -1

    @property
    def vocabulary(self) -> int:
        """Number of tokens."""
        return self.features.shape[0]


@dataclass(frozen=True)
class LimitOpenings:
    """At most one of every `segments` segments in a row opens with `token`: one drum track a bar, say."""

    field: int
    token: int
    segments: int


@dataclass(frozen=True)
class DropLeading:
    """`token` (a note-off) ends nothing before the first onset of its field in a window, and is token 0 there."""

    field: int
    token: int
    onsets: range


SamplingConstraint = LimitOpenings | DropLeading


def leading(column: Int64[Tensor, "window time"], token: int, onsets: range) -> Bool[Tensor, "window time"]:
    """Where a token stands before the first onset of a window, in all steps of one field."""
    onset = (column >= onsets.start) & (column < onsets.stop)
    return (column == token) & (onset.cumsum(1) == 0)


@dataclass(frozen=True, eq=False)
class TokenSpec:
    """The shape of one window of tokens.

    An event is a step that counts: one that is not after the end of its segment.

    Attributes:
        fields: what is encoded and decoded.
        conditions: what encoder and decoder are conditioned on (a chord, a label), a column each.
        constraints: what holds of every sample, whatever decoder it comes from, but for tokens that are forced.
    """

    segments: int
    steps: int
    fields: tuple[FieldSpec, ...]
    conditions: tuple[FieldSpec, ...] = ()
    constraints: tuple[SamplingConstraint, ...] = ()

    @property
    def ragged(self) -> bool:
        """Whether segments may end early."""
        return any(field.end >= 0 for field in self.fields)

    def split(
        self, columns: Int64[Tensor, "*shape column"]
    ) -> tuple[Int64[Tensor, "*shape field"], Int64[Tensor, "*shape condition"]]:
        """The columns of data as tokens and conditions."""
        tokens, condition = columns.split([len(self.fields), len(self.conditions)], -1)
        return tokens, condition

    def mask(self, tokens: Tokens) -> Mask:
        """1 up to the first end token of a segment, inclusive; 0 after it."""
        ends = [tokens[..., i] == field.end for i, field in enumerate(self.fields)]
        ended = torch.stack(ends).any(0).int()
        return ((ended.cumsum(-1) - ended) == 0).float()

    def events(self, values: Shaped[Tensor, "batch segment step ..."], mask: Mask) -> Shaped[Tensor, "event ..."]:
        """The values at the steps that count, in order."""
        return values[mask.bool()] if self.ragged else values.flatten(0, 2)  # [batch segment step, ...]

    def per_window(self, values: Float[Tensor, " event"], mask: Mask) -> Float[Tensor, " batch"]:
        """Sums over the steps that count."""
        if not self.ragged:
            return values.view_as(mask).sum((1, 2))
        return torch.zeros_like(mask, dtype=values.dtype).masked_scatter(mask.bool(), values).sum((1, 2))
