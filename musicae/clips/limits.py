"""What the numbers and names that verbs are given, and recipes hold, have to be."""

from __future__ import annotations

import math
import operator
from collections.abc import Collection, Mapping
from numbers import Real

import numpy as np
from jaxtyping import Float

from musicae.errors import MusicaeError

LARGEST_CODE = 1e6
"""Numbers in z are about 1; far beyond this limit a network computes infinities."""

HIGHEST_TEMPERATURE = 100.0

MOST_SEMITONES = 24
"""By which a clip may be transposed."""

MOST_CLIPS = 10_000
"""Of one run."""

MOST_NEW_BARS = 256
"""Of music that grows, or goes on."""

LARGEST_COORDINATE = 1000.0
"""Standard deviations; what a clip has of anything is hardly more than 5."""


def require_within(name: str, value: int | float, low: int | float, high: int | float) -> None:
    """Make sure that a number lies between two others, both included.

    Raises:
        MusicaeError: it does not, is NaN, or is not a number.
    """
    if not isinstance(value, Real):
        raise MusicaeError(f"{name} is {value!r:.60}, not a number", "give a number")
    if not low <= value <= high:  # so written because NaN is in no range
        limits = f"{low:g} or more" if math.isinf(high) else f"from {low:g} to {high:g}"
        shown = value if isinstance(value, int) else f"{value:g}"
        raise MusicaeError(f"{name} is {shown}, not {limits}", "choose a number within these limits")


def require_whole(name: str, value: int, low: int | float, high: int | float = math.inf) -> None:
    """Make sure that a whole number lies between two others, both included.

    Raises:
        MusicaeError: it does not, or is not one.
    """
    try:
        operator.index(value)
    except TypeError:
        raise MusicaeError(f"{name} is {value!r:.60}, not a whole number", "give a whole number") from None
    require_within(name, value, low, high)


def require_one_of(name: str, value: str, known: Collection[str]) -> None:
    """Make sure that a word is one of some.

    Raises:
        MusicaeError: it is not.
    """
    if value not in known:
        raise MusicaeError(f"{name} is {value!r:.60}", f"choose one of: {', '.join(known)}")


def require_amounts(amounts: Mapping[str, float]) -> None:
    """Make sure that there are amounts by name, and that all of them are finite numbers.

    Raises:
        MusicaeError: there are none.
    """
    if not isinstance(amounts, Mapping):
        hint = "give an amount of every attribute: {'density': 1}"
        raise MusicaeError(f"the amounts are {amounts!r:.60}, not numbers by attribute", hint)
    for name, amount in amounts.items():
        require_within(f"the amount of {name}", amount, -LARGEST_COORDINATE, LARGEST_COORDINATE)


def require_code(z: Float[np.ndarray, " size"]) -> None:
    """Make sure that all numbers of a code are within `LARGEST_CODE`.

    Raises:
        MusicaeError: one is not.
    """
    if z.size:
        worst = z[np.isnan(z).argmax()] if np.isnan(z).any() else z[np.abs(z).argmax()]
        require_within("a number in z", float(worst), -LARGEST_CODE, LARGEST_CODE)
