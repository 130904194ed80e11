"""Files and streams that somebody named: read whole, but never without end."""

from __future__ import annotations

import errno
import os
import select
import stat
from pathlib import Path
from typing import Protocol, runtime_checkable

MOST_BYTES = 2**28
"""No score, recipe or list of files is larger; a device like /dev/zero is."""

LARGEST_PART = 2**20
"""Bytes that are asked for at once, where it is not known how many there are."""

PATIENCE_SECONDS = 5.0
"""How long a pipe with a name may wait for the one who writes into it."""


@runtime_checkable
class ByteStream(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes | None:
        """At most this many bytes; none at the end."""


def read_input(path: str | Path) -> bytes:
    """The content of a file, or of a pipe.

    Raises:
        OSError: it cannot be read, is a folder or larger than `MOST_BYTES`, or nobody writes into the pipe.
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb", buffering=0, closefd=True) as file:
        about = os.fstat(handle)
        named = not os.fspath(path).startswith(("/dev/", "/proc/"))
        if stat.S_ISFIFO(about.st_mode) and named and not select.select([file], [], [], PATIENCE_SECONDS)[0]:
            raise OSError(errno.ETIMEDOUT, "nobody writes into this pipe")
        if hasattr(os, "set_blocking"):
            os.set_blocking(handle, True)
        return read_stream(file, min(about.st_size or LARGEST_PART, LARGEST_PART))


def read_stream(stream: ByteStream, part_size: int = LARGEST_PART) -> bytes:
    """What is left of a stream.

    Args:
        part_size: bytes that are asked for at once.

    Raises:
        OSError: it cannot be read, or there is more than `MOST_BYTES`.
    """
    found = bytearray()
    while part := stream.read(part_size):
        found += part
        if len(found) > MOST_BYTES:
            raise OSError(errno.EFBIG, f"there is more than {MOST_BYTES >> 20} MiB")
    return bytes(found)
