"""`musicae train`."""

from __future__ import annotations

import math
import shlex
import sys
import time
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from musicae.cli import console as cli
from musicae.cli.console import Console

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

    from musicae.train import Run
    from musicae.training.checkpoint import Progress
    from musicae.training.validation import Metrics

EXAMPLES = ("musicae train", "musicae train data/mine --preset melody-16bar -o models/mine --minutes 60")

DEFAULT_MINUTES = 20.0


def preset_names(incomplete: str) -> list[str]:
    """The presets that start with what was typed: for shell completion."""
    from musicae.presets import PRESETS

    return [name for name in PRESETS if name.startswith(incomplete)]


def command(
    data: Annotated[str, typer.Argument(help="A folder that musicae preprocess wrote, or the name of one.")] = "tunes",
    preset: Annotated[
        str | None,
        typer.Option(
            help="A named configuration.", show_default="the one for DATA", metavar="NAME", autocompletion=preset_names
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FOLDER", show_default="a free name", help="Where the model goes."),
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(min=0, show_default="20, unless --updates is given", help="When to stop.")
    ] = None,
    updates: Annotated[int | None, typer.Option(min=1, show_default=False, help="When to stop.")] = None,
    start: Annotated[
        str, typer.Option("--from", metavar="MODEL", show_default=False, help="Fine-tune this model.")
    ] = "",
    resume: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", show_default=False, help="Go on with the training that was stopped there."),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PART.KNOB=VALUE", show_default=False, help="Change a knob; repeatable."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same weights.")] = 0,
    device: cli.Device = "auto",
    tensorboard: Annotated[bool, typer.Option(help="Write TensorBoard events too.")] = False,
    json: cli.Json = False,
    quiet: cli.Quiet = False,
) -> None:
    """Train a model on a data set; the best weights on held-out songs are kept.

    Ctrl-C stops and saves; musicae train --resume FOLDER goes on to the same weights.
    """
    console = Console(quiet, json)
    from musicae.train import begin, finish

    settings = [*(settings or []), *([f"training.updates={updates}"] if updates else [])]
    run, folder = _plan(data, preset, output, start, resume, settings, seed)
    limit = minutes if minutes is not None else (math.inf if updates or resume else DEFAULT_MINUTES)
    with Display(console, limit, run.config.training.updates, folder if tensorboard else None) as display:
        trainer = begin(run, folder, device=device, reporter=display, keep=resume is not None)
        console.note(f"training {folder} on {trainer.model.device}: Ctrl-C stops and saves")
        try:
            trainer.run(limit)
        except KeyboardInterrupt:
            console.note(f"stopped at update {trainer.progress.update}; go on with: musicae train --resume {folder}")
            raise
    if trainer.workers.rank == 0:
        metrics = finish(trainer, run)
        console.data([folder], {"model": str(folder), "updates": trainer.progress.update, "test": metrics})


def _plan(
    data: str,
    preset: str | None,
    output: Path | None,
    start: str,
    resume: Path | None,
    settings: list[str],
    seed: int,
) -> tuple[Run, Path]:
    """What to train, and where."""
    from musicae.config import override
    from musicae.corpus.dataset import Dataset
    from musicae.errors import MusicaeError
    from musicae.model import TABLES
    from musicae.shelf import find_dataset
    from musicae.train import Run, config_for

    if resume is not None:
        run, folder = Run.read(resume), resume
    else:
        dataset = Dataset(find_dataset(data))
        config = config_for(dataset, preset=preset, start=start)
        run = Run(config, str(dataset.folder), seed, start, shlex.join(["musicae", *sys.argv[1:]]))
        folder = output or _free(preset or f"{dataset.representation.name}-{dataset.representation.bars}bar")
        if (folder / "config.json").exists() or (folder / "training").exists():
            hint = f"go on with musicae train --resume {folder}, or name another folder with -o"
            raise MusicaeError(f"{folder} holds a model already", hint)
    for setting in settings:
        run = replace(run, config=override(run.config, setting, TABLES))
    return run, folder


def _free(name: str) -> Path:
    """The first free folder name in the current folder."""
    return next(path for i in count() if not (path := Path(f"{name}-{i:03d}")).exists())


class Display:
    """A training on the terminal: a bar with speed, time left and losses, and a line for every validation.

    Args:
        minutes, updates: where the training ends, whichever comes first.
        events: folder for TensorBoard events, if wanted.
    """

    def __init__(self, console: Console, minutes: float, updates: int, events: Path | None) -> None:
        self.console, self.minutes, self.updates = console, minutes, updates
        self.started = self.last = time.monotonic()
        self.writer = _writer(events) if events else None

    def __enter__(self) -> Display:
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (BarColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
        self.bar = Progress(*columns, console=cli.stderr(), transient=True, disable=not self.console.on_terminal)
        self.bar.__enter__()
        self.task = self.bar.add_task("starting", total=1.0)
        return self

    def __exit__(self, *error: object) -> None:
        self.bar.stop()
        if self.writer:
            self.writer.close()

    def updated(self, progress: Progress, terms: Metrics, windows: int) -> None:
        now = time.monotonic()
        rate, self.last = windows / max(now - self.last, 1e-9), now
        elapsed = (now - self.started) / 60
        done = max(progress.update / self.updates, elapsed / self.minutes if self.minutes < math.inf else 0)
        left = elapsed * (1 - done) / max(done, 1e-9)
        losses = "  ".join(f"{name} {value:.3g}" for name, value in terms.items())
        self.bar.update(
            self.task,
            completed=done,
            description=f"{left:.0f} min left  update {progress.update:,}  {rate:,.0f} windows/s  {losses}",
        )
        self._record("train", progress.update, terms)

    def validated(self, progress: Progress, metrics: Metrics) -> None:
        shown = "  ".join(f"{name} {value:.3g}" for name, value in metrics.items())
        self._say(f"update {progress.update:,}  held out: {shown}")
        self._record("validation", progress.update, metrics)

    def warn(self, message: str) -> None:
        self._say(f"warning: {message}")

    def _say(self, text: str) -> None:
        if self.bar.disable:
            self.console.note(text)
        else:
            self.bar.console.print(text)

    def _record(self, split: str, update: int, values: Metrics) -> None:
        if self.writer:
            for name, value in values.items():
                self.writer.add_scalar(f"{split}/{name}", value, update)


def _writer(folder: Path) -> SummaryWriter:
    from musicae.errors import MusicaeError

    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise MusicaeError("TensorBoard is not installed", "pip install 'musicae[tensorboard]'") from None
    return SummaryWriter(folder / "training" / "tensorboard")
