"""What a representation leaves out of music, and a clip takes from its source."""

from __future__ import annotations

from dataclasses import dataclass

from musicae.clips.limits import require_within
from musicae.music.meter import SIXTEENTHS

SLOWEST_QPM, FASTEST_QPM = 60e6 / (2**24 - 1), 60e6
"""The tempi that MIDI has numbers for: from 2^24 - 1 microseconds a quarter down to one."""


@dataclass(frozen=True)
class Style:
    """What a representation leaves out and a clip takes from its source.

    Attributes:
        programs: General MIDI programs of the pitched tracks, in order; where there are none the representation's own
            are used.
        meter: the time signature; empty for the representation's own.

    Raises:
        MusicaeError: a number is out of its range, or there is no such meter.
    """

    tempo_qpm: float = 120.0
    programs: tuple[int, ...] = ()
    meter: str = ""

    def __post_init__(self) -> None:
        require_within("tempo_qpm", self.tempo_qpm, SLOWEST_QPM, FASTEST_QPM)
        for program in self.programs:
            require_within("a program", program, 0, 127)
        if self.meter:
            SIXTEENTHS.with_meter(self.meter)
