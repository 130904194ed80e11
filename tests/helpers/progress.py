"""A progress bar that counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Counter:
    """What was announced, and what was done, over all bars."""

    def __init__(self) -> None:
        self.announced = self.done = 0

    @contextmanager
    def __call__(self, what: str, total: int) -> Iterator[Callable[[int], None]]:
        """Opens a bar."""
        self.announced += total

        def advance(done: int) -> None:
            self.done += done

        yield advance
