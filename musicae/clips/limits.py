"""The ranges that the numbers of recipes have to lie in."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from musicae.errors import MusicaeError

LARGEST_CODE = 1e6
"""Numbers in z are about 1; far beyond this limit a network computes infinities."""

HIGHEST_TEMPERATURE = 100.0

LARGEST_COORDINATE = 1000.0
"""Standard deviations; what a clip has of anything is hardly more than 5."""


def require_within(name: str, value: int | float, low: int | float, high: int | float) -> None:
    """Make sure that a number lies between two others, both included.

    Raises:
        MusicaeError: it does not, or is NaN.
    """
    if not low <= value <= high:  # so written because NaN is in no range
        limits = f"{low:g} or more" if math.isinf(high) else f"from {low:g} to {high:g}"
        shown = value if isinstance(value, int) else f"{value:g}"
        raise MusicaeError(f"{name} is {shown}, not {limits}", "choose a number within these limits")


def require_code(z: Float[np.ndarray, " size"]) -> None:
    """Make sure that all numbers of a code are within `LARGEST_CODE`.

    Raises:
        MusicaeError: one is not.
    """
    if z.size:
        worst = z[np.isnan(z).argmax()] if np.isnan(z).any() else z[np.abs(z).argmax()]
        require_within("a number in z", float(worst), -LARGEST_CODE, LARGEST_CODE)
