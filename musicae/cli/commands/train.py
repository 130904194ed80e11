"""`musicae train`."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import replace
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from musicae.cli.console import Console
from musicae.cli.display import Display, check_tensorboard
from musicae.cli.hints import ADVICE
from musicae.cli.options import (
    LARGEST_SEED,
    Device,
    Json,
    Quiet,
    SettingTexts,
    TrainingPrecision,
    Verbose,
    folder_option,
    objective_names,
    preset_names,
)
from musicae.objectives import OBJECTIVES

if TYPE_CHECKING:
    from musicae.training.run import Run

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
ObjectiveName = Annotated[
    str,
    typer.Option(
        "--objective",
        help=f"What it is trained for, in place of the preset's own: {', '.join(OBJECTIVES)}.",
        metavar="NAME",
        show_default="the preset's",
        autocompletion=objective_names,
    ),
]
ModelFolder = Annotated[Path | None, folder_option("Where the model goes. Without it: a free name in models/.")]
Minutes = Annotated[
    float | None,
    typer.Option(
        min=0.01,
        metavar="M",
        show_default="20 without --updates",
        help="Stop after this time in total, resumed parts included. Raising it raises the learning rate again.",
    ),
]
Updates = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", show_default=False, help="Stop after this many updates, if the time allows."),
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
TensorBoard = Annotated[bool, typer.Option("--tensorboard", help="Write TensorBoard events too.")]


def command(
    data: TrainingData = None,
    preset: Preset = None,
    objective: ObjectiveName = "",
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
    verbose: Verbose = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train a model on a data set; the weights that do best on held-out songs are kept.

    Ctrl-C stops and saves; musicae train --resume FOLDER goes on, and so does the same command with the same -o, even
    after a crash. The learning rate falls until the end, by updates or by minutes, whichever comes first; with
    only --updates, the weights are those of a training that was never stopped.
    """
    first = os.environ.get("RANK", "0") == "0"  # of the processes that torchrun started
    console = Console(quiet or not first, json)
    from musicae.training.outcome import outcome_of

    if resume is not None:
        if any((data, preset, objective, output, initial, seed is not None)):
            raise typer.BadParameter("--resume goes on with the settings of its training; omit the others")
        if not settings and (outcome := outcome_of(resume, updates=updates, minutes=minutes)):
            console.note(f"this training has ended{ADVICE['ended']()}")
            if first:
                _deliver(console, resume, outcome.updates, outcome.test)
            return
    from musicae.verbs.train import begun, training_in

    if tensorboard:
        check_tensorboard()  # or fail before anything is made

    settings = [*(settings or []), *([f"training.updates={updates}"] if updates else [])]
    if resume is not None:
        folder, run = resume, _resumed(resume, settings)
    else:
        folder, run = _planned(data or "tunes", preset, objective, output, initial, settings, seed or 0)
        run = replace(run, minutes=DEFAULT_MINUTES)
    if minutes is not None or updates is not None:
        run = replace(run, minutes=minutes or 0.0)
    if precision != "auto":
        run = replace(run, arithmetic=replace(run.arithmetic, precision=precision))
    with training_in(folder):
        known = run if resume is not None else begun(run, folder)
        if known is not None and resume is None:
            console.note(f"going on with the training that was begun in {folder}")
        display = Display(console, folder if tensorboard and first else None, numbers=verbose)
        _train(console, folder, known or run, device, display, resume=known is not None)


def _deliver(console: Console, folder: Path, updates: int, test: Mapping[str, float]) -> None:
    console.note(f"play it: musicae sample -m {folder}")
    console.data([folder], {"model": str(folder), "updates": updates, "test": dict(test)})


def _train(console: Console, folder: Path, run: Run, device: str, display: Display, *, resume: bool) -> None:
    """Trains into a folder, shows how it goes, and measures what came of it."""
    from musicae.training.attribute_vectors import fit_progress_total
    from musicae.training.sampler_training import learn_sampler
    from musicae.verbs.train import begin, finish, vector_windows

    again = f"go on with musicae train --resume {folder}"
    with display:
        trainer = begin(run, folder, device=device, reporter=display, resume=resume)
        how = f" on {trainer.device} in {trainer.arithmetic.precision}" if display.numbers else ""
        console.note(f"training {folder}{how}: Ctrl-C stops and saves")
        try:
            trainer.run()
        except KeyboardInterrupt:
            console.note(f"stopped after update {trainer.state.saved}; {again}")
            trainer.ranks.leave()
            raise
    trainer.ranks.leave()
    if trainer.ranks.rank:
        return
    try:
        with Display(console, name="where samples come from:", numbers=display.numbers) as display:
            learn_sampler(trainer, Path(run.data), display)
        windows = vector_windows(trainer)
        console.note(f"learning what makes music denser, higher, ... from {windows:,} windows")
        with console.progress("attributes:", fit_progress_total(windows)) as done:
            metrics = finish(trainer, run, done)
    except KeyboardInterrupt:
        console.note(f"stopped before the model was whole; {again}")
        raise
    _deliver(console, folder, trainer.state.update, metrics)


def _planned(
    data: str,
    preset: str | None,
    objective: str,
    output: Path | None,
    initial: str,
    settings: list[str],
    seed: int,
) -> tuple[Path, Run]:
    """Where a new training goes, and what it is."""
    from musicae.corpus.dataset import Dataset
    from musicae.storage.catalog import find_dataset
    from musicae.verbs.train import plan

    dataset, command = Dataset(find_dataset(data)), shlex.join(["musicae", *sys.argv[1:]])
    run = plan(
        dataset,
        preset=preset,
        objective=objective,
        settings=settings,
        initial=initial,
        seed=seed,
        command=command,
    )
    name = preset or f"{dataset.representation.name}-{dataset.representation.bars}bar"
    return output or _free(f"{name}-{objective}" if objective else name), run


def _resumed(folder: Path, settings: list[str]) -> Run:
    """The training of a folder, with other settings if some are named."""
    from musicae.model import TABLES
    from musicae.settings import override
    from musicae.training.run import Run

    run = Run.read(folder)
    for setting in settings:
        run = replace(run, config=override(run.config, setting, TABLES))
    return run


def _free(name: str) -> Path:
    """The first free folder under `models/` in the current folder, where commands find a model by its name."""
    names = chain((name,), (f"{name}-{i:03d}" for i in count(1)))
    return next(path for part in names if not (path := Path("models") / part).exists())
