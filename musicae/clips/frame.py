"""The piece that the parts of a recipe are spliced into: its file, and how it is read."""

from __future__ import annotations

from dataclasses import dataclass

from musicae.errors import MusicaeError

LAST_TICK = 2**32
"""No passage ends after it; files of an hour have a few millions of ticks."""

LARGEST_SONG = 2**24
"""Bytes of a MIDI file that a recipe carries; the largest symphonies have a few millions."""


@dataclass(frozen=True, eq=False)
class Frame:
    """A MIDI file whose windows a recipe makes anew, one with every part.

    Attributes:
        midi: the bytes of the file.
        drums: tracks that are drums whatever the file says, by their numbers from 1 or their names.
        track: the number, from 1, of the one that is read; None for the most suitable.
        velocity: whether notes that are kept are as loud as they were, and new ones as loud as those around them.
        timing: whether notes that are kept start and end when they did, and new ones as early or late as those around.
        alone: whether the file is an excerpt: nothing of it stays but what is kept.
        passage: the tick at which the first bar starts that is made anew, and the one at which the last of them ends,
            after the end of the file where it gets longer; None for every window in which something is played.

    Raises:
        MusicaeError: the file is too large, or the passage is not valid.
    """

    midi: bytes
    drums: tuple[str, ...] = ()
    track: int | None = None
    velocity: bool = True
    timing: bool = True
    alone: bool = False
    passage: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if len(self.midi) > LARGEST_SONG:
            message = f"a song of {len(self.midi)} bytes is too large to be kept in a recipe"
            raise MusicaeError(message, f"give a file of at most {LARGEST_SONG >> 20} MiB")
        if self.passage and not 0 <= self.passage[0] < self.passage[1] <= LAST_TICK:
            hint = f"give the ticks of its start and of its end, up to {LAST_TICK}"
            raise MusicaeError(f"{list(self.passage)} is not a passage", hint)
