"""What becomes of a chunk of files: its usable windows, and how they are kept in the work folder."""

from __future__ import annotations

import contextlib
import hashlib
import io
import itertools
import json
import math
import os
import secrets
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Integer, UInt64

from musicae.corpus.windows import rows_per_bar
from musicae.errors import MusicaeError
from musicae.music.representations.base import Representation
from musicae.storage.atomic import write_atomically

CHANGED = "changed"
"""The reason why a file is dropped that has other content than when it was found, or none."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file.

    Attributes:
        reason: why nothing of it can be used, in a few fixed words; empty when something can.
        detail: the reason at length.
        fault: what of it is damaged, although what is whole is used.
        other_meters: how many passages were left out because of their meter.
        trimmed_bars: how many bars lost something, by what there was too much of.
        windows: windows in its streams; the next three say how many of them are silent, plain and usable.
    """

    reason: str = ""
    detail: str = ""
    fault: str = ""
    other_meters: int = 0
    trimmed_bars: dict[str, int] = field(default_factory=dict)
    windows: int = 0
    silent: int = 0
    few_pitches: int = 0
    usable: int = 0


@dataclass(frozen=True, slots=True)
class TokenFile:
    """Tokens of bars in a file, of which slices are read when they are asked for."""

    path: Path
    kind: np.dtype[Any]
    shape: tuple[int, ...]

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, bars: slice) -> Integer[np.ndarray, "bar step field"]:
        first, last, _ = bars.indices(len(self))
        cells = math.prod(self.shape[1:])
        found = np.fromfile(self.path, self.kind, (last - first) * cells, offset=first * cells * self.kind.itemsize)
        return found.reshape(-1, *self.shape[1:])


