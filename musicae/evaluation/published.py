"""What was published of MusicVAE's reconstructions, and models beside it."""

from __future__ import annotations

from dataclasses import dataclass

from musicae.evaluation import reconstruction
from musicae.evaluation.held_out import Advance, Windows, no_progress
from musicae.model import Model
from musicae.music.representations.base import Representation


@dataclass(frozen=True)
class Published:
    """Shares of right steps, at temperature 1 in both columns.

    Attributes:
        teacher: given the true steps before.
        drawn: given z alone.
    """

    teacher: float
    drawn: float


TABLE: dict[tuple[str, int, str], dict[str, Published]] = {
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


def published(representation: Representation, decoder: str) -> dict[str, Published]:
    """The published scores of the kind of model that is nearest, by field; empty if there is none.

    2-bar models were published with a flat decoder alone: they stand beside either.
    """
    name, bars = representation.name, representation.bars
    return TABLE.get((name, bars, decoder)) or TABLE.get((name, bars, "flat"), {})


def beside_published(
    model: Model, tokens: Windows, *, seed: int = 0, progress: Advance = no_progress
) -> dict[str, dict[str, float | None]]:
    """By field, shares of right steps at temperature 1, beside those of a model that always holds and published ones.

    `progress` hears of each window three times.
    """
    found = reconstruction.measure(model, tokens, seed=seed, progress=progress)
    teacher, holding = reconstruction.teacher_drawn(model, tokens), reconstruction.holding(model, tokens)
    theirs = published(model.representation, model.config.decoder.name)
    return {
        field: {
            "holds": holding[field].drawn,
            "teacher": teacher[field],
            "paper": theirs[field].teacher if field in theirs else None,
            "drawn": scores.drawn,
            "paper, drawn": theirs[field].drawn if field in theirs else None,
        }
        for field, scores in found.fields.items()
    }
