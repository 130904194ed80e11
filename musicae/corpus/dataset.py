"""A preprocessed corpus on the device: streams of tokens and the offsets of windows in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor

from musicae.corpus import FORMAT
from musicae.errors import MusicaeError
from musicae.music.chords import TRIADS
from musicae.music.representations import REPRESENTATIONS
from musicae.music.representations.base import CHORD, SHIFTS, Representation, Shape


class Windows:
    """One split: the token streams in device memory, and the first row of every window.

    Batches are gathered from the streams where they are, so a window costs memory only while it is in a batch.
    """

    def __init__(self, tokens: Tensor, offsets: Tensor, shape: Shape) -> None:
        self.tokens, self.offsets, self.shape = tokens, offsets, shape
        self.rows = torch.arange(shape.segments * shape.steps, device=tokens.device)
        tables = [torch.as_tensor(field.transposition.astype(np.int64)) for field in shape.columns]
        self.transpositions = [table.to(tokens.device) for table in tables]
        turned = [field.reharmonization for field in shape.columns if field.reharmonization is not None]
        self.reharmonizations = [torch.as_tensor(table.astype(np.int64)).to(tokens.device) for table in turned]

    def __len__(self) -> int:
        return len(self.offsets)

    def take(self, indices: Int64[Tensor, " window"]) -> Int64[Tensor, "window segment step field"]:
        """The windows of these numbers, with note-offs of notes that began before the window read as rests."""
        offsets = self.offsets[indices.to(self.offsets.device)].long()
        windows = self.tokens[offsets[:, None] + self.rows].long()
        for line in self.shape.no_leading:
            part = windows[..., line.field]
            onset = (part >= line.onsets.start) & (part < line.onsets.stop)
            leading = (part == line.token) & (onset.cumsum(1) == 0)
            windows[..., line.field] = part.masked_fill(leading, 0)
        return windows.unflatten(1, (self.shape.segments, self.shape.steps))

    def sample(self, n: int, seed: int = 0) -> Int64[Tensor, "window segment step field"]:
        """n random windows, none twice; all of them, in random order, if there are fewer."""
        return self.take(torch.randperm(len(self), generator=torch.Generator().manual_seed(seed))[:n])

    def transpose(
        self, windows: Int64[Tensor, "window segment step field"], shifts: Int64[Tensor, " window"]
    ) -> Int64[Tensor, "window segment step field"]:
        """Every window moved by a row of the transposition tables; a window that would leave the range stays."""
        moved = self._looked_up(windows, self.transpositions, shifts[:, None, None])
        inside = (moved >= 0).flatten(1).all(1)
        return torch.where(inside[:, None, None, None], moved, windows)

    def transpose_target(
        self, windows: Int64[Tensor, "window segment step field"], shifts: Int64[Tensor, " window"]
    ) -> Int64[Tensor, "window segment step field"]:
        """`transpose`, for the windows at whose every step what is given tells of it; the others stay."""
        moved, fields = self.transpose(windows, shifts), len(self.shape.fields)
        told = (moved[..., fields:] != windows[..., fields:]).flatten(1)
        tells = told.all(1) if told.shape[1] else told.any(1)
        return torch.where(tells[:, None, None, None], moved, windows)

    def reharmonize(
        self, windows: Int64[Tensor, "window segment step field"], triads: Int64[Tensor, " window"]
    ) -> Int64[Tensor, "window segment step field"]:
        """Every window under the chord on the same root that has another triad: its thirds and fifths move along.

        Windows of no chord stay as they are, and where none is told they are returned themselves. Where one has both
        thirds, or both fifths, of a pitch, two notes meet on it, and the later one ends the other.
        """
        if not self.reharmonizations:
            return windows
        return self._looked_up(
            windows, self.reharmonizations, windows[..., self.shape.column(CHORD)], triads[:, None, None]
        )

    def _looked_up(
        self, windows: Int64[Tensor, "window segment step field"], tables: list[Tensor], *row: Tensor
    ) -> Int64[Tensor, "window segment step field"]:
        """What stands for every token in a row of its field's table; segments that keep still stay as they are."""
        parts = []
        for i, (field, table) in enumerate(zip(self.shape.columns, tables, strict=True)):
            part = table[(*row, windows[..., i])]
            if field.untransposed_marker >= 0:
                part = torch.where(windows[:, :, :1, i] == field.untransposed_marker, windows[..., i], part)
            parts.append(part)
        return torch.stack(parts, -1)

    def draw_shifts(self, batch: int, generator: torch.Generator) -> Int64[Tensor, " batch"]:
        """Random transpositions (rows of the tables)."""
        return torch.randint(len(SHIFTS), (batch,), generator=generator).to(self.tokens.device)

    def draw_triads(self, batch: int, generator: torch.Generator) -> Int64[Tensor, " batch"]:
        """Random triads (rows of the tables of reharmonization)."""
        return torch.randint(len(TRIADS), (batch,), generator=generator).to(self.tokens.device)

    def draw(self, batch: int, generator: torch.Generator) -> tuple[Int64[Tensor, " batch"], Int64[Tensor, " batch"]]:
        """The numbers of random windows, and a random transposition (a row of the tables) for each."""
        indices = torch.randint(len(self), (batch,), generator=generator)
        return indices, self.draw_shifts(batch, generator)


class Dataset:
    """A folder that `corpus.preprocess` wrote.

    Raises:
        MusicaeError: the folder is not such a data set.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self.manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
            if self.manifest["format"] != FORMAT:
                raise ValueError(f"its format is {self.manifest['format']}, not {FORMAT}")
            arguments = dict(self.manifest["representation"])
            self.representation: Representation = REPRESENTATIONS[arguments.pop("name")](**arguments)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise MusicaeError(
                f"{folder} is not a data set ({type(error).__name__}: {error})",
                "make one with corpus.preprocess",
                kind="not-a-dataset",
                path=folder,
            ) from None

    def split(self, name: str, device: torch.device | str = "cpu") -> Windows:
        """The windows of "train", "validation" or "test" on a device; on the CPU tokens stay in their file, mapped."""
        try:
            tokens = np.load(self.folder / name / "tokens.npy", mmap_mode="c")
            offsets = np.load(self.folder / name / "offsets.npy")
        except (OSError, ValueError, EOFError) as error:
            message, path = f"{self.folder / name} cannot be read: {error}", self.folder / name
            raise MusicaeError(message, "make the data set again", kind="damaged-dataset", path=path) from None
        # All vocabularies are below 2^15, and torch gathers from int16, not from uint16.
        narrow = torch.as_tensor(tokens if tokens.dtype == np.uint8 else tokens.view(np.int16))
        return Windows(
            narrow.to(device), torch.as_tensor(offsets.astype(np.int64)).to(device), self.representation.shape
        )
