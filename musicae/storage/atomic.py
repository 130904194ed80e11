"""Files that are either whole or absent.

A file is written under a temporary name first. Whoever is killed before the rename leaves one behind; the next one who
writes into that folder recognizes it by its name, and removes it unless a process still holds it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from musicae.errors import MusicaeError
from musicae.storage.locks import hold, is_running

TEMPORARY = re.compile(r"\.musicae-(\d+)-([0-9a-f]{16})-\d+\.tmp")
"""Names of temporary files: the process that writes it, what it writes together, and a number."""

FULL = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}
"""What the system says where there is no room."""

ABANDONED_SECONDS = 24 * 3600.0
"""Where a file system cannot tell who holds a temporary file, one of this age is nobody's."""


def write_atomically(path: Path, data: bytes | Iterable[bytes]) -> None:
    """Writes a file under a temporary name, flushes it to the disk, renames it, and flushes the folder that names it.

    Args:
        data: at once, or piece by piece.

    Raises:
        MusicaeError: the file, or the folder that it needs, cannot be written.
    """
    write_together({path: data}, overwrite=True)


def write_together(
    files: Mapping[Path, bytes | Iterable[bytes]], *, overwrite: bool, outdated: Iterable[Path] = ()
) -> bool:
    """Writes files of one folder: all of them under temporary names before the first gets its own.

    Args:
        files: their contents, at once or piece by piece.
        outdated: files that are removed when the others are on the disk, before they get their names.
        overwrite: replace files that exist; else a name is taken only if it is free at that very moment, whoever else
            is after it.

    Returns:
        Whether they are written; without `overwrite`, not one of them is where one exists.

    Raises:
        MusicaeError: a file, or the folder that it needs, cannot be written.
    """
    path = next(iter(files))
    try:
        folder = path.parent
        folder.mkdir(parents=True, exist_ok=True)
        sweep(folder)
        with _staged(folder, list(files.values())) as staged:
            moves = dict(zip(files, staged, strict=True))
            for old in outdated:
                old.unlink(missing_ok=True)
            if overwrite:
                for target, source in moves.items():
                    os.replace(source, target)
            elif not _published(moves):
                return False
        _flush_folder(folder)
    except (OSError, ValueError) as error:
        raise _unwritable(path, error) from error
    return True


def append(path: Path, data: bytes) -> None:
    """Adds to the end of a file: all of it or, where there is no room, nothing.

    Raises:
        MusicaeError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab", buffering=0) as file:
            size = file.tell()
            try:
                rest = memoryview(data)
                while rest:
                    rest = rest[file.write(rest) :]
            except OSError:
                file.truncate(size)
                raise
    except (OSError, ValueError) as error:
        raise _unwritable(path, error) from error


def is_temporary(name: str) -> bool:
    """Whether a file of that name is a temporary one of ours."""
    return TEMPORARY.fullmatch(name) is not None


def sweep(folder: Path) -> None:
    """Removes the temporary files that dead processes have left in a folder; a process looks once.

    Where a process died after it had published some of the files that it wrote together, these go as well: their names
    are as free as they were, so that the same command goes on.
    """
    with contextlib.suppress(OSError, ValueError):
        status = folder.stat()
        if (status.st_dev, status.st_ino) not in _swept:
            _swept.add((status.st_dev, status.st_ino))
            _sweep(folder)


_swept: set[tuple[int, int]] = set()
"""Folders, by device and number, in which this process has looked for what others left."""


def _sweep(folder: Path) -> None:
    groups: dict[str, list[_Leftover]] = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            if found := TEMPORARY.fullmatch(entry.name):
                groups.setdefault(found[2], []).append(_Leftover(Path(entry), int(found[1])))
    for group in groups.values():
        with contextlib.suppress(OSError), ExitStack() as held:
            if all([held.enter_context(leftover.nobodys()) for leftover in group]):
                _withdraw(folder, group)


@dataclass(frozen=True)
class _Leftover:
    """A temporary file, and the process that made it."""

    path: Path
    process: int

    @contextmanager
    def nobodys(self) -> Iterator[bool]:
        """Whether no process writes it any more, which cannot change while this is asked."""
        handle = os.open(self.path, os.O_RDWR)
        try:
            ours, status = hold(handle), os.fstat(handle)
            if ours is None:
                ours = time.time() - status.st_mtime > ABANDONED_SECONDS
            yield ours and not is_running(self.process)
        finally:
            os.close(handle)


@contextmanager
def _staged(folder: Path, contents: Sequence[bytes | Iterable[bytes]]) -> Iterator[list[Path]]:
    """Temporary files with these contents, on the disk; held, and gone afterwards."""
    group = secrets.token_hex(8)
    with ExitStack() as stack:
        staged = []
        for number, content in enumerate(contents):
            path = folder / f".musicae-{os.getpid()}-{group}-{number}.tmp"
            handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | getattr(os, "O_BINARY", 0), 0o666)
            stack.callback(path.unlink, missing_ok=True)
            file = stack.enter_context(os.fdopen(handle, "wb"))
            hold(handle)
            file.writelines([content] if isinstance(content, bytes) else content)
            file.flush()
            os.fsync(handle)
            if sys.platform == "win32":
                file.close()  # an open file cannot be renamed there
            staged.append(path)
        yield staged


def _published(moves: Mapping[Path, Path]) -> bool:
    """Gives files their names, all or none: none where one of the names is taken."""
    done: list[Path] = []
    try:
        for target, source in moves.items():
            _link(source, target)
            done.append(target)
    except BaseException as error:
        for target in done:
            target.unlink(missing_ok=True)
        if isinstance(error, FileExistsError):
            return False
        raise
    return True


def _link(source: Path, target: Path) -> None:
    """A second name for a file; where the file system knows no such thing, the name is taken first and then filled.

    Raises:
        FileExistsError: the name is taken.
    """
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except (OSError, NotImplementedError):
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        os.replace(source, target)


def _withdraw(folder: Path, group: list[_Leftover]) -> None:
    """Removes what is left of files written together, and those that got their names before the others could."""
    status = [leftover.path.stat() for leftover in group]
    unpublished = [one for one in status if one.st_nlink == 1]
    # They were written in order: a published one that is younger than an unpublished one is somebody's work by now.
    before = max((one.st_mtime_ns for one in unpublished), default=0)
    published = {one.st_ino for one in status if one.st_nlink > 1 and one.st_mtime_ns <= before}
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if published and entry.inode() in published]
    for name in names:
        if not is_temporary(name):
            (folder / name).unlink()
    for leftover in group:
        leftover.path.unlink(missing_ok=True)


def _flush_folder(folder: Path) -> None:
    """Makes a rename survive a power cut; where folders cannot be opened, as on Windows, that is left to the system."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _unwritable(path: Path, error: OSError | ValueError) -> MusicaeError:
    message = f"cannot write {path}: {error.strerror if isinstance(error, OSError) else error}"
    if isinstance(error, OSError) and error.errno in FULL:
        return MusicaeError(message, "make room, or choose another place", kind="no-room", path=path)
    return MusicaeError(message, "choose another place", kind="cannot-write", path=path)
