"""How autoencoders of images are trained, each in a folder of its own where it goes on, and what is kept of it."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from musicae.config import Training
from musicae.cpu import usable_cores
from musicae.model import pick_device
from musicae.training.arithmetic import Arithmetic, choose_training_arithmetic
from musicae.training.loop import Trainer
from musicae.training.reporter import Metrics, Reporter
from musicae.training.task import Task

EVALUATE_EVERY = 1_024
LAST = 20
"""Evaluations whose median counts, as published; of a shorter training the second half."""

AnyTask = TypeVar("AnyTask", bound=Task)


def published_training(updates: int) -> Training:
    """As Berthelot et al. (2018) published: Adam at 1e-4, 64 images an update, no clipping."""
    return Training(
        batch=64,
        updates=updates,
        optimizer="adam",
        learning_rate=1e-4,
        min_learning_rate=1e-4,
        clip=1e9,
        validate_every=EVALUATE_EVERY,
    )


def resumed(
    task: AnyTask, folder: Path, seed: int, reporter: Reporter | None = None, *, device: str = "cpu"
) -> Trainer[AnyTask]:
    """A trainer at the last saved state of a folder, or at its start.

    Raises:
        MusicaeError: the folder holds another training, or there is no such device.
    """
    task.module.to(pick_device(device))
    trainer = Trainer(task, folder, seed=seed, reporter=reporter)
    trainer.resume()
    return trainer


def trained(
    task: AnyTask,
    folder: Path,
    seed: int,
    *,
    device: str = "auto",
    precision: str = "auto",
    reporter: Reporter | None = None,
) -> Trainer[AnyTask]:
    """A trainer that has come to the end of its updates; it goes on where it stopped.

    Args:
        precision: of matrix products; `auto` is whichever is fastest here.

    Raises:
        KeyboardInterrupt: stopped, after saving.
        MusicaeError: the folder holds another training, or there is no such device.
    """
    trainer = resumed(task, folder, seed, reporter, device=device)
    if trainer.state.update < task.training.updates:
        wanted = Arithmetic(precision, usable_cores())
        trainer.arithmetic = choose_training_arithmetic(trainer.module, trainer.batch(trainer.state.update), wanted)
        trainer.run()
    return trainer


def metrics_of(folder: Path, split: str) -> list[Metrics]:
    """What was measured in a training, with the number of the update: means over a hundred updates of the split
    "train", evaluations of the split "validation"."""
    lines = (json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines())
    return [
        {key: float(value) for key, value in line.items() if key != "split"} for line in lines if line["split"] == split
    ]


def median_of_last(evaluations: Sequence[Metrics], key: str) -> float:
    """The median of what is finite in the last evaluations; NaN where nothing is."""
    counted = evaluations[-min(LAST, max(len(evaluations) // 2, 1)) :]
    return statistics.median([one[key] for one in counted if math.isfinite(one[key])] or [math.nan])


def deviation(values: Sequence[float]) -> float | None:
    """The standard deviation over seeds; None of one."""
    return statistics.stdev(values) if len(values) > 1 else None
