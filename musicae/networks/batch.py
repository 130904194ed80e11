"""What one update sees."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Int64
from torch import Tensor

from musicae.networks.token_spec import TokenSpec
from musicae.networks.types import Condition, Tokens

Columns = Int64[Tensor, "batch segment step column"]
"""Tokens as data sets hold them: the fields, then the conditions."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Windows of one update.

    Attributes:
        target: what is decoded.
        condition: what the decoder is conditioned on.
        encoder_tokens, encoder_condition: what the encoder reads; the same unless corrupted or transposed.
        label: the class of every window, -1 where it is unknown.
        update: number of updates before this one.
        sampling_probability: how often the decoder sees its own tokens instead of the true ones.
    """

    target: Tokens
    condition: Condition
    encoder_tokens: Tokens
    encoder_condition: Condition
    label: Int64[Tensor, " batch"]
    update: int = 0
    sampling_probability: float = 0.0

    @classmethod
    def of(
        cls,
        spec: TokenSpec,
        columns: Columns,
        *,
        encoder_columns: Columns | None = None,
        label: Int64[Tensor, " batch"] | None = None,
        update: int = 0,
        sampling_probability: float = 0.0,
    ) -> Batch:
        """The batch of windows as data sets hold them."""
        read = columns if encoder_columns is None else encoder_columns
        label = columns.new_full((len(columns),), -1) if label is None else label
        return cls(*spec.split(columns), *spec.split(read), label, update, sampling_probability)
