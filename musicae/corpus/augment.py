"""Augmentations: what is changed in windows between the data set and an update.

An augmentation is an object `(pairs, generator) -> pairs`. Its tables of tokens lie on the device of the windows; what
is random is drawn on the CPU, so that it does not depend on the device. Batches are drawn and augmented alike in every
process that trains, and shared by rank afterwards: two processes see what one would at once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Int64, Integer
from torch import Tensor

from musicae.errors import MusicaeError
from musicae.music.representations.base import CHORD, Shape
from musicae.networks.batch import Columns


@dataclass(frozen=True, eq=False)
class Pairs:
    """The windows of an update.

    Attributes:
        encoder_columns: what the encoder reads.
        target: what the decoder writes, and the condition under which it does; `encoder_columns` itself if the same.
        label: the class of every window, -1 where it is unknown; None where data have no labels.
    """

    encoder_columns: Columns
    target: Columns
    label: Int64[Tensor, " window"] | None = None

    def __len__(self) -> int:
        return len(self.target)


class Augmentation(ABC):
    """The interface of augmentations, made for tokens of some shape that lie on some device."""

    @abstractmethod
    def __init__(self, shape: Shape, device: torch.device | str = "cpu") -> None:
        """Looks up in the shape what it needs; knobs are keyword-only arguments."""

    @abstractmethod
    def __call__(self, pairs: Pairs, generator: torch.Generator) -> Pairs:
        """The windows, changed at random; the generator is one of the CPU."""


class Transpose(Augmentation):
    """Moves every window, as it is read and written, by -5 to +6 semitones; one that would leave the range stays."""

    def __init__(self, shape: Shape, device: torch.device | str = "cpu") -> None:
        self.move = Transposition(shape, device)

    def __call__(self, pairs: Pairs, generator: torch.Generator) -> Pairs:
        shifts = self.move.draw(len(pairs), generator)
        read, inside = self.move(pairs.encoder_columns, shifts)
        if pairs.target is pairs.encoder_columns:
            moved = choose(inside, read, pairs.encoder_columns)
            return replace(pairs, encoder_columns=moved, target=moved)
        target, also = self.move(pairs.target, shifts)
        inside &= also
        read, written = choose(inside, read, pairs.encoder_columns), choose(inside, target, pairs.target)
        return replace(pairs, encoder_columns=read, target=written)


class TransposeTarget(Augmentation):
    """Moves the target by -5 to +6 semitones, and not what the encoder reads.

    Codes hold what is played on a chord then, and not the chord. Only windows are moved whose condition differs at
    every step from what it was, so that the decoder can read from it by how much; without conditions, none.
    """

    def __init__(self, shape: Shape, device: torch.device | str = "cpu") -> None:
        self.move, self.fields = Transposition(shape, device), len(shape.fields)

    def __call__(self, pairs: Pairs, generator: torch.Generator) -> Pairs:
        moved, inside = self.move(pairs.target, self.move.draw(len(pairs), generator))
        conditions = slice(self.fields, None)  # [window segment step condition]
        differs = (moved[..., conditions] != pairs.target[..., conditions]).any(-1).flatten(1).all(1)
        return replace(pairs, target=choose(inside & differs, moved, pairs.target))


class Reharmonize(Augmentation):
    """Puts some targets under a random triad on the root of their chord; thirds and fifths move along.

    Decoders follow chords then that are rare in the data as well. Windows of no chord stay, and so do all where
    nothing is conditioned on chords. Where a window has both thirds, or both fifths, of a pitch, two notes meet on it,
    and the later one ends the other.

    Args:
        share: of the windows, from 0 to 1.
    """

    def __init__(self, shape: Shape, device: torch.device | str = "cpu", *, share: float = 0.3) -> None:
        if not 0 <= share <= 1:
            raise MusicaeError(f"reharmonize.share is {share}", "give a share from 0 to 1")
        self.share = share
        tables = [field.reharmonization for field in shape.columns if field.reharmonization is not None]
        self.tables = Tables(tables, shape, device) if len(tables) == len(shape.columns) else None
        self.triads = tables[0].shape[1] if tables else 1
        self.chord = shape.column(CHORD) if tables else -1

    def __call__(self, pairs: Pairs, generator: torch.Generator) -> Pairs:
        if self.tables is None:
            return pairs
        triads = torch.randint(self.triads, (len(pairs),), generator=generator).to(pairs.target.device)
        some = (torch.rand(len(pairs), generator=generator) < self.share).to(pairs.target.device)
        return replace(pairs, target=choose(some, self.turn(pairs.target, triads), pairs.target))

    def turn(self, windows: Columns, triads: Int64[Tensor, " batch"]) -> Columns:
        """Every window under the chord on the same root that has the triad of this number."""
        assert self.tables is not None
        return self.tables.look_up(windows, windows[..., self.chord], triads[:, None, None])


class Tables:
    """What stands for every token, per column, in some rows; segments that open with their marker stay as they are.

    Args:
        tables: per column of the tokens; the last axis is the token.
    """

    def __init__(
        self, tables: Sequence[Integer[np.ndarray, ...]], shape: Shape, device: torch.device | str = "cpu"
    ) -> None:
        self.tables = [torch.as_tensor(table.astype(np.int64)).to(device) for table in tables]
        self.markers = [field.untransposed_marker for field in shape.columns]

    def look_up(self, windows: Columns, *rows: Int64[Tensor, ...]) -> Columns:
        """`table[*rows, token]` for every token; rows broadcast to the shape [window segment step]."""
        columns = []
        for i, (table, marker) in enumerate(zip(self.tables, self.markers, strict=True)):
            tokens = windows[..., i]
            found = table[(*rows, tokens)]
            columns.append(found if marker < 0 else torch.where(tokens[:, :, :1] == marker, tokens, found))
        return torch.stack(columns, -1)


class Transposition:
    """Moves windows by rows of the transposition tables of a shape."""

    def __init__(self, shape: Shape, device: torch.device | str = "cpu") -> None:
        self.tables = Tables([field.transposition for field in shape.columns], shape, device)
        self.rows = len(shape.columns[0].transposition)

    def draw(self, n: int, generator: torch.Generator) -> Int64[Tensor, " n"]:
        """Random rows, on the CPU."""
        return torch.randint(self.rows, (n,), generator=generator)

    def __call__(self, windows: Columns, shifts: Int64[Tensor, " window"]) -> tuple[Columns, Bool[Tensor, " window"]]:
        """The windows moved, and which of them stay in range; of the others, what leaves it is -1."""
        moved = self.tables.look_up(windows, shifts.to(windows.device)[:, None, None])
        return moved, (moved >= 0).flatten(1).all(1)


def choose(which: Bool[Tensor, " window"], some: Columns, others: Columns) -> Columns:
    """The windows of `some` where `which` says so, those of `others` elsewhere."""
    return torch.where(which[:, None, None, None], some, others)
