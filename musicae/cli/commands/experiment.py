"""`musicae experiment`: what models are worth, on held-out windows."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from musicae.cli import console as cli
from musicae.cli.console import Console

if TYPE_CHECKING:
    from musicae.corpus.dataset import Dataset
    from musicae.evaluation.reconstruction import Interval, Reconstruction

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

    Shares of right steps: given the true steps before (teacher), given the code alone by argmax (free) and at
    temperature 1 (drawn); F1 of the onsets by argmax; nll and KL in nats per window. Of several instruments also F1 of
    the notes by argmax, and the share of windows in which the right instruments play. Beside it what a model would
    reach that always holds, and how far each model is from the first one, with 95 % intervals.
    """
    console = Console(quiet, json)
    from musicae.evaluation import reconstruction as experiment
    from musicae.evaluation.held_out import held_out
    from musicae.report import tables

    dataset = _open(data)
    nets = cli.load_for(dataset, models, device, precision)
    tokens, names = held_out(nets[0], dataset, windows, split=split, seed=seed), cli.distinct(models)
    with console.progress("reconstructing", 3 * len(nets) * len(tokens)) as done:
        found = {
            name: experiment.measure(net, tokens, seed=seed, progress=done)
            for name, net in zip(names, nets, strict=True)
        }
    first, *others = found
    holding = experiment.holding(nets[0], tokens)
    apart = {name: experiment.differences(found[name], found[first]) for name in others}
    console.note(f"{len(tokens)} windows of {data}, {split}")
    console.tables(tables.reconstruction(found, holding, apart))
    records = [_record(name, result, apart.get(name)) for name, result in found.items()]
    drawn = {"data": data, "split": split, "windows": len(tokens), "seed": seed}
    console.data([], {**drawn, "models": records, "holds": {name: asdict(scores) for name, scores in holding.items()}})


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
    points: Annotated[int, typer.Option(min=2, metavar="N", help="Points of each way, both ends included.")] = 11,
    seed: cli.WhichSeed = 0,
    device: cli.Device = "auto",
    precision: cli.Precision = "auto",
    json: cli.Json = False,
    quiet: cli.Quiet = False,
) -> None:
    """Measure the ways between pairs of windows.

    An even way leads from A to B in small steps and never back. Distances to the original windows A and B are in
    units of that between A and B: of tokens, the share that differ; of instruments, Jaccard's; of notes, 1 - F1.
    Beside it a blend in which every step (every track, of several) comes from B with a growing probability; and how
    unlikely the points of both are under a 5-gram model, in units of the costs of A and B.
    """
    console = Console(quiet, json)
    from musicae.evaluation.held_out import held_out, ngram_of, training_windows
    from musicae.evaluation.interpolation import measure
    from musicae.model import load
    from musicae.report import tables

    net, dataset = load(model, device, precision), _open(data)
    tokens = held_out(net, dataset, 2 * pairs, split=split, seed=seed)
    language = ngram_of(net, training_windows(dataset, seed))
    with console.progress("interpolating", len(tokens) // 2 * points) as done:
        result = measure(net, tokens, language, points=points, seed=seed, progress=done)
    console.note(f"{model}, {result.pairs} pairs of {data}, {split}")
    console.tables(tables.interpolation({model: result}))
    console.data([], {"model": net.name, "data": data, "split": split, "seed": seed, **asdict(result)})


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
    console = Console(quiet, json)
    from musicae.evaluation.held_out import held_out, known_to, ngram_of, training_windows
    from musicae.evaluation.prior_samples import measure
    from musicae.model import load
    from musicae.report import tables

    net, dataset = load(model, device, precision), _open(data)
    real, heard = held_out(net, dataset, windows, split=split, seed=seed), training_windows(dataset, seed)
    with console.progress("drawing", n) as done:
        result = measure(
            net,
            real,
            heard,
            ngram_of(net, heard),
            known_to(net, dataset.split("train"), seed),
            samples=n,
            temperature=temperature,
            seed=seed,
            progress=done,
        )
    console.note(f"{model}: {n} samples beside {len(real)} windows of {data}, {split}")
    console.tables(tables.samples({model: result}))
    console.data([], {"model": net.name, "data": data, "split": split, "seed": seed, **asdict(result)})


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
    console = Console(quiet, json)
    from musicae.evaluation.attribute_effects import decodings, measure
    from musicae.evaluation.held_out import held_out
    from musicae.model import load
    from musicae.report import tables

    net, dataset = load(model, device, precision), _open(data)
    tokens = held_out(net, dataset, windows, split=split, seed=seed)
    with console.progress("moving", len(tokens) * decodings(len(net.attributes))) as done:
        result = measure(net, tokens, amount=amount, seed=seed, progress=done)
    console.note(f"{model}: {result.windows} windows of {data}, {split}")
    console.tables(tables.attributes({model: result}))
    console.data([], {"model": net.name, "data": data, "split": split, "seed": seed, **asdict(result)})


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
    is told it, where it is told the one a tritone away, and in held-out windows that have such chords. And what stays
    when one code is decoded under C, Am, F and G: the instruments, and F1 of the onsets beside that of other codes.
    """
    console = Console(quiet, json)
    from musicae.evaluation.chord_following import decodings, measure
    from musicae.evaluation.held_out import held_out
    from musicae.model import load
    from musicae.report import tables

    net, dataset = load(model, device, precision), _open(data)
    tokens = held_out(net, dataset, windows, split=split, seed=seed)
    with console.progress("decoding", decodings(samples)) as done:
        result = measure(net, tokens, samples=samples, temperature=temperature, seed=seed, progress=done)
    console.note(f"{model}: {samples} samples, {len(tokens)} windows of {data}, {split}")
    console.tables(tables.chords({model: result}))
    console.data([], {"model": net.name, "data": data, "split": split, "seed": seed, **asdict(result)})


def _open(data: str) -> Dataset:
    from musicae.corpus.dataset import Dataset
    from musicae.storage.catalog import find_dataset

    return Dataset(find_dataset(data))


def _record(name: str, result: Reconstruction, apart: dict[str, dict[str, Interval]] | None) -> dict[str, Any]:
    from musicae.evaluation.reconstruction import plain

    return {"model": name, **result.record(), "beyond_first": plain(apart or {})}
