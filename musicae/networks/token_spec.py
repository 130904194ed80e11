"""What networks know of tokens: the grid `[batch, segment, step, field]` and what each field may hold."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64, Shaped
from torch import Tensor

Tokens = Int64[Tensor, "batch segment step field"]
Written = Int64[Tensor, "batch segment step written"]
Given = Int64[Tensor, "batch segment step given"]
"""Two parts of the columns of tokens: those of `TokenSpec.fields`, and those of `TokenSpec.given`."""
Features = Float[Tensor, "batch segment step width"]
Mask = Float[Tensor, "batch segment step"]


@dataclass(frozen=True, eq=False)
class FieldSpec:
    """One value inside a step.

    Attributes:
        name: what the value is, used to name metrics.
        features: input features of every token.
        end: the token after which nothing follows in its segment, or -1.
        at_most_one: a token that opens no more than one of so many segments, and their number; -1 where there is none.
    """

    name: str
    features: Float[Tensor, "vocabulary feature"]
    end: int = -1
    at_most_one: tuple[int, int] = (-1, 1)

    @property
    def vocabulary(self) -> int:
        return self.features.shape[0]


@dataclass(frozen=True, eq=False)
class TokenSpec:
    """The shape of one window of tokens.

    An event is a step that counts: one that is not after the end of its segment.

    Attributes:
        fields: what is encoded and decoded.
        conditions: what encoder and decoder are told besides (a chord); the last columns of the tokens.
    """

    segments: int
    steps: int
    fields: tuple[FieldSpec, ...]
    conditions: tuple[FieldSpec, ...] = ()

    @property
    def ragged(self) -> bool:
        """Whether segments may end early."""
        return any(field.end >= 0 for field in self.fields)

    def split(
        self, tokens: Int64[Tensor, "*shape column"]
    ) -> tuple[Int64[Tensor, "*shape field"], Int64[Tensor, "*shape given"]]:
        """What is decoded, and what is given."""
        written, given = tokens.split([len(self.fields), len(self.conditions)], -1)
        return written, given

    def mask(self, tokens: Tokens) -> Mask:
        """1 up to the first end token of a segment, inclusive; 0 after it."""
        ends = [tokens[..., i] == field.end for i, field in enumerate(self.fields)]
        ended = torch.stack(ends).any(0).int()
        return ((ended.cumsum(-1) - ended) == 0).float()

    def events(self, values: Shaped[Tensor, "batch segment step ..."], mask: Mask) -> Shaped[Tensor, "event ..."]:
        """The values at the steps that count, in order."""
        return values[mask.bool()] if self.ragged else values.flatten(0, 2)

    def per_window(self, values: Float[Tensor, " event"], mask: Mask) -> Float[Tensor, " batch"]:
        """Sums over the steps that count."""
        if not self.ragged:
            return values.view_as(mask).sum((1, 2))
        return torch.zeros_like(mask, dtype=values.dtype).masked_scatter(mask.bool(), values).sum((1, 2))
