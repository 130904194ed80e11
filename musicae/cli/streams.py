"""The three streams of a process, made fit for anything: closed ones, full disks, readers that leave, odd encodings.

Nothing that a command does depends on whether somebody listens. What is said on stderr gets lost where it cannot be
written. What is written to stdout after its reader has gone (`... | head -1`) is not missed; any other failure there is
remembered, and ends the command with an error once it has done its work.
"""

from __future__ import annotations

import codecs
import io
import os
import select
import stat
import sys

ESCAPE = "musicae.escape"
"""The error handler that writes what an encoding lacks as an escape, and raw bytes of file names as they are."""


class Talk(io.FileIO):
    """What is said: written if that is possible."""

    def write(self, data: object) -> int:
        try:
            return super().write(data) or _size(data)  # type: ignore[arg-type]
        except OSError:
            return _size(data)


class Results(io.FileIO):
    """What a command gives: accepted whatever happens; `failure` tells what did, unless the reader had enough."""

    failure: OSError | None = None
    over: bool = False

    def write(self, data: object) -> int:
        if self.over:
            return _size(data)
        try:
            while (written := super().write(data)) is None:  # type: ignore[arg-type]
                select.select([], [self], [])  # a pipe that others read at their own pace
            return written
        except OSError as error:
            self.over = True
            self.failure = None if isinstance(error, BrokenPipeError) else error
            return _size(data)


def set_up() -> None:
    """Put streams that cannot fail in the place of the process's own, once.

    A descriptor that is closed is opened, so that no file which a command writes becomes stdout or stderr by accident:
    stdin and stdout such that using them fails, stderr such that what is said is lost.
    """
    codecs.register_error(ESCAPE, _escape)
    for descriptor, mode in ((0, os.O_WRONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        _open(descriptor, mode)
    if sys.stdin is None:
        sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)))
    if sys.stdout is sys.__stdout__:
        sys.stdout = _text(Results(1, "w", closefd=False), sys.__stdout__, ESCAPE)
    if sys.stderr is sys.__stderr__:
        sys.stderr = _text(Talk(2, "w", closefd=False), sys.__stderr__, "backslashreplace")


def piped_in() -> bool:
    """Whether another command's output comes in through stdin."""
    try:
        return stat.S_ISFIFO(os.fstat(0).st_mode)
    except OSError:
        return False


def failure() -> OSError | None:
    """Why not everything that was written to stdout has arrived, if that is so; nothing is left to be written."""
    sys.stdout.flush()
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    return raw.failure if isinstance(raw, Results) else None


def _text(raw: io.FileIO, before: object, errors: str) -> io.TextIOWrapper:
    encoding = getattr(before, "encoding", None) or "utf-8"
    terminal = isinstance(raw, Talk) or raw.isatty()
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding=encoding, errors=errors, line_buffering=terminal)


def _open(descriptor: int, mode: int) -> None:
    try:
        os.fstat(descriptor)
    except OSError:
        found = os.open(os.devnull, mode)
        if found != descriptor:
            os.dup2(found, descriptor)
            os.close(found)


def _size(data: object) -> int:
    return memoryview(data).nbytes  # type: ignore[arg-type]


def _escape(error: UnicodeError) -> tuple[str | bytes, int]:
    """What stands for the first character that cannot be encoded, and where to go on.

    A byte that is not text (`os.fsdecode`) is written as it is where names are encoded alike, so that a path leads
    to its file; anywhere else as an escape.
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    code, after = ord(error.object[error.start]), error.start + 1
    if not 0xDC80 <= code <= 0xDCFF:
        return error.object[error.start].encode("unicode_escape").decode(), after
    if codecs.lookup(error.encoding).name == codecs.lookup(sys.getfilesystemencoding()).name:
        return bytes([code - 0xDC00]), after
    return f"\\x{code - 0xDC00:02x}", after
