"""Which MIDI files there are: found below some folders, and distinguished by their content."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from musicae.corpus.chunk_file import Outcome, digest_of
from musicae.corpus.splits import UNLISTED, SplitsFile
from musicae.errors import MusicaeError
from musicae.inputs import read_input

SUFFIXES = (".mid", ".midi")
COPY = "copy"
"""The reason why a file is dropped of which another one has all bytes."""

Progress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]
"""Opens a progress bar, from what is done and how often; what it yields is called with how much more has been done."""


@contextmanager
def no_progress(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """A progress bar that nobody sees."""
    yield lambda done: None


@dataclass(frozen=True, slots=True)
class MidiFile:
    """A MIDI file that was found.

    Attributes:
        digest: the hash of its bytes.
        split: the one that a splits file names for it, if there is one.
        label_folder: the first folder that it lies in, below the one that is searched; empty if it lies in none, or
            has copies in other ones.
    """

    path: Path
    digest: str
    split: int = UNLISTED
    label_folder: str = ""


@dataclass(frozen=True, slots=True)
class Inventory:
    """The files that were found.

    Attributes:
        sources: the files to be read, different ones, in the order of their digests.
        dropped: what became of the others.
        label_folders: the first folders, below those that are searched, in which files of either kind lie.
    """

    sources: tuple[MidiFile, ...]
    dropped: dict[Path, Outcome]
    label_folders: frozenset[str]


def discover(folders: Sequence[Path], splits: SplitsFile | None, progress: Progress = no_progress) -> Inventory:
    """Find the MIDI files below some folders, and hash them.

    Raises:
        MusicaeError: a folder does not exist, or none of them holds a MIDI file.
    """
    dropped: dict[Path, Outcome] = {}
    found = [(folder, path) for folder in folders for path in _midi_files(folder, dropped)]
    if not found and not dropped:
        raise MusicaeError(
            f"no MIDI files in {', '.join(map(str, folders))}", "name a folder with .mid or .midi files, at any depth"
        )
    sources: dict[str, MidiFile] = {}
    label_folders: set[str] = set()
    with progress("finding", len(found)) as advance:
        for folder, path in sorted(found, key=lambda pair: str(pair[1])):
            advance(1)
            split = splits(folder, path) if splits else UNLISTED
            inside = path.relative_to(folder).parts[:-1]
            label_folder = unicodedata.normalize("NFC", inside[0]) if inside else ""
            label_folders |= {label_folder} - {""}
            try:
                digest = _file_digest(path)
            except OSError as error:
                dropped[path] = Outcome("unreadable", str(error))
                continue
            if splits and split == UNLISTED:
                dropped[path] = Outcome("not in the splits", f"{splits.path} names no split for it")
            elif digest in sources and sources[digest].path != path:
                other = sources[digest]
                dropped[path] = Outcome(COPY, f"the same bytes as {other.path}")
                label_folder = label_folder if other.label_folder == label_folder else ""
                sources[digest] = replace(other, split=min(split, other.split), label_folder=label_folder)
            elif digest not in sources:  # a file that is found again, below another folder, is what it was
                sources[digest] = MidiFile(path, digest, split, label_folder)
    different = tuple(sources[digest] for digest in sorted(sources))
    return Inventory(different, dropped, frozenset(label_folders))


def _file_digest(path: Path) -> str:
    if not path.is_file():
        raise OSError(f"{path} is not a file")  # a pipe would be waited for, forever
    return digest_of(read_input(path))


def _midi_files(folder: Path, dropped: dict[Path, Outcome]) -> Iterator[Path]:
    """The MIDI files below a folder, also behind links, each folder once; folders that cannot be read are dropped."""
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        raise MusicaeError(f"{folder} {what}", "name a folder with MIDI files")

    def drop(error: OSError) -> None:
        dropped[Path(error.filename)] = Outcome("unreadable", f"the folder cannot be read: {error.strerror}")

    entered: set[tuple[int, int]] = set()
    for place, folders, names in os.walk(folder, followlinks=True, onerror=drop):
        folders.sort()
        status = os.stat(place)
        if (status.st_dev, status.st_ino) in entered:
            folders.clear()  # a link leads to where we are, or were
            continue
        entered.add((status.st_dev, status.st_ino))
        yield from (Path(place, name) for name in names if name.lower().endswith(SUFFIXES))
