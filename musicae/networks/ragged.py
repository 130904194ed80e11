"""Sequences without padding: all first steps, then all second ones and so on, as recurrences read them.

What is unusual: packed rows are not torch's `PackedSequence` but plain tensors, so that arithmetic on rows needs no
unpacking; and sequences that all have the same number of steps pack by a transpose, and are not sorted or indexed.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import torch
from jaxtyping import Float, Int64
from torch import Tensor

Lengths = Int64[Tensor, " sequence"]
Padded = Float[Tensor, "sequence step width"]
PackedRows = Float[Tensor, "row width"]
PerSequence = Float[Tensor, "*layer sequence width"]
State = Float[Tensor, "layer sequence hidden"]
"""h or c of every layer of a stack of LSTMs; in a bidirectional one, forward and backward of each."""
Options = tuple[int, float, bool, bool]
"""Of `torch.lstm`: layers, dropout between them, whether it is training, whether it is bidirectional."""


class Packing(ABC):
    """The interface of packings: padded sequences to rows, and back.

    Rows are in the order of steps, and within a step in the order of the packing, from the longest sequence to the
    shortest. What belongs to a sequence rather than to a step (a state, a context) is `sorted` into that order first.

    Attributes:
        sizes: how many sequences have a first step, a second one, ...
    """

    sizes: list[int]

    @abstractmethod
    def rows(self, padded: Padded) -> PackedRows:
        """The steps that are there, packed."""

    @abstractmethod
    def padded(self, rows: PackedRows) -> Padded:
        """`rows` undone: packed steps where they were, and zeros where there are none."""

    @abstractmethod
    def reversed(self, rows: PackedRows) -> PackedRows:
        """Packed steps of the sequences, each read backwards; twice is the identity."""

    @abstractmethod
    def last(self, rows: PackedRows) -> Float[Tensor, "sequence width"]:
        """The last step of every sequence, in the order of the packing."""

    @abstractmethod
    def sorted(self, x: PerSequence) -> PerSequence:
        """What belongs to the sequences, in the order of the packing."""

    @abstractmethod
    def unsorted(self, x: PerSequence) -> PerSequence:
        """`sorted` undone."""

    @abstractmethod
    def add(self, rows: PackedRows, x: Float[Tensor, "sequence width"]) -> PackedRows:
        """Packed steps plus what belongs to their sequences, which is in the order of the packing."""

    @abstractmethod
    def lstm(
        self, padded: Padded, h: State, c: State, weights: list[Tensor], options: Options
    ) -> tuple[Float[Tensor, "sequence step size"], State]:
        """`torch.lstm` over padded sequences, in their own order: its outputs, zero after a sequence's last step, and
        h after that step.
        """


class Full(Packing):
    """Sequences that all have the same number of steps."""

    def __init__(self, sequences: int, steps: int) -> None:
        self.sizes = [sequences] * steps

    def rows(self, padded: Padded) -> PackedRows:
        return padded.transpose(0, 1).flatten(0, 1)  # [sequence, step, width] -> [step sequence, width]

    def padded(self, rows: PackedRows) -> Padded:
        return self._steps(rows).transpose(0, 1)

    def reversed(self, rows: PackedRows) -> PackedRows:
        return self._steps(rows).flip(0).flatten(0, 1)

    def last(self, rows: PackedRows) -> Float[Tensor, "sequence width"]:
        return rows[-self.sizes[-1] :]

    def sorted(self, x: PerSequence) -> PerSequence:
        return x

    def unsorted(self, x: PerSequence) -> PerSequence:
        return x

    def add(self, rows: PackedRows, x: Float[Tensor, "sequence width"]) -> PackedRows:
        return (self._steps(rows) + x).flatten(0, 1)

    def lstm(
        self, padded: Padded, h: State, c: State, weights: list[Tensor], options: Options
    ) -> tuple[Float[Tensor, "sequence step size"], State]:
        out, h, _ = torch.lstm(padded, (h, c), weights, True, *options, True)
        return out, h

    def _steps(self, rows: PackedRows) -> Float[Tensor, "step sequence width"]:
        return rows.unflatten(0, (len(self.sizes), -1))


class Ragged(Packing):
    """Sequences of their own lengths.

    Args:
        lengths: of every sequence in steps, one at least.
        steps: to which the sequences are padded.
    """

    def __init__(self, lengths: Lengths, steps: int) -> None:
        sizes, order = lengths.sort(descending=True, stable=True)
        there = torch.arange(steps, device=lengths.device)[:, None] < sizes  # [step, sequence]
        step, sequence = there.nonzero(as_tuple=True)  # of every row
        count = there.sum(1)
        starts = count.cumsum(0) - count
        self.sizes = [size for size in count.tolist() if size]
        self._order, self._place, self._shape = order, order.argsort(), (len(lengths), steps)
        self._where = order[sequence] * steps + step  # of every row, in [sequence step]
        self._backwards = starts[sizes[sequence] - 1 - step] + sequence
        self._last = starts[sizes - 1] + torch.arange(len(sizes), device=sizes.device)

    def rows(self, padded: Padded) -> PackedRows:
        return padded.flatten(0, 1).index_select(0, self._where)  # [sequence, step, width] -> [row, width]

    def padded(self, rows: PackedRows) -> Padded:
        empty = rows.new_zeros(math.prod(self._shape), rows.shape[1])
        return empty.index_copy(0, self._where, rows).unflatten(0, self._shape)  # [sequence, step, width]

    def reversed(self, rows: PackedRows) -> PackedRows:
        return rows.index_select(0, self._backwards)

    def last(self, rows: PackedRows) -> Float[Tensor, "sequence width"]:
        return rows.index_select(0, self._last)

    def sorted(self, x: PerSequence) -> PerSequence:
        return x.index_select(-2, self._order)

    def unsorted(self, x: PerSequence) -> PerSequence:
        return x.index_select(-2, self._place)

    def add(self, rows: PackedRows, x: Float[Tensor, "sequence width"]) -> PackedRows:
        return rows + torch.cat([x[:size] for size in self.sizes])

    def lstm(
        self, padded: Padded, h: State, c: State, weights: list[Tensor], options: Options
    ) -> tuple[Float[Tensor, "sequence step size"], State]:
        state = (self.sorted(h), self.sorted(c))
        out, h, _ = torch.lstm(self.rows(padded), torch.tensor(self.sizes), state, weights, True, *options)
        return self.padded(out), self.unsorted(h)


def packed(lengths: Lengths | None, sequences: int, steps: int) -> Packing:
    """The packing of padded sequences; without lengths they are full."""
    return Full(sequences, steps) if lengths is None else Ragged(lengths, steps)
