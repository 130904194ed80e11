"""What networks know of tokens: the grid `[batch, segment, step, field]` and what each field may hold."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor

Tokens = Int64[Tensor, "batch segment step field"]
Given = Int64[Tensor, "batch segment step given"]
Features = Float[Tensor, "batch segment step width"]
Mask = Float[Tensor, "batch segment step"]


@dataclass(frozen=True, eq=False)
class Field:
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
        return self.features.shape[0]


@dataclass(frozen=True, eq=False)
class Grid:
    """The shape of one window of tokens.

    Attributes:
        fields: what is encoded and decoded.
        given: what encoder and decoder are told besides (a chord); the last columns of the tokens.
    """

    segments: int
    steps: int
    fields: tuple[Field, ...]
    given: tuple[Field, ...] = ()

    @property
    def ragged(self) -> bool:
        """Whether segments may end early."""
        return any(field.end >= 0 for field in self.fields)

    def split(
        self, tokens: Int64[Tensor, "*shape column"]
    ) -> tuple[Int64[Tensor, "*shape field"], Int64[Tensor, "*shape given"]]:
        """What is decoded, and what is given."""
        written, given = tokens.split([len(self.fields), len(self.given)], -1)
        return written, given

    def mask(self, tokens: Tokens) -> Mask:
        """1 up to the first end token of a segment, inclusive; 0 after it."""
        ends = [tokens[..., i] == field.end for i, field in enumerate(self.fields)]
        ended = torch.stack(ends).any(0).int()
        return ((ended.cumsum(-1) - ended) == 0).float()
