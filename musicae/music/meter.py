"""The bar that tokens and decoded scores count in: its meter, and how many steps and ticks it has."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from musicae.errors import MusicaeError

COMMON_TIME = "4/4"
LONGEST_BAR = 8
"""Quarters."""

_METER = re.compile(r"\s*(\d{1,2})\s*/\s*(1|2|4|8|16|32)\s*")


@dataclass(frozen=True, slots=True)
class BarGrid:
    """A bar of a meter, `numerator / denominator` whole notes long, with `steps_per_quarter` steps a quarter."""

    numerator: int
    denominator: int
    steps_per_quarter: int

    @property
    def steps(self) -> int:
        """Steps of a bar."""
        return self.ticks(self.steps_per_quarter)

    @property
    def quarters(self) -> float:
        """Quarters of a bar."""
        return 4 * self.numerator / self.denominator

    @property
    def signature(self) -> tuple[int, int]:
        """The time signature, as numerator and denominator."""
        return self.numerator, self.denominator

    @property
    def meter(self) -> str:
        """The time signature as it is written: "3/4"."""
        return f"{self.numerator}/{self.denominator}"

    def __str__(self) -> str:
        """What the bar is in words."""
        return "four quarters" if self.meter == COMMON_TIME else self.meter

    def ticks(self, ticks_per_quarter: int) -> int:
        """Ticks of a bar, one at least."""
        return max(4 * ticks_per_quarter * self.numerator // self.denominator, 1)

    def holds(self, numerator: int, denominator: int) -> int:
        """How many bars of a meter make up a bar of this one: 1, 2, 4, 8, ..., or 0 if the meter does not fit.

        Three bars of 1/4 are not a bar of 3/4: what is counted in ones is mostly meant to be in four.
        """
        count, rest = divmod(self.numerator * denominator, self.denominator * numerator)
        return 0 if rest or count & (count - 1) else count

    def held(self) -> list[str]:
        """The usual meters that fit, the longest first."""
        quarters, eighths = range(1, LONGEST_BAR + 1), (3, 5, 6, 7, 9, 10, 12, 15)
        usual = [*((top, 4) for top in quarters), *((top, 2) for top in quarters[1:]), *((top, 8) for top in eighths)]
        fitting = [(count, meter) for meter in usual if (count := self.holds(*meter))]
        return [f"{top}/{bottom}" for _, (top, bottom) in sorted(fitting, key=lambda one: one[0])]

    def with_meter(self, meter: str) -> BarGrid:
        """The same steps in bars of another meter.

        Raises:
            MusicaeError: it is not a meter, or its bars are longer than `LONGEST_BAR` or not a whole number of steps.
        """
        found = _METER.fullmatch(meter)
        numerator, denominator = (int(part) for part in found.groups()) if found else (0, 1)
        if not 0 < 4 * numerator <= LONGEST_BAR * denominator or 4 * self.steps_per_quarter * numerator % denominator:
            hint = "choose a number of quarters or eighths, such as 3/4, 6/8, 5/4 or 12/8"
            raise MusicaeError(f"there are no bars of {meter!r}", hint)
        return replace(self, numerator=numerator, denominator=denominator)


SIXTEENTHS = BarGrid(4, 4, steps_per_quarter=4)
"""Four steps a quarter: the grid of melodies, drums and trios, and of everything that is drawn or measured."""

TWENTY_FOURTHS = BarGrid(4, 4, steps_per_quarter=24)
"""24 steps a quarter, which hold triplets as well: the grid of events."""


def meter_argument(grid: BarGrid) -> dict[str, str]:
    """What a representation says of its meter: nothing of four quarters, as was said before there were others."""
    return {} if grid.meter == COMMON_TIME else {"meter": grid.meter}
