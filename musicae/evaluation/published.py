"""What was published of MusicVAE's reconstructions."""

from __future__ import annotations

from dataclasses import dataclass

from musicae.music.meter import COMMON_TIME
from musicae.music.representations.base import Representation


@dataclass(frozen=True)
class Published:
    """Shares of right steps, sampled at temperature 1.

    Attributes:
        teacher_forced: given the true steps before.
        sampled: given z alone.
    """

    teacher_forced: float
    sampled: float


ROBERTS_2018: dict[tuple[str, int, str], dict[str, Published]] = {
    ("drums", 2, "flat"): {"drums": Published(0.979, 0.917)},
    ("melody", 2, "flat"): {"melody": Published(0.986, 0.951)},
    ("melody", 16, "flat"): {"melody": Published(0.883, 0.620)},
    ("melody", 16, "conductor"): {"melody": Published(0.919, 0.812)},
    ("drums", 16, "flat"): {"drums": Published(0.884, 0.549)},
    ("drums", 16, "conductor"): {"drums": Published(0.928, 0.879)},
    ("trio", 16, "flat"): {
        "melody": Published(0.796, 0.579),
        "bass": Published(0.829, 0.565),
        "drums": Published(0.903, 0.641),
    },
    ("trio", 16, "conductor"): {
        "melody": Published(0.848, 0.753),
        "bass": Published(0.880, 0.773),
        "drums": Published(0.912, 0.863),
    },
}
"""By representation, bars and decoder, the fields of table 1 of Roberts et al. 2018 (arXiv:1803.05428)."""


def published_figures(representation: Representation, decoder: str) -> dict[str, Published]:
    """The published scores of the kind of model that is nearest, by field; empty if there is none.

    All were published of music in 4/4; 2-bar models with a flat decoder alone: they stand beside either.
    """
    if representation.grid.meter != COMMON_TIME:
        return {}
    name, bars = representation.name, representation.bars
    return ROBERTS_2018.get((name, bars, decoder)) or ROBERTS_2018.get((name, bars, "flat"), {})
