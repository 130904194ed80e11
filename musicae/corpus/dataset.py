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
from musicae.corpus.augment import Pairs
from musicae.errors import MusicaeError
from musicae.music.representations import REPRESENTATIONS
from musicae.music.representations.base import Representation, Shape
from musicae.networks.token_spec import leading


class Windows:
    """One split: the token streams in device memory, and the first row of every window.

    Batches are gathered from the streams where they are, so a window costs memory only while it is in a batch.

    Args:
        labels: the class of every window, -1 where it is unknown.
    """

    def __init__(
        self, tokens: Tensor, offsets: Tensor, shape: Shape, labels: Int64[Tensor, " window"] | None = None
    ) -> None:
        self.tokens, self.offsets, self.shape, self.labels = tokens, offsets, shape, labels
        self.rows = torch.arange(shape.segments * shape.steps, device=tokens.device)

    def __len__(self) -> int:
        return len(self.offsets)

    def take(self, indices: Int64[Tensor, " window"]) -> Int64[Tensor, "window segment step field"]:
        """The windows of these numbers, with note-offs of notes that began before the window read as rests."""
        offsets = self.offsets[indices.to(self.offsets.device)].long()
        windows = self.tokens[offsets[:, None] + self.rows].long()
        for line in self.shape.no_leading:
            part = windows[..., line.field]
            windows[..., line.field] = part.masked_fill(leading(part, line.token, line.onsets), 0)
        return windows.unflatten(1, (self.shape.segments, self.shape.steps))

    def sample(self, n: int, seed: int = 0) -> Int64[Tensor, "window segment step field"]:
        """n random windows, none twice; all of them, in random order, if there are fewer."""
        return self.take(torch.randperm(len(self), generator=torch.Generator().manual_seed(seed))[:n])

    def labels_of(self, indices: Int64[Tensor, " window"]) -> Int64[Tensor, " window"] | None:
        """The classes of the windows of these numbers; None where the data have no labels."""
        return None if self.labels is None else self.labels[indices.to(self.labels.device)]

    def draw(self, n: int, generator: torch.Generator) -> Pairs:
        """n random windows, each its own target."""
        indices = torch.randint(len(self), (n,), generator=generator)
        windows = self.take(indices)
        return Pairs(windows, windows, self.labels_of(indices))


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

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes that label windows; none where the data have no labels."""
        return tuple(self.manifest.get("labels", {}).get("classes", ()))

    def split(self, name: str, device: torch.device | str = "cpu") -> Windows:
        """The windows of "train", "validation" or "test" on a device; on the CPU tokens stay in their file, mapped."""
        try:
            tokens = np.load(self.folder / name / "tokens.npy", mmap_mode="c")
            offsets = np.load(self.folder / name / "offsets.npy")
            labels = np.load(self.folder / name / "labels.npy") if self.classes else None
        except (OSError, ValueError, EOFError) as error:
            message, path = f"{self.folder / name} cannot be read: {error}", self.folder / name
            raise MusicaeError(message, "make the data set again", kind="damaged-dataset", path=path) from None
        # All vocabularies are below 2^15, and torch gathers from int16, not from uint16.
        narrow = torch.as_tensor(tokens if tokens.dtype == np.uint8 else tokens.view(np.int16))
        first = torch.as_tensor(offsets.astype(np.int64)).to(device)
        classes = None if labels is None else torch.as_tensor(labels.astype(np.int64)).to(device)
        return Windows(narrow.to(device), first, self.representation.shape, classes)
