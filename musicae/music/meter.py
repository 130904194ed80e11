"""The bar that tokens and decoded scores count in: how many quarters, steps and ticks it has."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BarGrid:
    """A bar of `quarters` quarter notes with `steps_per_quarter` steps each."""

    quarters: int
    steps_per_quarter: int

    @property
    def steps(self) -> int:
        """Steps of a bar."""
        return self.quarters * self.steps_per_quarter

    @property
    def signature(self) -> tuple[int, int]:
        """The time signature, as numerator and denominator."""
        return self.quarters, 4

    def ticks(self, ticks_per_quarter: int) -> int:
        """Ticks of a bar."""
        return self.quarters * ticks_per_quarter


SIXTEENTHS = BarGrid(quarters=4, steps_per_quarter=4)
"""Four quarters of four steps: the grid of melodies, drums and trios, and of everything that is drawn or measured."""

TWENTY_FOURTHS = BarGrid(quarters=4, steps_per_quarter=24)
"""Four quarters of 24 steps, which hold triplets as well: the grid of events."""
