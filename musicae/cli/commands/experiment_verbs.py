"""`musicae experiment verbs`."""

from __future__ import annotations

from typing import Annotated

import typer

from musicae.cli.commands.evaluate import DataNames, data_for
from musicae.cli.console import Console
from musicae.cli.options import Device, FixedSeed, Json, ModelNames, Precision, Quiet, Split, WindowLimit, listed

VERBS_EXAMPLES = (
    "musicae experiment verbs melody-2bar --data tunes",
    "musicae experiment verbs melody-2bar drums-2bar --data data/tunes --data data/grooves --only vary,interpolate",
)

OnlyVerbs = Annotated[
    str,
    typer.Option(
        metavar="NAME,...", show_default="all", help="vary, interpolate, density, attribute, short, continue, compose."
    ),
]


def verbs(
    models: ModelNames,
    data: DataNames = None,
    only: OnlyVerbs = "",
    split: Split = "test",
    windows: WindowLimit = 60,
    seed: FixedSeed = 0,
    device: Device = "auto",
    precision: Precision = "auto",
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Measure what verbs promise, on held-out music.

    vary: whether as many notes change as were asked for. interpolate: whether all steps are alike. density: how much
    of a tune stays that becomes 30 % denser. attribute: whether attributes move as they should, and what stays.
    short: whether anything sounds after the end of a clip that is shorter than the model. continue: how near what a
    clip goes on with comes to what really follows. compose: whether pieces keep to chords, key and grid, and their bars
    are related."""
    console = Console(quiet, json)
    from musicae.config import pick
    from musicae.evaluation.held_out import held_out, held_out_runs, ngram_of, training_windows
    from musicae.experiments.verbs.held_out import HeldOut, run_length
    from musicae.experiments.verbs.promises import PROMISES, measure_promises
    from musicae.experiments.verbs.tables import promise_tables
    from musicae.model import load

    names = listed(only) or list(PROMISES)
    for name in names:
        pick(PROMISES, name, "promise")
    found = {}
    for model in models:
        net = load(model, device, precision)
        dataset, length = data_for(net, data), sum(run_length(net))
        some = held_out(net, dataset, windows, split=split, seed=seed)
        runs = held_out_runs(net, dataset, windows, length, split=split, seed=seed)
        ngram = ngram_of(net, training_windows(dataset, seed)) if len(dataset.split("train")) else None
        trial = HeldOut.of(net, some.numpy(), runs.numpy(), ngram)
        found[net.name] = measure_promises(trial, names, console.progress)
    console.tables(promise_tables(found))
    console.data([], {"windows": windows, "models": found})
