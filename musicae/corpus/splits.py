"""Which files are the same song, and which split each song goes to."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePath

import numpy as np
from jaxtyping import Integer, UInt64

from musicae.corpus import SPLITS
from musicae.errors import MusicaeError
from musicae.inputs import read_input

HELD_OUT_SHARE = 0.05
"""Of the songs, for validation and for test each."""

UNLISTED = -1
"""The split of a file that a splits file does not name."""

SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "valid": "validation",
    "val": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}

OfFile = Integer[np.ndarray, " file"]
FilePairs = tuple[Integer[np.ndarray, " pair"], Integer[np.ndarray, " pair"]]
"""Files on the left with files on the right."""


def join_songs(
    files: int,
    passage_file: Integer[np.ndarray, " passage"],
    passage_hash: UInt64[np.ndarray, " passage"],
    window_file: Integer[np.ndarray, " window"],
    window_hash: UInt64[np.ndarray, " window"],
) -> OfFile:
    """The song that every file belongs to, named by the song's first file.

    Two files are one song when they share a passage of 16 bars, or half of the distinct windows of the one that has
    fewer; and so is what hangs together by such pairs. Hashes should be blind to transposition.
    """
    shared, halves = _chained(passage_file, passage_hash), _halves(files, window_file, window_hash)
    return _components(files, np.concatenate([shared[0], halves[0]]), np.concatenate([shared[1], halves[1]]))


def split_songs(song: OfFile, digests: Sequence[str]) -> OfFile:
    """The split of every file, as an index into `SPLITS`: 90/5/5 of the songs, in the order of their digests.

    A song's digest is the lowest of its files', so that nothing depends on names and places. Three songs or more leave
    no split empty. Songs of many files (more than a tenth of a held-out split's share) are for training, as long as
    there are others: loops that many files hold make them one song, which would be most of a held-out split.
    """
    members: dict[int, list[str]] = {}
    for name, digest in zip(song.tolist(), digests, strict=True):
        members.setdefault(name, []).append(digest)
    large = max(HELD_OUT_SHARE / 10 * len(digests), 1)
    ordered = sorted(members, key=lambda name: (len(members[name]) > large, min(members[name])))
    held_out = max(round(HELD_OUT_SHARE * len(ordered)), 1) if len(ordered) >= len(SPLITS) else 0
    split_of_song = dict.fromkeys(ordered, 0)
    split_of_song |= dict.fromkeys(ordered[:held_out], 1) | dict.fromkeys(ordered[held_out : 2 * held_out], 2)
    return np.array([split_of_song[name] for name in song.tolist()], dtype=np.int64)


def split_faults(windows: Mapping[str, int]) -> Iterator[str]:
    """In words, what is wrong with splits of so many windows: one is empty, or more is held out than trained on."""
    train, held_out = windows[SPLITS[0]], {name: windows[name] for name in SPLITS[1:]}
    for name, count in windows.items():
        if not count:
            yield f"the {name} split is empty"
    for name, count in held_out.items():
        if 0 < train < count:
            yield f"the splits are upside down: {train:,} windows to train on, and {count:,} for {name}"


class SplitsFile:
    """Splits that are named: a CSV file with columns `path` and `split`.

    A row means a file when either path ends with the other, folder by folder: `pop/a.mid` means `/music/pop/a.mid`,
    and `/music/pop/a.mid` means `pop/a.mid` below the folder that is read. Letters with accents are the same, composed
    or not (Unicode NFC): Macs write names in the other form.

    Raises:
        MusicaeError: the file cannot be read, has no such columns, names an unknown split, or two of one path.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._rows: dict[tuple[str, ...], int] = {}
        self._tails: dict[tuple[str, ...], int] = {}
        for parts, split in self._read():
            if self._rows.setdefault(parts, split) != split:
                message = f"{path} gives {PurePath(*parts)} two splits: {SPLITS[self._rows[parts]]} and {SPLITS[split]}"
                raise MusicaeError(message, "leave one of the rows away")
            for tail in _tails(parts):
                self._tails[tail] = split if self._tails.get(tail, split) == split else UNLISTED

    def __call__(self, folder: Path, path: Path) -> int:
        """The split of a file found under a folder: an index into `SPLITS`, or `UNLISTED`."""
        full = _parts(path.absolute())
        for tail in _tails(full):
            if tail in self._rows:
                return self._rows[tail]
        return self._tails.get(_parts(path.relative_to(folder)), UNLISTED)

    def _read(self) -> Iterator[tuple[tuple[str, ...], int]]:
        hint = "give a CSV file with columns path,split; splits are train, validation and test"
        try:
            text = read_input(self.path).decode("utf-8-sig")
            with io.StringIO(text, newline="") as file:
                for row in csv.DictReader(file):
                    if row.get("path") is None or row.get("split") is None:
                        raise MusicaeError(f"{self.path} has a row without path or split", hint)
                    name = row["split"].strip().lower()
                    if name not in SPLIT_NAMES:
                        raise MusicaeError(f"{self.path} names an unknown split: {name!r}", hint)
                    yield _parts(PurePath(row["path"])), SPLITS.index(SPLIT_NAMES[name])
        except FileNotFoundError:
            raise MusicaeError(f"there is no file {self.path}", "choose a CSV file with columns path,split") from None
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise MusicaeError(f"cannot read {self.path}: {error}", hint) from error


def _parts(path: PurePath) -> tuple[str, ...]:
    return PurePath(unicodedata.normalize("NFC", str(path))).parts


def _tails(parts: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The path itself, then without its first folder, and so on down to the file name."""
    return (parts[start:] for start in range(len(parts)))


def _chained(file: Integer[np.ndarray, " item"], key: UInt64[np.ndarray, " item"]) -> FilePairs:
    """FilePairs of files that share a key: each with the next one that has it, which is enough to hang together."""
    file, key = _distinct(file, key)
    same = key[1:] == key[:-1]
    return file[:-1][same], file[1:][same]


def _halves(files: int, file: Integer[np.ndarray, " window"], key: UInt64[np.ndarray, " window"]) -> FilePairs:
    """FilePairs of files, the first with no more distinct windows than the second, that share half of the first's.

    Such a partner holds one of the first's rarest windows, half of them and one more, which keeps the search short.
    """
    holders, key = _distinct(file, key)
    window = np.cumsum(np.diff(key, prepend=key[:1]) != 0)  # keys numbered from 0, in order
    spread = np.bincount(window)
    first_holder = np.cumsum(spread) - spread
    rarest_first = np.lexsort((spread[window], holders))
    window = window[rarest_first]
    sizes = np.bincount(holders, minlength=files)
    ends = np.cumsum(sizes)
    left, right = [], []
    for this in np.flatnonzero(sizes):
        mine = window[ends[this] - sizes[this] : ends[this]]
        few = mine[: len(mine) // 2 + 1]
        few = few[spread[few] > 1]
        candidates = _gather(holders, first_holder[few], spread[few])
        candidates = candidates[(sizes[candidates] >= sizes[this]) & (candidates != this)]
        if len(candidates):
            shared = np.bincount(_gather(holders, first_holder[mine], spread[mine]), minlength=files)
            partners = np.unique(candidates[2 * shared[candidates] >= sizes[this]])
            left.append(np.full(len(partners), this))
            right.append(partners)
    empty = np.zeros(0, dtype=np.int64)
    return np.concatenate([empty, *left]), np.concatenate([empty, *right])


def _distinct(
    file: Integer[np.ndarray, " item"], key: UInt64[np.ndarray, " item"]
) -> tuple[Integer[np.ndarray, " pair"], UInt64[np.ndarray, " pair"]]:
    """Every pair of a file and its key once, sorted by key, then by file."""
    order = np.lexsort((file, key))
    file, key = file[order].astype(np.int64), key[order]
    new = np.ones(len(key), dtype=bool)
    new[1:] = (key[1:] != key[:-1]) | (file[1:] != file[:-1])
    return file[new], key[new]


def _gather(
    values: Integer[np.ndarray, " value"], first: Integer[np.ndarray, " list"], length: Integer[np.ndarray, " list"]
) -> Integer[np.ndarray, " gathered"]:
    """The concatenation of `values[first : first + length]` over all lists."""
    ends = np.cumsum(length)
    total = int(ends[-1]) if len(ends) else 0
    return np.take(values, np.arange(total) + np.repeat(first - (ends - length), length))


def _components(
    count: int, left: Integer[np.ndarray, " pair"], right: Integer[np.ndarray, " pair"]
) -> Integer[np.ndarray, " {count}"]:
    """The lowest member of the connected component of every node, from the pairs that are connected.

    Labels spread along the pairs and are followed to their roots until nothing changes (pointer jumping, Shiloach and
    Vishkin 1982); scipy.sparse.csgraph has the same, and nothing else here needs scipy.
    """
    label = np.arange(count)
    while True:
        before = label.copy()
        lowest = np.minimum(label[left], label[right])
        np.minimum.at(label, label[left], lowest)
        np.minimum.at(label, label[right], lowest)
        while (label[label] != label).any():
            label = label[label]
        if (label == before).all():
            return label
