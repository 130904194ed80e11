"""A plan of the experiment on digits that is over in seconds."""

from contextlib import nullcontext
from pathlib import Path

from musicae.experiments.images.digit_plan import DigitPlan
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
