"""What the experiment on digits is made from: data, a folder for trainings, and who watches them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from musicae.experiments.images.digits import Digits, read_digits
from musicae.experiments.images.image_trainings import AnyTask, trained
from musicae.training.loop import Trainer
from musicae.training.reporter import Reporter

Watch = Callable[[str], AbstractContextManager[Reporter]]
"""Opens a reporter for a training of some name."""


@dataclass(frozen=True)
class DigitPlan:
    """What the table and the figures of the experiment have in common.

    Attributes:
        data: a folder of IDX files; scikit-learn's digits if there is none.
        midi: a folder of MIDI files, for the figure of music.
        folder: where trainings lie, and go on.
        rows: the autoencoders that are compared, if not those that the table or a figure compares by itself.
        code_size: of these.
        updates: of every training, if not what the table or a figure takes by itself.
        device: where trainings run.
        precision: of matrix products; `auto` is whichever is fastest here.
    """

    data: Path | None
    midi: Path | None
    folder: Path
    rows: Sequence[str]
    code_size: int
    seeds: int
    updates: int | None
    precision: str
    watch: Watch
    device: str = "auto"

    @cached_property
    def digits(self) -> Digits:
        """The images, read once."""
        return read_digits(self.data)

    def train(self, name: str, task: AnyTask, seed: int = 0) -> Trainer[AnyTask]:
        """A training that has come to its end, in a folder of its own.

        Raises:
            KeyboardInterrupt: stopped, after saving.
            MusicaeError: the folder holds another training.
        """
        with self.watch(f"{name}, seed {seed}") as reporter:
            folder = self.folder / f"{name}-{seed}"
            return trained(task, folder, seed, device=self.device, precision=self.precision, reporter=reporter)
