"""`musicae experiment lines`, `digits`, `objectives` and `verbs`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from musicae.cli.commands.experiment_digits import DIGITS_EXAMPLES, digits
from musicae.cli.commands.experiment_verbs import VERBS_EXAMPLES, verbs
from musicae.cli.console import Console, examples
from musicae.cli.options import (
    Device,
    ExperimentFolder,
    Json,
    OnlyRows,
    Quiet,
    Seeds,
    SettingTexts,
    TrainingPrecision,
    listed,
)

if TYPE_CHECKING:
    from musicae.experiments.images.line_autoencoders import LineResult
    from musicae.experiments.music.music_objectives import Comparison, Trial, TrialResult

LINES_EXAMPLES = ("musicae experiment lines --only autoencoder,acai --updates 4096", "musicae experiment lines --json")

OBJECTIVES_EXAMPLES = (
    "musicae experiment objectives --list",
    "musicae experiment objectives data/mine --only vae,wae,acai --updates 1000",
)

LineUpdates = Annotated[int, typer.Option(min=1, metavar="N", help="Updates of every training; 262144 were published.")]
MusicData = Annotated[
    str, typer.Argument(metavar="[DATA]", help="A folder that musicae preprocess wrote, or the name of one.")
]
MusicPreset = Annotated[
    str | None, typer.Option("--preset", metavar="NAME", show_default="the one for DATA", help="A named configuration.")
]
FewLabels = Annotated[
    bool,
    typer.Option(
        "--few-labels",
        help="Train aae-semi with the labels of 22.2, 10.8 and 5.25 % of the windows as well.",
    ),
]
Collections = Annotated[
    str,
    typer.Option(
        "--collections",
        metavar="DATA",
        show_default=False,
        help="The same music labeled by folder: which one a window is from is read off codes, too.",
    ),
]
ListThem = Annotated[bool, typer.Option("--list", help="List the objectives, and train nothing.")]

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, epilog=examples(*LINES_EXAMPLES))


@app.callback()
def experiment() -> None:
    """Compare autoencoders as the literature did; measure what verbs promise."""


@app.command("lines", epilog=examples(*LINES_EXAMPLES))
def lines(
    only: OnlyRows = "",
    seeds: Seeds = 3,
    updates: LineUpdates = 16_384,
    output: ExperimentFolder = Path("experiments/lines"),
    device: Device = "auto",
    precision: TrainingPrecision = "auto",
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train autoencoders on images of radii, and score the paths between their codes (Berthelot et al. 2018).

    An autoencoder takes an hour or several. Ctrl-C stops and saves; the same command goes on, and what is finished is
    not trained again. The table has all that is finished in the output folder after so many updates."""
    console = Console(quiet, json)
    from musicae.experiments.images.image_autoencoders import rows_named
    from musicae.experiments.images.line_autoencoders import LineResult
    from musicae.experiments.images.line_report import line_picture, line_record, line_remarks, line_table
    from musicae.experiments.results import all_results
    from musicae.storage.atomic import write_atomically

    names = rows_named(listed(only))
    results = []
    with console.resumable():
        for seed in range(seeds):
            results += [
                _trained(console, name, seed, updates, output / f"{name}-{seed}", device, precision) for name in names
            ]
    results += [one for one in all_results(output, LineResult) if one.updates == updates and one not in results]
    table = line_table(results)
    write_atomically(output / "lines.csv", table.csv().encode())
    write_atomically(output / "lines.svg", line_picture(results).encode())
    console.tables([table])
    for remark in line_remarks(results):
        console.note(remark)
    console.data([output], line_record(results))


app.command("digits", epilog=examples(*DIGITS_EXAMPLES))(digits)
app.command("verbs", epilog=examples(*VERBS_EXAMPLES))(verbs)


@app.command("objectives", epilog=examples(*OBJECTIVES_EXAMPLES))
def objectives(
    data: MusicData = "tunes",
    only: OnlyRows = "",
    list_them: ListThem = False,
    preset: MusicPreset = None,
    seeds: Seeds = 1,
    updates: Annotated[int, typer.Option(min=1, metavar="N", help="Updates of every training.")] = 2_000,
    settings: SettingTexts = None,
    few_labels: FewLabels = False,
    collections: Collections = "",
    output: ExperimentFolder = Path("experiments/objectives"),
    device: Device = "auto",
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train a model under every objective on the same music, and measure what each is good for.

    Those that need labels are left out where DATA has none. Ctrl-C stops and saves; the same command goes on, and what
    is finished is neither trained nor measured again. Tables have all that is finished in the output folder after so
    many updates, and go there as well, with pictures of them."""
    console = Console(quiet, json)
    if list_them:
        _list_objectives(console)
        return
    from musicae.corpus.dataset import Dataset
    from musicae.experiments.music.label_probes import LABEL_SHARES
    from musicae.experiments.music.music_objectives import Comparison, results_beside, trials_of
    from musicae.experiments.music.objective_tables import objective_tables
    from musicae.storage.catalog import find_dataset

    dataset = Dataset(find_dataset(data))
    beside = Dataset(find_dataset(collections)) if collections else None
    comparison = Comparison(dataset, output, preset, device, settings or (), beside)
    shares = LABEL_SHARES if few_labels else ()
    trials = trials_of(listed(only), dataset, seeds=seeds, updates=updates, label_shares=shares)
    with console.resumable():
        results = [_objective(console, comparison, trial, f"{i} of {len(trials)}") for i, trial in enumerate(trials, 1)]
    results += results_beside(trials, comparison, updates)
    _write_comparison(output, results)
    console.tables(objective_tables(results))
    console.data([output], {"results": [asdict(result) for result in results]})


def _objective(console: Console, comparison: Comparison, trial: Trial, place: str) -> TrialResult:
    from musicae.cli.display import Display
    from musicae.cli.hints import ADVICE
    from musicae.experiments.music.music_objectives import run_trial

    advice = {"collapsed": ADVICE["collapsed"]}  # the others are for trainings that one goes on with
    with Display(console, name=f"{trial.name} ({place})", numbers=True, advice=advice) as display:
        return run_trial(trial, comparison, display)


def _write_comparison(folder: Path, results: list[TrialResult]) -> None:
    from musicae.experiments.music.objective_figures import objective_figures
    from musicae.experiments.music.objective_tables import everything, objective_tables
    from musicae.storage.atomic import write_atomically

    for table in [everything(results), *objective_tables(results)]:
        write_atomically(folder / f"{table.name}.csv", table.csv().encode())
    for name, picture in objective_figures(results):
        write_atomically(folder / f"{name}.svg", picture.encode())


def _list_objectives(console: Console) -> None:
    from musicae.objectives import OBJECTIVES
    from musicae.report.table import Table

    rows: list[list[str | int | float | None]] = [[name, one.summary, one.source] for name, one in OBJECTIVES.items()]
    console.tables([Table("objectives", "", {"objective": "", "what it is": "", "source": ""}, rows)])
    console.data(list(OBJECTIVES), {"objectives": {name: one.summary for name, one in OBJECTIVES.items()}})


def _trained(
    console: Console, name: str, seed: int, updates: int, folder: Path, device: str, precision: str
) -> LineResult:
    from musicae.cli.display import Display
    from musicae.experiments.images.line_autoencoders import train_lines

    with Display(console, name=f"{name}, seed {seed}", numbers=True) as display:
        return train_lines(name, seed, updates, folder, device=device, precision=precision, reporter=display)
