"""Tokens to features: the door through which tokens enter the networks.

Noise, soft outputs and images have features already and go straight to the encoder.
"""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor, nn

from musicae.networks.token_spec import FieldSpec, TokenSpec
from musicae.networks.types import Condition, Features, Tokens


class FieldEmbedding(nn.Module):
    """Features of one field: its table's rows, times a learned matrix unless `size` is 0."""

    features: Tensor

    def __init__(self, field: FieldSpec, size: int) -> None:
        super().__init__()
        self.register_buffer("features", field.features.float(), persistent=False)
        width = field.features.shape[1]
        # Between the scales of one-hot features, N(0, 1), and of dense ones, N(0, 1 / width).
        self.matrix = nn.Parameter(torch.randn(width, size) * width**-0.25) if size else None
        self.width = size or width

    def table(self) -> Float[Tensor, "vocabulary width"]:
        """The features of every token."""
        return self.features if self.matrix is None else (self.features @ self.matrix).to(self.matrix.dtype)

    def forward(self, tokens: Int64[Tensor, "*shape"]) -> Float[Tensor, "*shape width"]:
        return F.embedding(tokens, self.table())


class Embedding(nn.Module):
    """Features of a step: those of its fields side by side, then those of its conditions.

    Args:
        size: learned features per field; 0 takes the tables themselves (one-hot tokens, as MusicVAE does).
    """

    def __init__(self, spec: TokenSpec, *, size: int = 0) -> None:
        super().__init__()
        self.spec = spec
        fields = [FieldEmbedding(field, size) for field in (*spec.fields, *spec.conditions)]
        self.fields = cast("list[FieldEmbedding]", nn.ModuleList(fields))
        self.widths = [embedded.width for embedded in fields]
        self.width = sum(self.widths)

    def tables(self) -> list[Float[Tensor, "_ _"]]:
        """Per field, then per condition, the features of every token."""
        return [field.table() for field in self.fields]

    def forward(self, tokens: Tokens, condition: Condition) -> Features:
        columns = [*tokens.unbind(-1), *condition.unbind(-1)]
        return torch.cat([field(column) for field, column in zip(self.fields, columns, strict=True)], -1)


EMBEDDINGS = {"features": Embedding}
