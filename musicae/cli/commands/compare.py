"""`musicae compare`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from musicae.cli import console as cli
from musicae.cli.console import Console

if TYPE_CHECKING:
    from musicae.corpus.dataset import Dataset
    from musicae.model import Model

EXAMPLES = ("musicae compare melody-2bar", "musicae compare models/mine models/mine-flat --data data/mine --json")


def command(
    models: cli.Models,
    data: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DATA",
            show_default="those in data/ and in the package",
            help="A data set, for the models that read its kind of music; repeatable.",
        ),
    ] = None,
    split: cli.Split = "test",
    windows: cli.AtMost = 1024,
    seed: cli.WhichSeed = 0,
    device: cli.Device = "auto",
    precision: cli.Precision = "auto",
    json: cli.Json = False,
    quiet: cli.Quiet = False,
) -> None:
    """Compare how well models of any kinds give windows back, beside what was published.

    Shares of right steps on held-out music at temperature 1, given the true steps before (teacher-forced) and given
    the code alone (sampled), beside those of a model that always holds, and of the nearest model of Roberts et al.
    2018, which saw other music."""
    console = Console(quiet, json)
    from musicae.evaluation.evaluate import evaluate
    from musicae.model import load
    from musicae.report.record import evaluation_record
    from musicae.report.tables import published_tables

    chosen = [(net, _data_for(net, data)) for net in (load(name, device, precision) for name in models)]
    names = cli.distinct([net.name for net, _ in chosen])
    measure = partial(evaluate, only=["reconstruction"], split=split, windows=windows, seed=seed)
    found = {
        name: measure(net, dataset, progress=console.progress)
        for name, (net, dataset) in zip(names, chosen, strict=True)
    }
    console.tables(published_tables(found))
    console.data([], evaluation_record(found, published=True))


def _data_for(net: Model, asked: list[str] | None) -> Dataset:
    """The first of the data sets that were asked for, or of all that are here, that holds what the model reads."""
    from musicae.corpus.dataset import Dataset
    from musicae.errors import MusicaeError
    from musicae.storage.catalog import datasets, find_dataset

    for place in [find_dataset(name) for name in asked] if asked else datasets().values():
        try:
            dataset = Dataset(place)
        except MusicaeError:
            if asked:
                raise
            continue  # one that nobody asked for
        if dataset.representation == net.representation:
            return dataset
    wanted = net.representation
    message = f"no data set here holds {wanted}, which {net.name} reads"
    kind, arguments = "other-representation", wanted.arguments
    raise MusicaeError(message, kind=kind, representation=wanted.name, arguments=arguments)
