"""`musicae evaluate`."""

from __future__ import annotations

from functools import partial
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from musicae.cli.console import Console, distinct
from musicae.cli.options import (
    Device,
    FixedSeed,
    ForceFolder,
    Json,
    ModelNames,
    Precision,
    Quiet,
    Split,
    Temperature,
    Verbose,
    WindowLimit,
    folder_option,
    listed,
)
from musicae.errors import shortened

if TYPE_CHECKING:
    from musicae.corpus.dataset import Dataset
    from musicae.model import Model

EXAMPLES = (
    "musicae evaluate models/mine melody-2bar --data data/mine -o report",
    "musicae evaluate melody-2bar --only reconstruction,samples --published --windows 256",
)

DataNames = Annotated[
    list[str] | None,
    typer.Option(
        metavar="DATA",
        show_default="those in data/ and in the package",
        help="A data set, for the models that read its kind of music; repeatable.",
    ),
]
Only = Annotated[
    str,
    typer.Option(
        metavar="WHAT,...",
        show_default="everything that fits the model",
        help="Measure only these: reconstruction, interpolation, samples, consistency, probe, attributes, chords, "
        "traversals, map.",
    ),
]
PublishedOption = Annotated[
    bool, typer.Option("--published", help="Put the figures of Roberts et al. 2018 beside the reconstructions.")
]
PageFolder = Annotated[
    Path | None, folder_option("Write a page with figures, index.html, and the numbers behind it here.")
]
PairsOption = Annotated[int, typer.Option(min=1, metavar="N", help="Pairs of windows to interpolate between.")]
PointsOption = Annotated[int, typer.Option(min=2, metavar="N", help="Points of every path, both ends included.")]
Samples = Annotated[int, typer.Option(min=2, metavar="N", help="Number of samples to draw.")]
Amount = Annotated[
    float,
    typer.Option(
        min=0,
        metavar="A",
        help="How much of an attribute's vector is added to codes and subtracted, in lengths of the vector; musicae "
        "attribute counts in standard deviations over music instead.",
    ),
]
ProjectionOption = Annotated[Literal["pca", "umap"], typer.Option("--map", help="How codes are laid out on the page.")]


def command(
    models: ModelNames,
    data: DataNames = None,
    only: Only = "",
    published: PublishedOption = False,
    output: PageFolder = None,
    split: Split = "test",
    windows: WindowLimit = 1024,
    pairs: PairsOption = 1024,
    points: PointsOption = 11,
    samples: Samples = 1024,
    temperature: Temperature = 0.25,
    amount: Amount = 1.0,
    projection: ProjectionOption = "pca",
    seed: FixedSeed = 0,
    force: ForceFolder = False,
    device: Device = "auto",
    precision: Precision = "auto",
    verbose: Verbose = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Measure what models are worth on held-out music, beside one another.

    Faults are named first. How well windows come back, how evenly paths lead from one to another, what
    samples have in common with real music, what a code determines, what can be read off it, and what attribute
    vectors, chords and principal directions change. With --verbose all tables are shown, with --only those
    of what is measured, otherwise a summary."""
    console = Console(quiet, json)
    from musicae.evaluation.evaluate import ALL, evaluate
    from musicae.evaluation.study import EvaluationSettings
    from musicae.model import load
    from musicae.report import page, tables
    from musicae.report.record import evaluation_record
    from musicae.report.summary import summary_tables

    if output:
        page.check_page(output, force=force)
    chosen = [(model, data_for(model, data)) for model in (load(name, device, precision) for name in models)]
    names = distinct([model.name for model, _ in chosen])
    asked = listed(only) or ALL
    settings = EvaluationSettings(pairs, points, samples, temperature, amount, projection=projection)
    measure = partial(evaluate, only=asked, split=split, windows=windows, settings=settings, seed=seed)
    found = {
        name: measure(model, dataset, progress=console.progress)
        for name, (model, dataset) in zip(names, chosen, strict=True)
    }
    for name, result in found.items():
        for verdict in result.verdicts():
            console.note(f"{shortened(name)}: {verdict}")
    for (one, (first, _)), (other, (second, _)) in combinations(zip(names, chosen, strict=True), 2):
        if first.plays_as(second):
            console.note(f"{shortened(one)} and {shortened(other)} have the same weights, but for their samplers")
    for fact in dict.fromkeys(page.facts_of(found)):
        console.note(fact)
    if verbose or only:
        console.tables(tables.all_tables(found, published=published))
    else:
        console.tables(summary_tables(found))
        console.tables(tables.published_tables(found) if published else ())
        console.note("every table: --verbose, or a page with -o")
    if output:
        console.note(f"wrote {page.write_page(output, found, published=published)}")
    console.data([output] if output else [], evaluation_record(found, published=published))


def data_for(model: Model, asked: list[str] | None) -> Dataset:
    """The first of the data sets that were asked for, or of all that are here, that holds what the model reads.

    Raises:
        MusicaeError: none does, or one that was asked for cannot be read.
    """
    from musicae.corpus.dataset import Dataset
    from musicae.errors import MusicaeError
    from musicae.storage.catalog import datasets, find_dataset

    found = []
    for folder in [find_dataset(name) for name in asked] if asked else datasets().values():
        try:
            found.append(Dataset(folder))
        except MusicaeError:
            if asked:
                raise
    wanted = model.representation
    for dataset in found:
        if dataset.representation == wanted:
            return dataset
    held = f"{found[0].folder} holds {found[0].representation}" if len(found) == 1 else "no data set here fits"
    raise MusicaeError(
        f"{held}, {model.name} reads {wanted}",
        kind="other-representation",
        representation=wanted.name,
        arguments=wanted.arguments,
    )
