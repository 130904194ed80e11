"""`musicae experiment`: what models are worth, on held-out windows."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from musicae.cli import console as cli
from musicae.cli.console import Console

ModelName = Annotated[
    str, typer.Argument(metavar="MODEL", help="An installed model or a model folder.", autocompletion=cli.model_names)
]
Data = Annotated[
    str,
    typer.Option(metavar="DATA", show_default=False, help="A folder that musicae preprocess wrote, or a name of one."),
]
# Plain help, as that of the whole program.
app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Measure what models are worth, on held-out windows.",
    epilog=cli.examples(
        "musicae experiment reconstruction melody-2bar --data tunes",
        "musicae experiment interpolation melody-2bar --data tunes",
    ),
)


@app.command(
    "reconstruction",
    epilog=cli.examples(
        "musicae experiment reconstruction melody-2bar --data tunes",
        "musicae experiment reconstruction melody-2bar models/mine --data tunes --windows 1000 --json",
    ),
)
def reconstruction(
    models: cli.Models,
    data: Data,
    split: cli.Split = "test",
    windows: cli.AtMost = 4096,
    seed: cli.WhichSeed = 0,
    device: cli.Device = "auto",
    precision: cli.Precision = "auto",
    json: cli.Json = False,
    quiet: cli.Quiet = False,
) -> None:
    """Compare how well models give windows back.

    Shares of right steps: given the true steps before (teacher-forced), given the code alone by argmax (free-running)
    and at temperature 1 (sampled); F1 of the onsets by argmax; nll and KL in nats per window. Of several instruments
    also F1 of the notes by argmax, and the share of windows in which the right instruments play. Beside it what a model
    would reach that always holds, and how far each model is from the first one, with 95 % intervals.
    """
    _measure("reconstruction", models, data, split, windows, seed, device, precision, Console(quiet, json))


@app.command(
    "interpolation",
    epilog=cli.examples(
        "musicae experiment interpolation melody-2bar --data tunes",
        "musicae experiment interpolation melody-2bar --data tunes --pairs 64 --points 5 --json",
    ),
)
def interpolation(
    model: ModelName,
    data: Data,
    split: cli.Split = "test",
    pairs: Annotated[int, typer.Option(min=1, metavar="N", help="How many pairs of windows at most.")] = 256,
    points: Annotated[int, typer.Option(min=2, metavar="N", help="Points of each path, both ends included.")] = 11,
    seed: cli.WhichSeed = 0,
    device: cli.Device = "auto",
    precision: cli.Precision = "auto",
    json: cli.Json = False,
    quiet: cli.Quiet = False,
) -> None:
    """Measure the paths between pairs of windows.

    An even path leads from A to B in small steps and never back. Distances to the original windows A and B are in
    units of that between A and B: of tokens, the share that differ; of instruments, Jaccard's; of notes, 1 - F1.
    Beside it a blend in which every step (every track, of several) comes from B with a growing probability; and how
    unlikely the points of both are under a 5-gram model, in units of the costs of A and B.
    """
    settings = {"pairs": pairs, "points": points}
    _measure("interpolation", [model], data, split, 2, seed, device, precision, Console(quiet, json), **settings)


@app.command(
    "samples",
    epilog=cli.examples(
        "musicae experiment samples melody-2bar --data tunes",
        "musicae experiment samples melody-2bar --data tunes --samples 64 --temperature 1 --json",
    ),
)
def samples(
    model: ModelName,
    data: Data,
    split: cli.Split = "test",
    n: Annotated[int, typer.Option("--samples", min=2, metavar="N", help="How many are drawn.")] = 1024,
    windows: cli.AtMost = 1024,
    temperature: cli.Temperature = 0.5,
    seed: cli.WhichSeed = 0,
    device: cli.Device = "auto",
    precision: cli.Precision = "auto",
    json: cli.Json = False,
    quiet: cli.Quiet = False,
) -> None:
    """Compare draws from a model with held-out music.

    Per feature of notes and windows, the area that its distributions in both share, and the KL divergence between
    them; how many samples repeat one another, how many are training windows, and how far they are from the nearest.
    """
    settings = {"samples": n, "temperature": temperature}
    _measure("samples", [model], data, split, windows, seed, device, precision, Console(quiet, json), **settings)


@app.command(
    "attributes",
    epilog=cli.examples(
        "musicae experiment attributes melody-2bar --data tunes",
        "musicae experiment attributes melody-2bar --data tunes --windows 64 --amount 0.5 --json",
    ),
)
def attributes(
    model: ModelName,
    data: Data,
    split: cli.Split = "test",
    windows: cli.AtMost = 256,
    amount: Annotated[
        float, typer.Option(min=0, metavar="A", help="How much of each vector is added and subtracted.")
    ] = 1.0,
    seed: cli.WhichSeed = 0,
    device: cli.Device = "auto",
    precision: cli.Precision = "auto",
    json: cli.Json = False,
    quiet: cli.Quiet = False,
) -> None:
    """Measure what attribute vectors change.

    For every vector and every attribute: the mean change against the reconstruction of the same window, and the share
    of windows that moved in the right direction. Beside it random vectors, for each attribute as long as its own.
    """
    _measure("attributes", [model], data, split, windows, seed, device, precision, Console(quiet, json), amount=amount)


@app.command(
    "chords",
    epilog=cli.examples(
        "musicae experiment chords multitrack-1bar-chords --data mine",
        "musicae experiment chords multitrack-1bar-chords --data mine --samples 64 --temperature 1 --json",
    ),
)
def chords(
    model: ModelName,
    data: Data,
    split: cli.Split = "test",
    samples: Annotated[int, typer.Option(min=2, metavar="N", help="How many codes are drawn.")] = 256,
    windows: cli.AtMost = 4096,
    temperature: cli.Temperature = 0.5,
    seed: cli.WhichSeed = 0,
    device: cli.Device = "auto",
    precision: cli.Precision = "auto",
    json: cli.Json = False,
    quiet: cli.Quiet = False,
) -> None:
    """Measure how a model follows chords.

    Per quality, the share of the sounding time of pitched notes that belongs to the chord asked for: where the model
    is conditioned on it or on the one a tritone from it, and in held-out windows that have such chords. And what stays
    when one code is decoded under C, Am, F and G: the instruments, and F1 of the onsets beside that of other codes.
    """
    settings = {"samples": samples, "temperature": temperature}
    _measure("chords", [model], data, split, windows, seed, device, precision, Console(quiet, json), **settings)


def _measure(
    name: str,
    models: list[str],
    data: str,
    split: str,
    windows: int,
    seed: int,
    device: str,
    precision: str,
    console: Console,
    **settings: Any,
) -> None:
    from musicae.corpus.dataset import Dataset
    from musicae.evaluation.evaluate import evaluate
    from musicae.evaluation.study import EvaluationSettings
    from musicae.report.record import evaluation_record
    from musicae.report.tables import all_tables
    from musicae.storage.catalog import find_dataset

    dataset = Dataset(find_dataset(data))
    nets = cli.load_for(dataset, models, device, precision)
    choice = EvaluationSettings(**settings)
    found = {
        label: evaluate(
            net,
            dataset,
            only=[name],
            split=split,
            windows=windows,
            settings=choice,
            seed=seed,
            progress=console.progress,
        )
        for label, net in zip(cli.distinct(models), nets, strict=True)
    }
    console.tables(all_tables(found))
    console.data([], evaluation_record(found))
