"""`musicae evaluate`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer

from musicae.cli import console as cli
from musicae.cli.console import Console

EXAMPLES = (
    "musicae evaluate melody-2bar tunes",
    "musicae evaluate models/mine data/mine --against melody-2bar -o report",
)


def command(
    model: Annotated[str, typer.Argument(help="An installed model or a model folder.", autocompletion=cli.model_names)],
    data: Annotated[
        str, typer.Argument(help="A folder that musicae preprocess wrote, or the name of one.", show_default="tunes")
    ] = "tunes",
    against: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODEL",
            show_default=False,
            help="Another model to put beside it; repeatable.",
            autocompletion=cli.model_names,
        ),
    ] = None,
    output: Annotated[
        Path | None, cli.folder_option("Write a page with figures, index.html, and the numbers behind it here.")
    ] = None,
    split: cli.Split = "test",
    windows: Annotated[
        int, typer.Option(min=2, metavar="N", help="How many windows are read, and how many samples drawn.")
    ] = 1024,
    pairs: Annotated[int, typer.Option(min=1, metavar="N", help="Pairs of windows to interpolate between.")] = 1024,
    projection: Annotated[
        Literal["pca", "umap"], typer.Option("--map", help="How codes are laid out on the page.")
    ] = "pca",
    seed: cli.WhichSeed = 0,
    force: cli.ForceFolder = False,
    device: cli.Device = "auto",
    precision: cli.Precision = "auto",
    json: cli.Json = False,
    quiet: cli.Quiet = False,
) -> None:
    """Measure everything about a model on held-out music, and say what is wrong with it.

    How well windows come back, how evenly paths lead from one to another, what samples have in common with real music,
    what a code determines, what can be read off it, and what attribute vectors, chords and single dimensions change."""
    console = Console(quiet, json)
    from musicae.corpus.dataset import Dataset
    from musicae.evaluation.evaluate import evaluate
    from musicae.evaluation.study import EvaluationSettings
    from musicae.report import page, tables
    from musicae.report.record import evaluation_record
    from musicae.storage.catalog import find_dataset

    if output:
        page.check_page(output, force=force)
    dataset = Dataset(find_dataset(data))
    models = cli.load_for(dataset, [model, *(against or [])], device, precision)
    names = cli.distinct([net.name for net in models])
    settings = EvaluationSettings(pairs=pairs, samples=windows, projection=projection)
    measure = partial(evaluate, data=dataset, split=split, windows=windows, settings=settings)
    found = {name: measure(net, seed=seed, progress=console.progress) for name, net in zip(names, models, strict=True)}
    console.tables(tables.all_tables(found))
    for name, result in found.items():
        for verdict in result.verdicts():
            console.note(f"{name}: {verdict}")
    if output:
        console.note(f"wrote {page.write_page(output, found)}")
    console.data([output] if output else [], evaluation_record(found))
