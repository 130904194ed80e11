"""Sequences without padding: all first steps, then all second ones and so on, as recurrences read them."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float, Int64
from torch import Tensor

Lengths = Int64[Tensor, " sequence"]
Padded = Float[Tensor, "sequence step width"]
Rows = Float[Tensor, "row width"]
PerSequence = Float[Tensor, "*layer sequence width"]


class Full:
    """Sequences that all have the same number of steps.

    Attributes:
        sizes: how many sequences have a first step, a second one, ...
    """

    def __init__(self, sequences: int, steps: int) -> None:
        self.sizes = [sequences] * steps

    def rows(self, padded: Padded) -> Rows:
        """The steps that are there, packed."""
        return padded.transpose(0, 1).flatten(0, 1)

    def padded(self, rows: Rows) -> Padded:
        """Packed steps where they were, and zeros where there are none."""
        return rows.unflatten(0, (len(self.sizes), -1)).transpose(0, 1)

    def reversed(self, rows: Rows) -> Rows:
        """Packed steps of the sequences read backwards; twice is the identity."""
        return rows.unflatten(0, (len(self.sizes), -1)).flip(0).flatten(0, 1)

    def last(self, rows: Rows) -> Float[Tensor, "sequence width"]:
        """The last step of every sequence, in the order of the packing."""
        return rows[-self.sizes[-1] :]

    def sorted(self, x: PerSequence) -> PerSequence:
        """What belongs to the sequences in the order of the packing."""
        return x

    def unsorted(self, x: PerSequence) -> PerSequence:
        """`sorted` undone."""
        return x

    def spread(self, rows: Rows, x: Float[Tensor, "sequence width"]) -> Rows:
        """Packed steps plus what belongs to their sequences, which is in the order of the packing."""
        return (rows.unflatten(0, (len(self.sizes), -1)) + x).flatten(0, 1)


class Ragged:
    """Sequences of their own lengths, from the longest to the shortest; methods as those of `Full`.

    Args:
        lengths: of every sequence in steps, one at least.
        steps: to which the sequences are padded.
    """

    def __init__(self, lengths: Lengths, steps: int) -> None:
        sizes, order = lengths.sort(descending=True, stable=True)
        there = torch.arange(steps, device=lengths.device)[:, None] < sizes
        step, sequence = there.nonzero(as_tuple=True)
        count = there.sum(1)
        starts = count.cumsum(0) - count
        self.sizes: list[int] = [size for size in count.tolist() if size]
        self._order, self._place, self._shape = order, order.argsort(), (len(lengths), steps)
        self._where = order[sequence] * steps + step
        self._backwards = starts[sizes[sequence] - 1 - step] + sequence
        self._last = starts[sizes - 1] + torch.arange(len(sizes), device=sizes.device)

    def rows(self, padded: Padded) -> Rows:
        return padded.flatten(0, 1).index_select(0, self._where)

    def padded(self, rows: Rows) -> Padded:
        empty = rows.new_zeros(math.prod(self._shape), rows.shape[1])
        return empty.index_copy(0, self._where, rows).unflatten(0, self._shape)

    def reversed(self, rows: Rows) -> Rows:
        return rows.index_select(0, self._backwards)

    def last(self, rows: Rows) -> Float[Tensor, "sequence width"]:
        return rows.index_select(0, self._last)

    def sorted(self, x: PerSequence) -> PerSequence:
        return x.index_select(-2, self._order)

    def unsorted(self, x: PerSequence) -> PerSequence:
        return x.index_select(-2, self._place)

    def spread(self, rows: Rows, x: Float[Tensor, "sequence width"]) -> Rows:
        return rows + torch.cat([x[:size] for size in self.sizes])


Packing = Full | Ragged


def packed(lengths: Lengths | None, sequences: int, steps: int) -> Packing:
    """The packing of padded sequences; without lengths they are full."""
    return Full(sequences, steps) if lengths is None else Ragged(lengths, steps)
