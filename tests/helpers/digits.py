"""A plan of the experiment on digits that is over in seconds, and images of gray values."""

from contextlib import nullcontext
from pathlib import Path

from musicae.experiments.images.digit_plan import DigitPlan
from musicae.experiments.images.image_task import Images
from musicae.networks.types import Tokens
from musicae.training.reporter import NullReporter
from tests.helpers.idx import write_squares


def digit_plan(folder: Path, *, seeds: int, updates: int, midi: Path | None = None) -> DigitPlan:
    """On images of squares; trainings lie in `out`."""
    return DigitPlan(
        data=write_squares(folder / "squares"),
        midi=midi,
        folder=folder / "out",
        rows=[],
        code_size=32,
        seeds=seeds,
        updates=updates,
        precision="float32",
        watch=lambda name: nullcontext(NullReporter()),
    )


def to_images(tokens: Tokens) -> Images:
    """The images of gray values."""
    return (tokens[..., 0] / 127.5 - 1)[:, None]
