"""The loop that samples tokens, one and the same under every decoder.

A decoder gives chains: fields that are written step by step and do not see one another's tokens. A chain writes many
rows at once; a row is a span of a window, a window has `spans` rows. Constraints are data of the `TokenSpec`, and hold
whatever the decoder is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Int64
from torch import Tensor

from musicae.networks.heads import Head
from musicae.networks.token_spec import DropLeading, LimitOpenings, TokenSpec, leading
from musicae.networks.types import Params, Row, Tokens

RowTokens = Int64[Tensor, "row place field"]


class StepwiseDecoder(ABC):
    """The interface of what writes some fields step by step.

    Attributes:
        fields: their numbers in the `TokenSpec`, in order.
        heads: of these fields.
        rows, steps: how many rows are written at once, and how long they are.
    """

    fields: list[int]
    heads: list[Head]
    rows: int
    steps: int
    device: torch.device

    @abstractmethod
    def step(self, previous: Row | None) -> list[Params]:
        """The distributions of the next step, per field, after these tokens; None at the first step."""


@dataclass(frozen=True, eq=False)
class SamplingOptions:
    """How tokens are drawn.

    Attributes:
        temperature: of every distribution; 0 takes the likeliest token.
        forced: tokens that stand where they are, unless the segment has ended; -1 where the decoder is free.
    """

    temperature: float = 1.0
    generator: torch.Generator | None = None
    forced: Tokens | None = None


@torch.no_grad()
def sample_tokens(chains: Sequence[StepwiseDecoder], spec: TokenSpec, options: SamplingOptions) -> Tokens:
    """Free running: every step sees the tokens drawn before it. After the end of a segment there are only ends."""
    rows, steps = chains[0].rows, chains[0].steps
    spans = spec.segments * spec.steps // steps
    drawn = torch.cat([_Rows(chain, spec, options, spans).sample() for chain in chains], -1)  # [row, step, field]
    tokens = drawn.reshape(rows // spans, spec.segments, spec.steps, len(spec.fields))
    if spec.ragged:  # spans of a segment that has ended in an earlier one have gone on
        ends = torch.tensor([max(field.end, 0) for field in spec.fields], device=tokens.device)
        tokens = torch.where(spec.mask(tokens)[..., None] > 0, tokens, ends)
    for constraint in spec.constraints:
        if isinstance(constraint, DropLeading):
            tokens = drop_leading(tokens, constraint)
    return tokens


def drop_leading(tokens: Tokens, constraint: DropLeading) -> Tokens:
    """The tokens with 0 for every note-off before the first onset of a window."""
    column = tokens[..., constraint.field].flatten(1)  # [batch, segment step]
    dropped, gone = tokens.clone(), leading(column, constraint.token, constraint.onsets)
    dropped[..., constraint.field] = column.masked_fill(gone, 0).view_as(tokens[..., 0])
    return dropped


class _Rows:
    """The rows of one chain while they are drawn."""

    def __init__(self, chain: StepwiseDecoder, spec: TokenSpec, options: SamplingOptions, spans: int) -> None:
        self.chain, self.spec, self.options = chain, spec, options
        device = chain.device
        self.ends = torch.tensor([spec.fields[i].end for i in chain.fields], device=device)
        self.ragged = bool((self.ends >= 0).any())
        self.tokens = self.ends.clamp(min=0).expand(chain.rows, chain.steps, -1).contiguous()
        self.ended = torch.zeros(chain.rows, 1, dtype=torch.bool, device=device)
        forced = options.forced
        self.forced = None if forced is None else forced.reshape(chain.rows, chain.steps, -1)[..., chain.fields]
        limits = [limit for limit in spec.constraints if isinstance(limit, LimitOpenings)]
        self.limits = [limit for limit in limits if limit.field in chain.fields]
        opened = torch.zeros(chain.rows // spans, spec.segments, dtype=torch.bool, device=device)
        self.opened = {limit: opened.clone() for limit in self.limits}
        # Segments start at the same step in all rows that begin with one.
        first = torch.arange(chain.rows, device=device) % spans * chain.steps  # step of the window, per row
        self.starting = (first % spec.steps == 0).nonzero().squeeze(1)
        self.window, self.segment = self.starting // spans, first[self.starting] // spec.steps

    def sample(self) -> RowTokens:
        previous: Row | None = None
        for step in range(self.chain.steps):
            params = self.chain.step(previous)
            temperature, generator = self.options.temperature, self.options.generator
            heads = zip(self.chain.heads, params, strict=True)
            row = torch.stack([head.draw(param, temperature, generator) for head, param in heads], 1)
            for limit in self.limits:
                self._limit(limit, step, row, params)
            if self.forced is not None:
                row = torch.where(self.forced[:, step] < 0, row, self.forced[:, step])
            previous = self._after_ends(step, row)
            self.tokens[:, step] = previous
            if self.ragged and self.chain.steps <= self.spec.steps and bool(self.ended.all()):
                break
        return self.tokens

    def _after_ends(self, step: int, row: Row) -> Row:
        """End tokens where a segment has ended before."""
        if self.ragged:
            if step % self.spec.steps == 0:
                self.ended.zero_()
            row = torch.where(self.ended, self.ends.clamp(min=0), row)
            self.ended |= (row == self.ends).any(1, keepdim=True)
        return row

    def _limit(self, limit: LimitOpenings, step: int, row: Row, params: list[Params]) -> None:
        """Draws anew, in place, the first tokens of segments that must not open as they do; the last one of those that
        open at the same time may stay."""
        if step % self.spec.steps:
            return
        column, place = self.chain.fields.index(limit.field), (self.window, self.segment + step // self.spec.steps)
        opens = torch.zeros_like(self.opened[limit])  # [window, segment]
        opens[place] = row[self.starting, column] == limit.token
        groups = (-1, limit.segments)
        later = opens.unflatten(1, groups).flip(2).cumsum(2).flip(2) > 1  # [window, group, segment]
        before = self.opened[limit].unflatten(1, groups).any(2, keepdim=True)
        refused = opens & (later | before).flatten(1)
        if refused.any():
            again, head = self.starting[refused[place]], self.chain.heads[column]
            others = head.exclude(params[column][again], limit.token)
            row[again, column] = head.draw(others, self.options.temperature, self.options.generator)
        self.opened[limit] |= opens & ~refused
