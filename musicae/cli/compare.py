"""`musicae compare`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from musicae.cli import console as cli
from musicae.cli.console import Console

if TYPE_CHECKING:
    from pathlib import Path

    from musicae.corpus.dataset import Dataset
    from musicae.model import Model

EXAMPLES = ("musicae compare melody-2bar", "musicae compare models/mine models/mine-flat --data data/mine --json")

SHARES = ("holds", "teacher", "paper", "drawn", "paper, drawn")


def command(
    models: Annotated[
        list[str],
        typer.Argument(metavar="MODEL...", help="Installed models or model folders.", autocompletion=cli.model_names),
    ],
    data: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DATA",
            show_default="those in data/ and in the package",
            help="A data set, for the models that read its kind of music; repeatable.",
        ),
    ] = None,
    split: cli.Split = "test",
    windows: Annotated[int, typer.Option(min=2, metavar="N", help="How many windows to read at most.")] = 1024,
    seed: cli.WhichSeed = 0,
    device: cli.Device = "auto",
    json: cli.Json = False,
    quiet: cli.Quiet = False,
) -> None:
    """Compare how well models of any kinds give windows back, beside what was published.

    Shares of right steps on held-out music, given the true steps before (teacher) and given the code alone at
    temperature 1 (drawn), beside those of a model that always holds, and of the nearest model of Roberts et al. 2018,
    which saw other music."""
    console = Console(quiet, json)
    from musicae.evaluation import reconstruction
    from musicae.evaluation.published import published
    from musicae.evaluation.windows import held_out
    from musicae.model import load
    from musicae.report.table import Table
    from musicae.shelf import datasets, find_dataset

    places = [find_dataset(name) for name in data] if data else list(datasets().values())
    chosen = [(net, _data_for(net, places)) for net in (load(name, device) for name in models)]
    rows: list[dict[str, str | int | float | None]] = []
    with console.progress("reconstructing") as done:
        for net, dataset in chosen:
            tokens = held_out(net, dataset, windows, split=split, seed=seed)
            found = reconstruction.measure(net, tokens, seed=seed, progress=done)
            holding, decoder = reconstruction.holding(net, tokens), net.config.decoder.name
            theirs = published(net.representation, decoder)
            for field, scores in found.fields.items():
                rows.append(
                    {
                        "model": net.name,
                        "field": field,
                        "data": dataset.folder.name,
                        "seen": found.windows_seen or None,
                        "holds": holding[field].drawn,
                        "teacher": scores.teacher,
                        "paper": theirs[field].teacher if field in theirs else None,
                        "drawn": scores.drawn,
                        "paper, drawn": theirs[field].drawn if field in theirs else None,
                    }
                )
    columns = {"model": "", "field": "", "seen": ",", **dict.fromkeys(SHARES, ".3f")}
    title = f"Share of right steps, {split} split, at most {windows} windows a model"
    console.tables([Table("compare", title, columns, [[row[column] for column in columns] for row in rows])])
    console.data([], {"split": split, "windows": windows, "seed": seed, "rows": rows})


def _data_for(net: Model, places: list[Path]) -> Dataset:
    """The first of the data sets that holds what the model reads."""
    from musicae.corpus.dataset import Dataset
    from musicae.errors import MusicaeError

    for place in places:
        dataset = Dataset(place)
        if dataset.representation == net.representation:
            return dataset
    raise MusicaeError(
        f"no data set here holds {net.representation}, which {net.name} reads", net.representation.made_by
    )
