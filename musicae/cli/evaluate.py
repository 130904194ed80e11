"""`musicae evaluate`."""

from __future__ import annotations

from typing import Annotated

import typer

from musicae.cli import console as cli
from musicae.cli import tables
from musicae.cli.console import Console

EXAMPLES = ("musicae evaluate melody-2bar tunes", "musicae evaluate models/mine data/mine --windows 256 --json")


def command(
    model: Annotated[str, typer.Argument(help="An installed model or a model folder.", autocompletion=cli.model_names)],
    data: Annotated[
        str, typer.Argument(help="A folder that musicae preprocess wrote, or the name of one.", show_default="tunes")
    ] = "tunes",
    split: cli.Split = "test",
    windows: Annotated[
        int, typer.Option(min=2, metavar="N", help="How many windows are read, and how many samples drawn.")
    ] = 1024,
    pairs: Annotated[int, typer.Option(min=1, metavar="N", help="Pairs of windows to interpolate between.")] = 1024,
    seed: cli.WhichSeed = 0,
    device: cli.Device = "auto",
    json: cli.Json = False,
    quiet: cli.Quiet = False,
) -> None:
    """Measure everything about a model on held-out music, and say what is wrong with it.

    How well windows come back, how evenly ways lead from one to another, what samples have in common with real music,
    what a code settles, what can be read off it, and what attribute vectors and chords change."""
    console = Console(quiet, json)
    from musicae.corpus.dataset import Dataset
    from musicae.evaluation.evaluate import evaluate
    from musicae.model import load
    from musicae.shelf import find_dataset

    net, dataset = load(model, device), Dataset(find_dataset(data))
    found = evaluate(net, dataset, split=split, windows=windows, pairs=pairs, seed=seed, progress=console.progress)
    title = f"{net.name} on {data}, {split}"
    tables.reconstruction(console, title, {net.name: found.reconstruction}, found.holding, {})
    tables.interpolation(console, title, found.interpolation)
    tables.samples(console, f"{title}: samples beside held-out windows", found.samples)
    tables.agreement(console, title, found.agreement)
    tables.probe(console, title, found.probe)
    if found.attributes:
        tables.attributes(console, title, found.attributes)
    if found.chords:
        tables.chords(console, title, found.chords)
    for verdict in found.verdicts():
        console.note(verdict)
    console.data(
        [], {"model": net.name, "hash": net.hash, "data": data, "split": split, "seed": seed, **found.record()}
    )
