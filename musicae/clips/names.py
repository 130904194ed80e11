"""Codes by names: how much music has of an attribute, and where it lies in a principal direction.

All numbers are standard deviations over music. Nothing here knows torch, so that what somebody wrote into a file is
judged before a model is loaded.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float32

from musicae.checked_json import typed
from musicae.clips.limits import LARGEST_COORDINATE, require_within
from musicae.errors import MusicaeError, did_you_mean, shortened
from musicae.music.attributes import ATTRIBUTES

DIRECTION_NAMES = tuple(f"direction{number}" for number in range(1, 17))
"""Of the principal directions of the codes of music, the widest first."""

DECIMALS = 3
"""Of the numbers in files."""

Coordinates = Mapping[str, float]
"""By attribute, how much more of it the decoded music has than music on average; by direction, how far the code lies
from the mean code of music. In standard deviations over music."""


@dataclass(frozen=True, eq=False)
class Names:
    """The coordinates of a code as a file has them, which somebody may have edited.

    Attributes:
        now: what the code is to have.
        encoded: what it had when the file was written; what is missing here is what z has.
        z: its numbers then; None if that is not known.
        words: by name, what it stands for; only for the reader.
    """

    now: Coordinates
    encoded: Coordinates = field(default_factory=dict)
    z: Float32[np.ndarray, " size"] | None = None
    words: Mapping[str, str] = field(default_factory=dict)

    @property
    def edits(self) -> Coordinates:
        """By how much every name was changed, of those of which it is known what they were."""
        return changes(self.now, self.encoded)


def rounded(found: Coordinates) -> dict[str, float]:
    """Coordinates as files have them."""
    return {name: round(value, DECIMALS) + 0.0 for name, value in found.items()}  # + 0.0: no -0


def changes(now: Coordinates, before: Coordinates) -> dict[str, float]:
    """By how much coordinates differ, where they do, of those that are known from before."""
    common = {name: value for name, value in now.items() if name in before}
    return {name: round(value - before[name], 9) for name, value in common.items() if value != before[name]}


def attributes_from_json(value: Any) -> dict[str, float]:
    """Amounts of attributes.

    Raises:
        ValueError: it is not an object.
        MusicaeError: there is no such attribute, or its amount is not a number, or out of its range.
    """
    return _named_numbers(value, "attribute", ATTRIBUTES)


def directions_from_json(value: Any) -> dict[str, float]:
    """Places along principal directions; errors as for attributes."""
    return _named_numbers(value, "direction", DIRECTION_NAMES)


def coordinates_from_json(value: Any) -> dict[str, float]:
    """Either; errors as for attributes."""
    return _named_numbers(value, "coordinate", [*ATTRIBUTES, *DIRECTION_NAMES])


def _named_numbers(value: Any, what: str, known: Collection[str]) -> dict[str, float]:
    if not isinstance(value, dict):
        raise ValueError
    for name, number in value.items():
        if name not in known:
            hint = f"{did_you_mean(name, known)}a code that was encoded lists all names that its model has"
            raise MusicaeError(f"unknown {what}: {shortened(name)}", hint)
        try:
            require_within(name, typed(number, float, name), -LARGEST_COORDINATE, LARGEST_COORDINATE)
        except ValueError:
            message = f"{name} is {number!r:.60}, not a number"
            raise MusicaeError(message, "write standard deviations, such as 0.5 or -2") from None
    return {name: float(number) for name, number in value.items()}
