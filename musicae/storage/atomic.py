"""Files that are either whole or absent."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from musicae.errors import MusicaeError


def write_atomically(path: Path, data: bytes | Iterable[bytes]) -> None:
    """Writes a file under a temporary name, flushes it to the disk, renames it, and flushes the folder that names it.

    Args:
        data: at once, or piece by piece.

    Raises:
        MusicaeError: the file, or the folder that it needs, cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, data)
        _flush_folder(path.parent)
    except OSError as error:
        message = f"cannot write {path}: {error.strerror}"
        raise MusicaeError(message, "choose another place", kind="cannot-write", path=path) from error


def _write(path: Path, data: bytes | Iterable[bytes]) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines([data] if isinstance(data, bytes) else data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _flush_folder(folder: Path) -> None:
    """Makes a rename survive a power cut; where folders cannot be opened, as on Windows, that is left to the system."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _umask() -> int:
    """The permissions that new files of this process do not get; the system tells them only as it changes them."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
