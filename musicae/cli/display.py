"""How a training goes, on the terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from musicae.cli.console import Console, as_message, line, stderr
from musicae.cli.hints import ADVICE

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

    from musicae.config import Training
    from musicae.training.checkpoint import TrainingState
    from musicae.training.reporter import Metrics, Notice


NUMBERS = {"smaller-batch"}
"""Kinds of notices that are of interest to whoever wants numbers."""


class Display:
    """A training on the terminal: a bar with the time that is left, and what the user should know.

    Args:
        events: the model folder, if TensorBoard events are wanted.
        name: stands before everything, where several trainings follow one another.
        numbers: speed and losses stand beside the bar, too, and every validation has a line of metrics.
        advice: by the kinds of notices, what to do about them on the command line.
    """

    def __init__(
        self,
        console: Console,
        events: Path | None = None,
        name: str = "",
        *,
        numbers: bool = False,
        advice: Mapping[str, Callable[..., str]] = ADVICE,
    ) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (BarColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
        self.console, self.events, self.advice = console, events, advice
        self.bar = Progress(*columns, console=stderr(), transient=True, disable=not console.on_terminal)
        self.writer: SummaryWriter | None = None
        self.losses, self.name, self.numbers = "", f"{name}  " if name else "", numbers

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
        shown = f"{self.name}{_time_left(max(left, 0.0))} left"
        if self.numbers:
            speed = f"{1 / pace:,.1f} updates/s  {self.training.batch / pace:,.0f} windows/s"
            shown += f"  update {state.update:,}  {speed}  {self.losses}"
        self.bar.update(self.task, completed=seconds / max(seconds + left, 1e-9), description=line(shown))

    def logged(self, state: TrainingState, terms: Metrics) -> None:
        self.losses = "  ".join(f"{name} {value:.3g}" for name, value in terms.items())
        self._record("train", state.update, terms)

    def validated(self, state: TrainingState, metrics: Metrics) -> None:
        if self.numbers:
            shown = "  ".join(f"{name} {value:.3g}" for name, value in metrics.items())
            self._say(f"{self.name}update {state.update:,}  held out: {shown}")
        self._record("validation", state.update, metrics)

    def tell(self, notice: Notice) -> None:
        if notice.kind in NUMBERS and not self.numbers:
            return
        advice = self.advice.get(notice.kind)
        self._say(f"{self.name}{notice.message}{advice(**notice.facts) if advice else ''}")

    def _say(self, message: str) -> None:
        if self.bar.disable:
            self.console.note(message)
        else:
            self.bar.console.print(as_message(message))

    def _record(self, split: str, update: int, values: Metrics) -> None:
        if self.writer:
            for name, value in values.items():
                self.writer.add_scalar(f"{split}/{name}", value, update)


def _time_left(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"


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
