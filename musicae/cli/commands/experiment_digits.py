"""`musicae experiment digits`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from musicae.cli.console import Console
from musicae.cli.options import Device, ExperimentFolder, Json, OnlyRows, Quiet, Seeds, TrainingPrecision, listed

if TYPE_CHECKING:
    from musicae.experiments.images.digit_plan import DigitPlan

DIGITS_EXAMPLES = (
    "musicae experiment digits --only vae,acai --updates 4096",
    "musicae experiment digits --data mnist --figures plane,mixture",
)

DigitData = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="FOLDER",
        show_default="scikit-learn's digits",
        help="The four IDX files that MNIST consists of, packed or not.",
    ),
]
CodeSize = Annotated[Literal["32", "256"], typer.Option(help="Size of a code.")]
FigureNames = Annotated[
    str,
    typer.Option(
        metavar="NAME,...",
        show_default=False,
        help="Draw these figures instead of the table: plane, perturbation, pretraining, mixture, midi.",
    ),
]
MidiFolder = Annotated[
    Path | None, typer.Option("--midi", metavar="FOLDER", show_default=False, help="MIDI files, for the figure midi.")
]
DigitUpdates = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        show_default="16384; of the figures plane, mixture and midi their own",
        help="Updates of every training; 262144 were published.",
    ),
]


def digits(
    data: DigitData = None,
    only: OnlyRows = "",
    code_size: CodeSize = "32",
    figures: FigureNames = "",
    midi: MidiFolder = None,
    seeds: Seeds = 3,
    updates: DigitUpdates = None,
    output: ExperimentFolder = Path("experiments/digits"),
    device: Device = "auto",
    precision: TrainingPrecision = "auto",
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train autoencoders on images of digits, and measure how well a linear classifier reads their codes.

    The table of Berthelot et al. 2018 for MNIST; what they published of SVHN and CIFAR-10 is not reproduced. --figures
    draws other things instead: the codes of a two-dimensional VAE (plane) and of an adversarial autoencoder with a
    mixture as its prior (mixture); the classifier's accuracy under Gaussian and adversarial perturbations
    (perturbation); encoders that pretrain classifiers with few labels (pretraining); the loss of a VAE of
    piano rolls (midi). Ctrl-C stops and saves; the same command goes on, and what is finished is not trained again."""
    console = Console(quiet, json)
    from musicae.cli.display import Display
    from musicae.experiments.images.digit_plan import DigitPlan
    from musicae.experiments.images.image_autoencoders import rows_named

    plan = DigitPlan(
        data=data,
        midi=midi,
        folder=output,
        rows=rows_named(listed(only)) if only else [],
        code_size=int(code_size),
        seeds=seeds,
        updates=updates,
        device=device,
        precision=precision,
        watch=lambda name: Display(console, name=name, numbers=True),
    )
    with console.resumable():
        if figures:
            _draw(console, plan, listed(figures))
        else:
            _compare(console, plan)


def _compare(console: Console, plan: DigitPlan) -> None:
    from musicae.experiments.images.digit_autoencoders import DigitResult, train_digits
    from musicae.experiments.images.digit_report import NOT_REPRODUCED, digit_table
    from musicae.experiments.images.image_autoencoders import rows_named
    from musicae.experiments.results import all_results
    from musicae.storage.atomic import write_atomically

    names = rows_named(plan.rows)
    results = [train_digits(plan, name, seed) for seed in range(plan.seeds) for name in names]
    results += [one for one in all_results(plan.folder, DigitResult) if one.beside(results[0]) and one not in results]
    table = digit_table(results, mnist=plan.digits.is_mnist)
    write_atomically(plan.folder / f"digits-{plan.code_size}.csv", table.csv().encode())
    console.tables([table])
    console.note(NOT_REPRODUCED)
    console.data([plan.folder], {"results": [asdict(result) for result in results]})


def _draw(console: Console, plan: DigitPlan, names: list[str]) -> None:
    from musicae.experiments.images.digit_figures import FIGURES, figures_named
    from musicae.render.svg import beside
    from musicae.storage.atomic import write_atomically

    names, record = figures_named(names), {}
    for name in names:
        figure = FIGURES[name](plan)
        write_atomically(plan.folder / f"{name}.svg", beside(figure.pictures).encode())
        write_atomically(plan.folder / f"{name}.csv", figure.table.csv().encode())
        console.note(f"{name}: {figure.caption}")
        record[name] = [list(figure.table.columns), *figure.table.rows]
    console.data([plan.folder / f"{name}.svg" for name in names], {"figures": record})
