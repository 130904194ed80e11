"""Files that are either whole or not there."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from musicae.errors import MusicaeError


def write_atomically(path: Path, data: bytes) -> None:
    """Writes a file under a temporary name, flushes it to the disk, and renames it.

    Raises:
        MusicaeError: the file, or the folder that it needs, cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, data)
    except OSError as error:
        raise MusicaeError(
            f"cannot write {path}: {error.strerror}", "choose another place", kind="cannot-write", path=path
        ) from error


def _write(path: Path, data: bytes) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _umask() -> int:
    """The permissions that new files of this process do not get; the system tells them only as it changes them."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
