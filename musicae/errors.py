"""The one exception for everything that can be expected to go wrong."""

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class MusicaeError(Exception):
    """A failure that a user can act on.

    The command line prints it as two lines, `error: {message}` and `hint: {hint}`, and exits with 1.

    Args:
        message: what failed, with the value that made it fail.
        hint: what to do or type next.
    """

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def unknown_name(what: str, name: str, known: Iterable[str], otherwise: str = "there is none yet") -> MusicaeError:
    """The error for a name that is not among the known ones: the hint offers the nearest, and lists them all.

    Args:
        otherwise: the hint when nothing is known.
    """
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1)
    nearest = f"did you mean {near[0]}? " if near else ""
    hint = f"{nearest}choose one of: {', '.join(names)}" if names else otherwise
    return MusicaeError(f"unknown {what}: {name}", hint)


@contextmanager
def error_context(what: object) -> Iterator[None]:
    """Failures inside begin with what they regard: "a.mid: there is no bar 9"."""
    try:
        yield
    except MusicaeError as error:
        raise MusicaeError(f"{what}: {error.message}", error.hint) from error
