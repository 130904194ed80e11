"""`musicae experiment`: what models are worth, on held-out windows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from musicae.cli import console as cli
from musicae.cli.console import Console

if TYPE_CHECKING:
    from torch import Tensor

    from musicae.corpus.dataset import Dataset
    from musicae.evaluation.attributes import Matrix
    from musicae.evaluation.interpolation import Ways
    from musicae.evaluation.ngram import Language
    from musicae.evaluation.reconstruction import Interval, Reconstruction, Scores
    from musicae.model import Model

ModelName = Annotated[
    str, typer.Argument(metavar="MODEL", help="An installed model or a model folder.", autocompletion=cli.model_names)
]
Models = Annotated[
    list[str],
    typer.Argument(metavar="MODEL", help="Installed models or model folders.", autocompletion=cli.model_names),
]
Data = Annotated[
    str,
    typer.Option(metavar="DATA", show_default=False, help="A folder that musicae preprocess wrote, or a name of one."),
]
HEARD = 20_000
"""Training windows that a language model learns from."""

Split = Annotated[Literal["train", "validation", "test"], typer.Option(help="Which part of the data is read.")]
Seed = Annotated[
    int, typer.Option(min=0, max=cli.LARGEST_SEED, metavar="N", help="Which windows are read, and all that is drawn.")
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
    models: Models,
    data: Data,
    split: Split = "test",
    windows: Annotated[int, typer.Option(min=2, metavar="N", help="How many windows to read at most.")] = 4096,
    seed: Seed = 0,
    device: cli.Device = "auto",
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
    from musicae.evaluation.windows import held_out
    from musicae.model import load

    dataset, found = _open(data), {}
    total = 3 * len(models) * min(windows, _windows(dataset, split))
    with console.progress("reconstructing", total) as done:
        for name in models:
            net = load(name, device)
            tokens = held_out(net, dataset, windows, split=split, seed=seed)
            found[name] = experiment.measure(net, tokens, seed=seed, progress=done)
    first, *others = found
    holding = experiment.holding(net, tokens)
    apart = {name: experiment.differences(found[name], found[first]) for name in others}
    _report(console, f"{len(tokens)} windows of {data}, {split}", found, holding, apart)
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
    split: Split = "test",
    pairs: Annotated[int, typer.Option(min=1, metavar="N", help="How many pairs of windows at most.")] = 256,
    points: Annotated[int, typer.Option(min=2, metavar="N", help="Points of each way, both ends included.")] = 11,
    seed: Seed = 0,
    device: cli.Device = "auto",
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
    from musicae.evaluation.interpolation import measure
    from musicae.evaluation.windows import held_out
    from musicae.model import load

    net, dataset = load(model, device), _open(data)
    tokens = held_out(net, dataset, 2 * pairs, split=split, seed=seed)
    language = None if net.autoencoder.grid.ragged else _language(net, dataset.split("train").sample(HEARD, seed))
    with console.progress("interpolating", len(tokens) // 2 * points) as done:
        result = measure(net, tokens, language, points=points, seed=seed, progress=done)
    for name, ways in result.ways.items():
        title = f"{model}: distance of {name} over {result.pairs} pairs of {data}, {split}"
        console.table(title, ("", "to A", "to B", "blend to A", "blend to B"), _ways(ways))
    if result.costs:
        rows = (
            [f"{point / (points - 1):.2f}", *(f"{way[point]:.3f}" for way in (result.costs.latent, result.costs.blend))]
            for point in range(points)
        )
        console.table("cost under a 5-gram model of training windows", ("", "model", "blend"), rows)
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
    split: Split = "test",
    n: Annotated[int, typer.Option("--samples", min=2, metavar="N", help="How many are drawn.")] = 1024,
    windows: Annotated[int, typer.Option(min=2, metavar="N", help="How many windows to read at most.")] = 1024,
    temperature: cli.Temperature = 0.5,
    seed: Seed = 0,
    device: cli.Device = "auto",
    json: cli.Json = False,
    quiet: cli.Quiet = False,
) -> None:
    """Compare draws from a model with held-out music.

    Per feature of notes and windows, the area that its distributions in both share, and the KL divergence between
    them; how many samples repeat one another, how many are training windows, and how far they are from the nearest.
    """
    console = Console(quiet, json)
    from musicae.evaluation.samples import measure
    from musicae.evaluation.windows import held_out
    from musicae.model import load

    net, dataset = load(model, device), _open(data)
    real, heard = held_out(net, dataset, windows, split=split, seed=seed), dataset.split("train").sample(HEARD, seed)
    language = None if net.autoencoder.grid.ragged else _language(net, heard)
    with console.progress("drawing", n) as done:
        result = measure(net, real, heard, language, samples=n, temperature=temperature, seed=seed, progress=done)
    rows = ([name, f"{like.overlap:.3f}", f"{like.divergence:.3f}"] for name, like in result.likeness.items())
    title = f"{model}: {n} samples beside {len(real)} windows of {data}, {split}"
    console.table(title, ("feature", "overlap", "divergence"), rows)
    facts = {
        "samples that repeat another one": f"{result.repeated:.1%}",
        "samples that are training windows": f"{result.copies:.1%}",
        f"distance to the nearest of {len(heard)} training windows": f"{result.nearest:.3f}",
        "the same of held-out windows": f"{result.nearest_real:.3f}",
    }
    console.table("new or learned by heart", ("", ""), facts.items())
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
    split: Split = "test",
    windows: Annotated[int, typer.Option(min=2, metavar="N", help="How many windows to read at most.")] = 256,
    amount: Annotated[
        float, typer.Option(min=0, metavar="A", help="How much of each vector is added and subtracted.")
    ] = 1.0,
    seed: Seed = 0,
    device: cli.Device = "auto",
    json: cli.Json = False,
    quiet: cli.Quiet = False,
) -> None:
    """Measure what attribute vectors change.

    For every vector and every attribute: the mean change against the reconstruction of the same window, and the share
    of windows that moved in the right direction. Beside it random vectors, for each attribute as long as its own.
    """
    console = Console(quiet, json)
    from musicae.evaluation.attributes import decodings, measure
    from musicae.evaluation.windows import held_out
    from musicae.model import load

    net, dataset = load(model, device), _open(data)
    tokens = held_out(net, dataset, windows, split=split, seed=seed)
    with console.progress("moving", len(tokens) * decodings(len(net.attributes))) as done:
        result = measure(net, tokens, amount=amount, seed=seed, progress=done)
    title = f"{model}: {amount:g} of every vector, {result.windows} windows of {data}, {split}"
    header = ("attribute", "", "before", "change", "right", "random", "right")
    console.table(title, header, _own_effects(result))
    for direction in ("add", "subtract"):
        console.table(f"change when we {direction}", ("vector", *result.before), _changes(result, direction))
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
    split: Split = "test",
    samples: Annotated[int, typer.Option(min=2, metavar="N", help="How many codes are drawn.")] = 256,
    windows: Annotated[int, typer.Option(min=2, metavar="N", help="How many windows to read at most.")] = 4096,
    temperature: cli.Temperature = 0.5,
    seed: Seed = 0,
    device: cli.Device = "auto",
    json: cli.Json = False,
    quiet: cli.Quiet = False,
) -> None:
    """Measure how a model follows chords.

    Per quality, the share of the sounding time of pitched notes that belongs to the chord asked for: where the model
    is told it, where it is told the one a tritone away, and in held-out windows that have such chords. And what stays
    when one code is decoded under C, Am, F and G: the instruments, and F1 of the onsets beside that of other codes.
    """
    console = Console(quiet, json)
    from musicae.evaluation.chords import decodings, measure
    from musicae.evaluation.windows import held_out
    from musicae.model import load

    net, dataset = load(model, device), _open(data)
    tokens = held_out(net, dataset, windows, split=split, seed=seed)
    with console.progress("decoding", decodings(samples)) as done:
        result = measure(net, tokens, samples=samples, temperature=temperature, seed=seed, progress=done)
    rows = (
        [quality, *("" if value is None else f"{value:.3f}" for value in asdict(share).values())]
        for quality, share in result.shares.items()
    )
    title = f"{model}: note time on the asked chord, {samples} samples; {len(tokens)} windows of {data}, {split}"
    console.table(title, ("chord", "told it", "told its tritone", "real"), rows)
    kept = [[name.replace("_", " "), f"{value:.3f}"] for name, value in asdict(result.kept).items()]
    console.table("one code under C, Am, F and G", ("", "share"), kept)
    console.data([], {"model": net.name, "data": data, "split": split, "seed": seed, **asdict(result)})


def _language(model: Model, heard: Tensor) -> Language:
    """A language model of training windows."""
    from musicae.evaluation.ngram import Language

    return Language([field.vocabulary for field in model.representation.shape.fields], heard.numpy())


def _open(data: str) -> Dataset:
    from musicae.corpus.dataset import Dataset
    from musicae.shelf import find_dataset

    return Dataset(find_dataset(data))


def _windows(dataset: Dataset, split: str) -> int:
    windows: int = dataset.manifest["splits"][split]["windows"]
    return windows


def _report(
    console: Console,
    title: str,
    found: dict[str, Reconstruction],
    holding: dict[str, Scores],
    apart: dict[str, dict[str, dict[str, Interval]]],
) -> None:
    header = ("model", "parameters", "windows seen", "nll", "KL", "active")
    console.table(title, header, (_summary(name, result) for name, result in found.items()))
    notes = [[name, *map("{:.3f}".format, asdict(r.notes).values())] for name, r in found.items() if r.notes]
    if notes:
        console.table("what is heard", ("model", "note F1", "same instruments"), notes)
    fields = {**{name: result.fields for name, result in found.items()}, "always holds": holding}
    console.table("share of right steps", ("model", "field", "teacher", "free", "drawn", "onset F1"), _scores(fields))
    if apart:
        title = f"how much larger than that of {next(iter(found))}, with 95 % intervals"
        console.table(title, ("model", "field", "free", "drawn"), _differences(apart))


def _summary(name: str, result: Reconstruction) -> list[str]:
    seen = f"{result.windows_seen:,}" if result.windows_seen else "unknown"
    kl = "" if result.kl is None else f"{result.kl:.2f}"
    return [name, f"{result.parameters:,}", seen, f"{result.nll:.2f}", kl, str(result.active)]


def _scores(models: dict[str, dict[str, Scores]]) -> Iterator[list[str]]:
    for name, fields in models.items():
        for field, scores in fields.items():
            yield [name, field, *("" if score is None else f"{score:.3f}" for score in asdict(scores).values())]


def _differences(models: dict[str, dict[str, dict[str, Interval]]]) -> Iterator[list[str]]:
    for name, fields in models.items():
        for field, ways in fields.items():
            yield [name, field, *(f"{i.value:+.3f} [{i.low:+.3f}, {i.high:+.3f}]" for i in ways.values())]


def _record(name: str, result: Reconstruction, apart: dict[str, dict[str, Interval]] | None) -> dict[str, Any]:
    """A result as plain data, without its counts per window."""
    plain = {key: value for key, value in vars(result).items() if key not in ("fields", "notes", "steps", "hits")}
    fields = {field: asdict(scores) for field, scores in result.fields.items()}
    ways = {field: {way: asdict(i) for way, i in found.items()} for field, found in (apart or {}).items()}
    notes = {"notes": asdict(result.notes)} if result.notes else {}
    return {"model": name, **plain, "fields": fields, **notes, "beyond_first": ways}


def _ways(result: Ways) -> Iterator[list[str]]:
    curves = (result.latent, result.blend)
    points = len(result.latent.to_a)
    for point in range(points):
        distances = [f"{way[point]:.3f}" for curve in curves for way in (curve.to_a, curve.to_b)]
        yield [f"{point / (points - 1):.2f}", *distances]
    yield ["always moves on", *("yes" if flag else "no" for curve in curves for flag in (curve.rises, curve.falls))]
    yield ["largest step", *(cell for curve in curves for cell in (f"{curve.largest_step:.1%}", ""))]


def _own_effects(result: Matrix) -> Iterator[list[str]]:
    for name, effects in result.vectors.items():
        for direction, found in effects.items():
            pair = (found[name], result.random[name][direction][name])
            cells = (cell for effect in pair for cell in (f"{effect.change:+.3f}", f"{effect.right:.0%}"))
            yield [name, direction, f"{result.before[name]:.3f}", *cells]


def _changes(result: Matrix, direction: str) -> Iterator[list[str]]:
    for name, effects in result.vectors.items():
        yield [name, *(f"{effect.change:+.3f}" for effect in effects[direction].values())]
