"""`musicae train`."""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import replace
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from musicae.cli.console import Console, line, stderr
from musicae.cli.hints import ADVICE
from musicae.cli.options import (
    LARGEST_SEED,
    Device,
    Json,
    PrecisionName,
    Quiet,
    SettingTexts,
    folder_option,
    preset_names,
)

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

    from musicae.config import Training
    from musicae.training.checkpoint import TrainingState
    from musicae.training.reporter import Metrics, Notice
    from musicae.verbs.train import Run

EXAMPLES = ("musicae train", "musicae train data/mine --preset melody-16bar -o models/mine --minutes 60")

DEFAULT_MINUTES = 20.0


TrainingData = Annotated[
    str | None,
    typer.Argument(
        metavar="[DATA]", help="A folder that musicae preprocess wrote, or the name of one.", show_default="tunes"
    ),
]
Preset = Annotated[
    str | None,
    typer.Option(
        help="A named configuration.", show_default="the one for DATA", metavar="NAME", autocompletion=preset_names
    ),
]
ModelFolder = Annotated[Path | None, folder_option("Where the model goes. Without it: a free name in models/.")]
Minutes = Annotated[
    float | None,
    typer.Option(
        min=0.01,
        metavar="M",
        show_default="20 without --updates",
        help="Stop after this time in all, resumed parts counted in. More of it raises the learning rate again.",
    ),
]
Updates = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", show_default=False, help="Stop after so many updates, if the time allows them."),
]
Initial = Annotated[
    str, typer.Option("--from", metavar="MODEL", show_default=False, help="Begin with the weights of this model.")
]
Resumed = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", show_default=False, help="Go on with the training that was stopped there."),
]
TrainingSeed = Annotated[
    int | None,
    typer.Option(min=0, max=LARGEST_SEED, metavar="N", show_default="0", help="Same seed and --updates, same weights."),
]
TrainingPrecision = Annotated[
    PrecisionName,
    typer.Option(help="What to compute updates in; auto finds out what is fastest, and stays with it."),
]
TensorBoard = Annotated[bool, typer.Option("--tensorboard", help="Write TensorBoard events too.")]


def command(
    data: TrainingData = None,
    preset: Preset = None,
    output: ModelFolder = None,
    minutes: Minutes = None,
    updates: Updates = None,
    initial: Initial = "",
    resume: Resumed = None,
    settings: SettingTexts = None,
    seed: TrainingSeed = None,
    device: Device = "auto",
    precision: TrainingPrecision = "auto",
    tensorboard: TensorBoard = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train a model on a data set; the weights that do best on held-out songs are kept.

    Ctrl-C stops and saves, musicae train --resume FOLDER goes on. The learning rate falls to the end, by updates or by
    minutes, whichever is nearer; with --updates alone the weights are those of a training that was never stopped.
    """
    first = os.environ.get("RANK", "0") == "0"  # of the processes that torchrun started
    console = Console(quiet or not first, json)
    from musicae.verbs.train import begun, training_in

    if tensorboard:
        _writer_class()  # or fail before anything is made

    settings = [*(settings or []), *([f"training.updates={updates}"] if updates else [])]
    if resume is not None:
        if any((data, preset, output, initial, seed is not None)):
            raise typer.BadParameter("--resume goes on with what its training was begun with; leave the others away")
        folder, run = resume, _resumed(resume, settings)
    else:
        folder, run = _planned(data or "tunes", preset, output, initial, settings, seed or 0)
        run = replace(run, minutes=DEFAULT_MINUTES)
    if minutes is not None or updates is not None:
        run = replace(run, minutes=minutes or 0.0)
    if precision != "auto":
        run = replace(run, arithmetic=replace(run.arithmetic, precision=precision))
    with training_in(folder):
        known = run if resume is not None else begun(run, folder)
        if known is not None and resume is None:
            console.note(f"going on with the training that was begun in {folder}")
        _train(console, folder, known or run, device, resume=known is not None, events=tensorboard and first)


def _train(console: Console, folder: Path, run: Run, device: str, *, resume: bool, events: bool) -> None:
    """Trains into a folder, shows how it goes, and measures what came of it."""
    from musicae.training.attribute_vectors import work
    from musicae.verbs.train import FITTED_WINDOWS, begin, finish

    with Display(console, folder if events else None) as display:
        trainer = begin(run, folder, device=device, reporter=display, resume=resume)
        console.note(f"training {folder} on {trainer.device} in {trainer.arithmetic.precision}: Ctrl-C stops and saves")
        try:
            trainer.run()
        except KeyboardInterrupt:
            console.note(f"stopped after update {trainer.state.saved}; go on with musicae train --resume {folder}")
            trainer.ranks.leave()
            raise
    trainer.ranks.leave()
    if trainer.ranks.rank == 0:
        with console.progress(
            "fitting attribute vectors", work(min(FITTED_WINDOWS, len(trainer.task.data.train)))
        ) as done:
            metrics = finish(trainer, run, done)
        console.note(f"play it: musicae sample -m {folder}")
        console.data([folder], {"model": str(folder), "updates": trainer.state.update, "test": metrics})


def _planned(
    data: str, preset: str | None, output: Path | None, initial: str, settings: list[str], seed: int
) -> tuple[Path, Run]:
    """Where a new training goes, and what it is."""
    from musicae.corpus.dataset import Dataset
    from musicae.storage.catalog import find_dataset
    from musicae.verbs.train import plan

    dataset, command = Dataset(find_dataset(data)), shlex.join(["musicae", *sys.argv[1:]])
    run = plan(dataset, preset=preset, settings=settings, initial=initial, seed=seed, command=command)
    return output or _free(preset or f"{dataset.representation.name}-{dataset.representation.bars}bar"), run


def _resumed(folder: Path, settings: list[str]) -> Run:
    """The training of a folder, with other settings if some are named."""
    from musicae.config import override
    from musicae.model import TABLES
    from musicae.verbs.train import Run

    run = Run.read(folder)
    for setting in settings:
        run = replace(run, config=override(run.config, setting, TABLES))
    return run


def _free(name: str) -> Path:
    """The first free folder under `models/` in the current folder, where commands find a model by its name."""
    names = chain((name,), (f"{name}-{i:03d}" for i in count(1)))
    return next(path for part in names if not (path := Path("models") / part).exists())


class Display:
    """A training on the terminal: a bar with speed, time left and losses, and a line for every validation.

    Args:
        events: the model folder, if TensorBoard events are wanted.
    """

    def __init__(self, console: Console, events: Path | None = None) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (BarColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
        self.console, self.events = console, events
        self.bar = Progress(*columns, console=stderr(), transient=True, disable=not console.on_terminal)
        self.writer: SummaryWriter | None = None
        self.losses = ""

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
            description=line(f"{max(left, 0) / 60:.0f} min left  update {state.update:,}  {speed}  {self.losses}"),
        )

    def logged(self, state: TrainingState, terms: Metrics) -> None:
        self.losses = "  ".join(f"{name} {value:.3g}" for name, value in terms.items())
        self._record("train", state.update, terms)

    def validated(self, state: TrainingState, metrics: Metrics) -> None:
        shown = "  ".join(f"{name} {value:.3g}" for name, value in metrics.items())
        self._say(f"update {state.update:,}  held out: {shown}")
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


def _writer_class() -> type[SummaryWriter]:
    from musicae.errors import MusicaeError

    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise MusicaeError("TensorBoard is not installed", "pip install 'musicae[tensorboard]'") from None
    return SummaryWriter
