"""A preprocessed corpus on the device: streams of tokens and the offsets of windows in them."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Int64, Integer, Shaped
from torch import Tensor

from musicae.checked_json import read_json, typed
from musicae.config import Spec, build
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
        """The windows of these numbers, with note-offs of notes that began before the window read as rests.

        Raises:
            MusicaeError: on a CPU, where tokens are not read before they are needed: one is none.
        """
        offsets = self.offsets[indices.to(self.offsets.device)].long()
        windows = self.tokens[offsets[:, None] + self.rows].long()
        if self.tokens.device.type == "cpu":
            self.check(windows)
        for line in self.shape.no_leading:
            part = windows[..., line.field]
            windows[..., line.field] = part.masked_fill(leading(part, line.token, line.onsets), 0)
        return windows.unflatten(1, (self.shape.segments, self.shape.steps))

    def check(self, tokens: Integer[Tensor, "*grid column"]) -> None:
        """Make sure that tokens are in their vocabularies.

        Raises:
            MusicaeError: one is not.
        """
        if not tokens.numel():
            return
        columns = tokens.flatten(0, -2)
        lowest, highest = columns.amin(0).tolist(), columns.amax(0).tolist()
        for column, low, high in zip(self.shape.columns, lowest, highest, strict=True):
            if not 0 <= low <= high < column.vocabulary:
                message = f"there is a token {high if low >= 0 else low} of {column.name} in the data set"
                hint = f"make the data set again: tokens are below {column.vocabulary}"
                raise MusicaeError(message, hint)

    def sample(self, n: int, seed: int = 0) -> Int64[Tensor, "window segment step field"]:
        """n random windows, none twice; all of them, in random order, if there are fewer."""
        return self.take(self.choose(n, seed))

    def choose(self, n: int, seed: int = 0) -> Int64[Tensor, " window"]:
        """The numbers of n random windows, none twice; of all, in random order, if there are fewer."""
        return torch.randperm(len(self), generator=torch.Generator().manual_seed(seed))[:n]

    def labels_of(self, indices: Int64[Tensor, " window"]) -> Int64[Tensor, " window"] | None:
        """The classes of the windows of these numbers; None where the data have no labels."""
        return None if self.labels is None else self.labels[indices.to(self.labels.device)]

    def with_labels_of(self, share: float) -> Windows:
        """The same windows, of which the labels of all but a share are hidden.

        A smaller share is part of a larger one, and everybody who asks for a share gets the same one.
        """
        if self.labels is None:
            return self
        hidden = self.choose(len(self))[round(share * len(self)) :].to(self.labels.device)
        return Windows(self.tokens, self.offsets, self.shape, self.labels.index_fill(0, hidden, -1))

    def draw(self, n: int, generator: torch.Generator) -> Pairs:
        """n random windows, each its own target."""
        indices = torch.randint(len(self), (n,), generator=generator)
        windows = self.take(indices)
        return Pairs(windows, windows, self.labels_of(indices))


class Dataset:
    """A folder that `corpus.preprocess` wrote.

    Attributes:
        classes: the names of the classes that label windows; none where the data have no labels.
        counts: how many windows were found, kept, and left out for what reason, as far as that was written down.

    Raises:
        MusicaeError: the folder is not such a data set.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self.manifest: dict[str, Any] = typed(read_json(folder / "manifest.json"), dict[str, Any], "the manifest")
            if self.manifest["format"] != FORMAT:
                raise ValueError(f"its format is {self.manifest['format']!r:.60}, not {FORMAT}")
            for name, kind in _TYPES.items():
                typed(self.manifest.get(name, kind()), dict[str, Any] if kind is dict else kind, name)
            self.representation: Representation = build(
                REPRESENTATIONS, Spec.from_json(self.manifest["representation"])
            )
            self.classes = typed(self.manifest.get("labels", {}).get("classes", ()), tuple[str, ...], "classes")
            self.counts = typed(self.manifest.get("windows", {}), dict[str, int], "windows")
            typed(self.manifest.get("splits", {}), dict[str, dict[str, int]], "splits")
        except (OSError, ValueError, KeyError, MusicaeError) as error:
            raise MusicaeError(
                f"{folder} is not a data set ({type(error).__name__}: {error})",
                "make one with corpus.preprocess",
                kind="not-a-dataset",
                path=folder,
            ) from None

    def check_holds(self, wanted: Representation) -> None:
        """Make sure that it holds what a model reads.

        Raises:
            MusicaeError: it is of another kind, or its windows are of another length.
        """
        if self.representation != wanted:
            hint = "choose a data set that the model reads"
            facts = {"representation": wanted.name, "arguments": wanted.arguments}
            message = f"{self.folder} holds {self.representation}, not {wanted}"
            raise MusicaeError(message, hint, kind="other-representation", **facts)

    def split(self, name: str, device: torch.device | str = "cpu") -> Windows:
        """The windows of "train", "validation" or "test" on a device; on the CPU tokens stay in their file, mapped."""
        try:
            tokens = _array(self.folder / name / "tokens.npy", (np.uint8, np.uint16))
            offsets = _array(self.folder / name / "offsets.npy", (np.uint32, np.int64))
            labels = _array(self.folder / name / "labels.npy", (np.int16,)) if self.classes else None
            self._check(tokens, offsets, labels)
        except (OSError, ValueError, EOFError) as error:
            message, path = f"{self.folder / name} cannot be read: {error}", self.folder / name
            raise MusicaeError(message, "make the data set again", kind="damaged-dataset", path=path) from None
        # All vocabularies are below 2^15, and torch gathers from int16, not from uint16.
        narrow = torch.as_tensor(tokens if tokens.dtype == np.uint8 else tokens.view(np.int16))
        first = torch.as_tensor(offsets.astype(np.int64)).to(device)
        classes = None if labels is None else torch.as_tensor(labels.astype(np.int64)).to(device)
        windows = Windows(narrow.to(device), first, self.representation.shape, classes)
        if windows.tokens.device.type != "cpu":
            windows.check(windows.tokens)
        return windows

    def _check(self, tokens: AnyArray, offsets: AnyArray, labels: AnyArray | None) -> None:
        """Raises ValueError where the arrays of a split do not fit each other."""
        columns, window = len(self.representation.shape.columns), self.representation.window
        if tokens.shape[1:] != (columns,):
            raise ValueError(f"tokens have shape {tokens.shape}, not {columns} columns")
        if offsets.ndim != 1:
            raise ValueError(f"offsets have shape {offsets.shape}")
        if len(offsets) and not 0 <= int(offsets.min()) <= int(offsets.max()) <= len(tokens) - window:
            raise ValueError("a window lies outside the tokens")
        if labels is None:
            return
        if labels.shape != offsets.shape:
            raise ValueError(f"labels have shape {labels.shape}, offsets {offsets.shape}")
        if len(labels) and not -1 <= int(labels.min()) <= int(labels.max()) < len(self.classes):
            raise ValueError(f"a label is not one of {len(self.classes)} classes")


def _array(path: Path, kinds: tuple[type[np.generic], ...]) -> AnyArray:
    """An array of one of some types, mapped: what its head promises is there.

    Raises:
        OSError, EOFError, ValueError: it is not.
    """
    path.stat()
    if not path.is_file():
        raise ValueError(f"{path.name} is not a file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # numpy warns of a size that overflows, and goes on
            found = np.lib.format.open_memmap(path, mode="c")
    except (SyntaxError, TypeError, KeyError, OverflowError, MemoryError, RecursionError, Warning) as error:
        raise ValueError(f"{path.name} has a damaged head ({error})") from None
    if found.dtype not in [np.dtype(kind) for kind in kinds]:
        raise ValueError(f"{path.name} holds no {' or '.join(kind.__name__ for kind in kinds)}")
    return np.ascontiguousarray(found) if found.ndim and not found.flags.c_contiguous else found


AnyArray = Shaped[np.ndarray, "..."]

_TYPES: dict[str, type] = {"representation": dict, "labels": dict, "splits": dict, "source": str}
"""Entries of a manifest that are read."""
