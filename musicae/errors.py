"""The one exception for everything that can be expected to go wrong."""

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

LONGEST_NAME = 60
"""Characters of a name that are shown."""


class MusicaeError(Exception):
    """A failure that a user can act on.

    It carries facts: what failed, and the settings, files and values that made it fail. Which command or option mends
    it is known only to the command line, which looks it up by kind; a web page may do so too.

    Args:
        message: what failed, with the value that made it fail.
        hint: what to do next, in words that fit anywhere.
        kind: a word that stays the same whatever the message says, e.g. "exists"; empty where the hint says it all.
        facts: the values that belong to the kind, e.g. the path that exists.
    """

    def __init__(self, message: str, hint: str = "", *, kind: str = "", **facts: object) -> None:
        super().__init__(message)
        if hint:
            self.add_note(f"hint: {hint}")  # which tracebacks and notebooks show
        self.message = message
        self.hint = hint
        self.kind = kind
        self.facts = facts


def unknown_name(what: str, name: str, known: Iterable[str], kind: str = "unknown", **facts: object) -> MusicaeError:
    """The error for a name that is not among the known ones: the hint offers the nearest, and lists them all.

    Args:
        kind: of the error, whose facts are `name`, `known` and those that are given.
    """
    name, names = str(name), list(known)
    hint = f"{did_you_mean(name, names)}choose one of: {', '.join(names)}" if names else "there is none yet"
    return MusicaeError(f"unknown {what}: {shortened(name)}", hint, kind=kind, name=name, known=names, **facts)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """What a hint begins with that offers the nearest of the known names: "did you mean a? "; empty if none is near."""
    near = difflib.get_close_matches(name[: 2 * LONGEST_NAME], list(known), n=1)
    return f"did you mean {near[0]}? " if near else ""


def shortened(name: str, most: int = LONGEST_NAME) -> str:
    """A name as it is shown: of a long one the beginning and the end, which tell it from others, and an ellipsis."""
    end = (most - 1) // 2
    return name if len(name) <= most else f"{name[: most - 1 - end]}…{name[-end:]}"


@contextmanager
def error_context(what: object) -> Iterator[None]:
    """Failures inside begin with what they regard: "a.mid: there is no bar 9"."""
    try:
        yield
    except MusicaeError as error:
        raise MusicaeError(f"{what}: {error.message}", error.hint, kind=error.kind, **error.facts) from error