COUNTS = ("windows", "silent", "few_pitches", "usable")
"""What `Outcome` counts."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Chunk:
    """The usable windows of some files.

    Arrays that count something (bars, files or streams of the chunk) say so in their metadata, and are counted through
    when chunks are joined.

    Attributes:
        tokens: the bars that usable windows cover, all streams in a row; in blocks, whose bars are counted through. No
            window lies in two blocks. Those of a chunk that was loaded stay in their file.
        starts: the bar that each window starts at.
        window_file, window_stream: of each window, counted within the chunk.
        exact, relative: hashes of each window; the second is blind to transposition.
        value: the attribute of each window that is measured; NaN where none is.
        passage_file, passage_hash: hashes of usable passages of `SONG_BARS` bars, blind to transposition.
        outcomes: one per file.
    """

    tokens: tuple[Integer[np.ndarray, "_ step field"] | TokenFile, ...]
    starts: Integer[np.ndarray, " window"] = field(metadata={"counts": "bar"})
    window_file: Integer[np.ndarray, " window"] = field(metadata={"counts": "file"})
    window_stream: Integer[np.ndarray, " window"] = field(metadata={"counts": "stream"})
    exact: UInt64[np.ndarray, " window"]
    relative: UInt64[np.ndarray, " window"]
    value: Float[np.ndarray, " window"]
    passage_file: Integer[np.ndarray, " passage"] = field(metadata={"counts": "file"})
    passage_hash: UInt64[np.ndarray, " passage"]
    outcomes: tuple[Outcome, ...] = ()

    @property
    def bars(self) -> int:
        """How many bars there are in all blocks."""
        return sum(len(block) for block in self.tokens)

    @classmethod
    def load(cls, path: Path) -> Chunk:
        """Read what `ChunkFile` wrote.

        Raises:
            MusicaeError: it is damaged.
        """
        try:
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as stored:
                arrays = dict(stored)
            shape, kind = tuple(arrays.pop("shape").tolist()), str(arrays.pop("type"))
            if _tokens_path(path).stat().st_size != math.prod(shape) * np.dtype(kind).itemsize:
                raise ValueError("its tokens are cut off")
            tokens = (TokenFile(_tokens_path(path), np.dtype(kind), shape),)
            outcomes = tuple(Outcome(**one) for one in json.loads(arrays.pop("outcomes").tobytes()))
            return cls(**arrays, tokens=tokens, outcomes=outcomes)
        except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            raise MusicaeError(f"{path} is damaged: {error}", "remove it, and begin again") from None

    @classmethod
    def join(cls, chunks: Sequence[Chunk]) -> Chunk:
        """Several chunks as one, with files, streams and bars counted through; files are those with an outcome."""
        first = {
            "bar": _starts([chunk.bars for chunk in chunks]),
            "file": _starts([len(chunk.outcomes) for chunk in chunks]),
            "stream": _starts([int(chunk.window_stream.max(initial=-1)) + 1 for chunk in chunks]),
        }
        joined: dict[str, Any] = {
            name: tuple(item for chunk in chunks for item in getattr(chunk, name)) for name in ("tokens", "outcomes")
        }
        for array in fields(cls):
            if array.name in joined:
                continue
            parts = [getattr(chunk, array.name) for chunk in chunks]
            if counted := array.metadata.get("counts"):
                parts = [part + start for part, start in zip(parts, first[counted], strict=True)]
            joined[array.name] = np.concatenate(parts)
        return cls(**joined)


class ChunkFile:
    """Where the windows of a chunk go as they are read, so that they need not be held.

    Tokens go to a file of their own, which gets its name when it is whole: who reads the same chunk at the same time
    writes the same. The other file, which is written last, makes the chunk complete.

    Raises:
        MusicaeError: it cannot be written.
    """

    def __init__(self, path: Path, representation: Representation) -> None:
        self.path, self.kind = path, np.dtype(token_type(representation))
        self.row = (rows_per_bar(representation), len(representation.shape.columns))
        self.parts: list[Chunk] = []
        self.bars = 0
        with self._writing():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._unfinished = path.with_suffix(f".{os.getpid()}-{secrets.token_hex(8)}.tokens")
            self._tokens = self._unfinished.open("wb")

    def add(self, part: Chunk) -> None:
        """Write the tokens of a part, and keep the rest."""
        with self._writing():
            for block in part.tokens:
                self._tokens.write(np.ascontiguousarray(block[:], self.kind).data)
        starts = part.starts + self.bars
        self.bars += part.bars
        self.parts.append(replace(part, tokens=(), starts=starts))

    def close(self, outcomes: Sequence[Outcome]) -> None:
        """Write what was kept, and what became of every file.

        Where one has changed, what was read is not what the chunk is named after: the file has a provisional name.
        """
        with self._writing(), self._tokens:
            self._tokens.flush()
            os.fsync(self._tokens.fileno())
        with self._writing():
            os.replace(self._unfinished, _tokens_path(self.path))
        joined = vars(Chunk.join(self.parts))
        arrays = {name: value for name, value in joined.items() if name not in ("tokens", "outcomes")}
        names = [one.name for one in fields(Outcome)]
        text = json.dumps([{name: getattr(outcome, name) for name in names} for outcome in outcomes]).encode()
        shape = np.array((self.bars, *self.row))
        buffer = io.BytesIO()
        np.savez(
            buffer, outcomes=np.frombuffer(text, dtype=np.uint8), shape=shape, type=np.array(self.kind.str), **arrays
        )
        changed = any(outcome.reason == CHANGED for outcome in outcomes)
        write_atomically(provisional(self.path) if changed else self.path, buffer.getvalue())

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            message = f"cannot write {_tokens_path(self.path)}: {error.strerror}"
            raise MusicaeError(message, "choose another place", kind="cannot-write", path=self.path) from error


def provisional(path: Path) -> Path:
    """Where a chunk is kept, for one run, of which a file has changed since it was found."""
    return path.with_suffix(".changed")


def digest_of(content: bytes) -> str:
    """A hash that names content: 32 hexadecimal digits."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def _tokens_path(path: Path) -> Path:
    return path.with_suffix(".tokens")


def _starts(lengths: Sequence[int]) -> list[int]:
    """Where each of several runs starts when they are laid end to end."""
    return list(itertools.accumulate(lengths, initial=0))[:-1]


def token_type(representation: Representation) -> type[np.uint8] | type[np.uint16]:
    """The smallest type that holds every token."""
    return np.uint8 if max(field.vocabulary for field in representation.shape.columns) <= 256 else np.uint16
