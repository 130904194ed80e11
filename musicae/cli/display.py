"""How a training goes, on the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from musicae.cli.console import Console, line, stderr
from musicae.cli.hints import ADVICE

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

    from musicae.config import Training
    from musicae.training.checkpoint import TrainingState
    from musicae.training.reporter import Metrics, Notice


class Display:
    """A training on the terminal: a bar with speed, time left and losses, and a line for every validation.

    Args:
        events: the model folder, if TensorBoard events are wanted.
        name: stands before everything, where several trainings follow one another.
    """

    def __init__(self, console: Console, events: Path | None = None, name: str = "") -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (BarColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
        self.console, self.events = console, events
        self.bar = Progress(*columns, console=stderr(), transient=True, disable=not console.on_terminal)
        self.writer: SummaryWriter | None = None
        self.losses, self.name = "", f"{name}  " if name else ""

    def __enter__(self) -> Display:
        self.bar.__enter__()
        self.task = self.bar.add_task("starting", total=1.0)
        return self

    def __exit__(self, *error: object) -> None:
        self.bar.stop()
        if self.writer:
            self.writer.close()

    def began(self, state: TrainingState, training: Training, seconds: float) -> None:
        self.training, self.seconds = training, seconds
        self.first, self.begun = state.update, state.seconds
        if self.events:
            self.writer = _writer_class()(self.events / "training" / "tensorboard", purge_step=self.first)

    def updated(self, state: TrainingState) -> None:
        updates, seconds = state.update - self.first, state.seconds - self.begun
        pace = seconds / updates
        left = min((self.training.updates - state.update) * pace, self.seconds - state.seconds)
        speed = f"{1 / pace:,.1f} updates/s  {self.training.batch / pace:,.0f} windows/s"
        self.bar.update(
            self.task,
            completed=seconds / max(seconds + left, 1e-9),
            description=line(
                f"{self.name}{max(left, 0) / 60:.0f} min left  update {state.update:,}  {speed}  {self.losses}"
            ),
        )

    def logged(self, state: TrainingState, terms: Metrics) -> None:
        self.losses = "  ".join(f"{name} {value:.3g}" for name, value in terms.items())
        self._record("train", state.update, terms)

    def validated(self, state: TrainingState, metrics: Metrics) -> None:
        shown = "  ".join(f"{name} {value:.3g}" for name, value in metrics.items())
        self._say(f"{self.name}update {state.update:,}  held out: {shown}")
        self._record("validation", state.update, metrics)

    def tell(self, notice: Notice) -> None:
        advice = ADVICE.get(notice.kind)
        self._say(f"{notice.message}{advice(**notice.facts) if advice else ''}")

    def _say(self, message: str) -> None:
        if self.bar.disable:
            self.console.note(message)
        else:
            self.bar.console.print(line(message))

    def _record(self, split: str, update: int, values: Metrics) -> None:
        if self.writer:
            for name, value in values.items():
                self.writer.add_scalar(f"{split}/{name}", value, update)


def check_tensorboard() -> None:
    """Makes sure that events can be written.

    Raises:
        MusicaeError: TensorBoard is not installed.
    """
    _writer_class()


def _writer_class() -> type[SummaryWriter]:
    from musicae.errors import MusicaeError

    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise MusicaeError("TensorBoard is not installed", "pip install 'musicae[tensorboard]'") from None
    return SummaryWriter
