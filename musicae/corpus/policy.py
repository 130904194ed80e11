"""Which windows are worth learning from: a choice of the corpus, by representation, and no property of a codec."""

from __future__ import annotations

from dataclasses import dataclass

from musicae.music.representations.base import Representation


@dataclass(frozen=True, slots=True)
class Policy:
    """What a window must hold to be used.

    Attributes:
        max_silent_bars: most silent bars in a row, in every part.
        min_instruments: of a part in a bar that is not silent.
        min_pitches: least number of distinct onset tokens in the first field.
        silence: what a window is called that has more silent bars.
    """

    max_silent_bars: int = 1
    min_instruments: int = 1
    min_pitches: int = 2
    silence: str = "too silent"


def policy_of(representation: Representation) -> Policy:
    """The policy for windows of a representation."""
    return POLICIES.get(representation.name, Policy())


POLICIES = {
    "melody": Policy(max_silent_bars=1, min_pitches=3),
    "drums": Policy(max_silent_bars=1, min_pitches=2),
    "trio": Policy(max_silent_bars=2, min_pitches=3),
    "multitrack": Policy(max_silent_bars=0, min_instruments=2, min_pitches=3, silence="fewer than two tracks"),
}
"""By name of the representation; others have the defaults."""
