"""The figures of the experiment on digits, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from musicae.config import pick
from musicae.experiments.images.digit_plan import DigitPlan
from musicae.experiments.images.perturbations import perturbation
from musicae.experiments.images.planes import mixture, plane
from musicae.experiments.images.pretraining import pretraining
from musicae.experiments.images.roll_autoencoder import midi
from musicae.report.figures import Figure


def figures_named(names: Sequence[str]) -> list[str]:
    """These figures in the order of their table.

    Raises:
        MusicaeError: there is no such figure.
    """
    for name in names:
        pick(FIGURES, name, "figure")
    return [name for name in FIGURES if name in names]


FIGURES: Mapping[str, Callable[[DigitPlan], Figure]] = {
    "plane": plane,
    "perturbation": perturbation,
    "pretraining": pretraining,
    "mixture": mixture,
    "midi": midi,
}
