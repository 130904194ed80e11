"""Who works on a file: two runs do not share an output, and what a dead process holds is nobody's.

The system knows who holds a file (`flock`), also across containers, and forgets whoever dies. Where a file system does
not know, the number of a process that the file names must do.
"""

from __future__ import annotations

import contextlib
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from musicae.errors import MusicaeError

if sys.platform != "win32":
    import fcntl


@contextmanager
def exclusive(path: Path, what: Path) -> Iterator[None]:
    """Hold a lock file while working on something; afterwards it is gone, with empty folders that were made for it.

    Args:
        what: the folder that is worked on, for the error.

    Raises:
        MusicaeError: another run holds it, or it cannot be made.
    """
    made = [folder for folder in path.parents if not os.path.lexists(folder)]
    try:
        handle = _acquired(path, what)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        message = f"cannot write {path}: {reason}"
        raise MusicaeError(message, "choose another place", kind="cannot-write", path=path) from error
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            if _is_at(handle, path):  # else it has been removed, and another run may hold a new one
                path.unlink()
        os.close(handle)
        with contextlib.suppress(OSError):  # those in which something has been made
            for folder in made:
                folder.rmdir()


def refuse_busy(path: Path, what: Path) -> None:
    """Make sure that no run holds a lock file, without holding it.

    Raises:
        MusicaeError: one does.
    """
    with contextlib.suppress(OSError):
        handle = os.open(path, os.O_RDWR)
        try:
            _refuse_held(handle, path, what)
        finally:
            os.close(handle)


def hold(handle: int) -> bool | None:
    """Hold an open file until it is closed, or this process ends.

    Returns:
        Whether it is ours now; None where the file system cannot tell.
    """
    if sys.platform == "win32":
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def is_running(process: int) -> bool:
    """Whether a process of that number runs on this machine; True where the system does not say."""
    if os.name != "posix":
        return True  # os.kill would end it
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


def _acquired(path: Path, what: Path) -> int:
    """The open lock file, which is held."""
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except FileNotFoundError:  # whoever made the folder has just removed it
            continue
        try:
            _refuse_held(handle, path, what)
            if _is_at(handle, path):  # else whoever held it has just removed it
                os.lseek(handle, 0, os.SEEK_SET)
                os.ftruncate(handle, 0)
                os.write(handle, f"{os.getpid()} {platform.node()}".encode())
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _refuse_held(handle: int, path: Path, what: Path) -> None:
    ours = hold(handle)
    process, _, machine = os.read(handle, 1000).decode(errors="replace").partition(" ")
    if ours is None:
        here = machine == platform.node() and process.isdecimal()
        ours = not machine or (here and not is_running(int(process)))
    if not ours:
        holder = f"process {process} on {machine}" if machine else "another process"
        if process == str(os.getppid()):  # a spawned process runs a script again
            holder = (
                'a script needs `if __name__ == "__main__":` around what it runs: the process that started this one'
            )
        hint = f"wait until it has ended, or choose another folder; if there is no such process, remove {path}"
        raise MusicaeError(f"{holder} is working on {what}", hint, kind="busy", path=path)


def _is_at(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False
