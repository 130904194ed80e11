"""Corruptions of the tokens that the encoder reads; what is decoded stays clean (Vincent et al. 2008).

Augmentations of what the encoder reads only. Where a segment has ended nothing is changed, and conditions stay.
"""

from __future__ import annotations

from abc import abstractmethod

import torch
from jaxtyping import Bool
from torch import Tensor

from musicae.corpus.augment import Augmentation, Pairs
from musicae.errors import MusicaeError
from musicae.music.representations.base import Shape
from musicae.networks.batch import Columns

Steps = Bool[Tensor, "window segment step"]


class InputCorruption(Augmentation):
    """The interface of corruptions: every step is struck with the same probability.

    Args:
        share: of the steps, from 0 to 1.
    """

    def __init__(self, shape: Shape, device: torch.device | str = "cpu", *, share: float = 0.3) -> None:
        if not 0 <= share <= 1:
            raise MusicaeError(f"the share of a corruption is {share}", "give a share from 0 to 1")
        self.share, self.shape = share, shape
        self.fields = len(shape.fields)

    def __call__(self, pairs: Pairs, generator: torch.Generator) -> Pairs:
        columns = pairs.encoder_columns.clone()
        shape = columns.shape[:3]
        struck = (torch.rand(shape, generator=generator) < self.share).to(columns.device) & ~self._ended(columns)
        corrupted = self.corrupt(columns[..., : self.fields], struck, generator)
        columns[..., : self.fields] = corrupted
        return Pairs(columns, pairs.target, pairs.label)

    @abstractmethod
    def corrupt(self, tokens: Columns, struck: Steps, generator: torch.Generator) -> Columns:
        """The tokens of the fields, changed at some steps."""

    def _ended(self, columns: Columns) -> Steps:
        """Steps at which a segment ends, and all after it."""
        ends = torch.zeros(columns.shape[:3], dtype=torch.bool, device=columns.device)
        for i, field in enumerate(self.shape.fields):
            if field.end >= 0:
                ends |= columns[..., i] == field.end
        return ends.cummax(2).values


class MaskSteps(InputCorruption):
    """Steps become token 0: held, or silent."""

    def corrupt(self, tokens: Columns, struck: Steps, generator: torch.Generator) -> Columns:
        return tokens.masked_fill(struck[..., None], 0)


class SubstituteSteps(InputCorruption):
    """Steps become those of other windows of the batch, at the same place: tokens as music has them."""

    def corrupt(self, tokens: Columns, struck: Steps, generator: torch.Generator) -> Columns:
        others = torch.randperm(len(tokens), generator=generator).to(tokens.device)
        there = tokens[others]
        return torch.where((struck & ~self._ended(there))[..., None], there, tokens)


class DropSteps(InputCorruption):
    """Steps are left out, and those after them in the segment move up; at its end stand end tokens, or token 0."""

    def corrupt(self, tokens: Columns, struck: Steps, generator: torch.Generator) -> Columns:
        order = torch.argsort(struck.to(torch.int8), dim=2, stable=True)  # those that stay, in order, then the others
        moved = torch.gather(tokens, 2, order[..., None].expand_as(tokens))
        left = (~struck).sum(2, keepdim=True)
        gone = torch.arange(tokens.shape[2], device=tokens.device) >= left
        ends = torch.tensor([max(field.end, 0) for field in self.shape.fields], device=tokens.device)
        return torch.where(gone[..., None], ends, moved)


class ShuffleSteps(InputCorruption):
    """Steps move by `reach` at most: all are sorted by their place plus a random number up to it (Lample et al. 2018).

    Args:
        share: of the windows that are shuffled, from 0 to 1, and not of the steps: in those windows, all may move.
        reach: how far a step may move.
    """

    def __init__(self, shape: Shape, device: torch.device | str = "cpu", *, share: float = 0.5, reach: int = 3) -> None:
        super().__init__(shape, device, share=share)
        if reach < 1:
            raise MusicaeError(f"shuffle.reach is {reach}", "give shuffle.reach one or more")
        self.reach = reach

    def corrupt(self, tokens: Columns, struck: Steps, generator: torch.Generator) -> Columns:
        shape = struck.shape
        moved = torch.rand(shape, generator=generator).to(tokens.device) * (self.reach + 1)
        chosen = (torch.rand(len(tokens), 1, 1, generator=generator) < self.share).to(tokens.device)
        fixed = self._ended(tokens)
        place = torch.arange(shape[2], device=tokens.device) + torch.where(fixed | ~chosen, 0.0, moved)
        place = place.masked_fill(fixed, torch.inf)
        return torch.gather(tokens, 2, torch.argsort(place, dim=2, stable=True)[..., None].expand_as(tokens))


class PitchJitter(InputCorruption):
    """Notes move by up to half an octave where they stay in range, each by itself; drums stay."""

    def __init__(self, shape: Shape, device: torch.device | str = "cpu", *, share: float = 0.2) -> None:
        super().__init__(shape, device, share=share)
        tables = [torch.as_tensor(field.transposition).long() for field in shape.fields]  # [shift, token]
        self.tables = [table.to(device) for table in tables]
        self.markers = [field.untransposed_marker for field in shape.fields]

    def corrupt(self, tokens: Columns, struck: Steps, generator: torch.Generator) -> Columns:
        columns = []
        for column, table, marker in zip(tokens.unbind(-1), self.tables, self.markers, strict=True):
            shift = torch.randint(len(table), struck.shape, generator=generator).to(tokens.device)
            moved, stays = table[shift, column], column[..., :1] == marker
            columns.append(torch.where(struck & (moved >= 0) & ~stays, moved, column))
        return torch.stack(columns, -1)


class HoldFlip(InputCorruption):
    """Hold, 0, and note-off, 1, change places: notes last where they would end, and end where they would last.

    Fields that have no such tokens stay as they are.
    """

    def corrupt(self, tokens: Columns, struck: Steps, generator: torch.Generator) -> Columns:
        held = [field.onsets.start == NOTE_OFF + 1 and field.end < 0 for field in self.shape.fields]
        flips = struck[..., None] & (tokens <= NOTE_OFF) & torch.tensor(held, device=tokens.device)
        return torch.where(flips, NOTE_OFF - tokens, tokens)


NOTE_OFF = 1
"""The token that ends a note, in fields whose onsets begin after it."""
