"""Measurements as tables: every function takes what was found of one or several models, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict

from musicae.evaluation.attribute_effects import Matrix
from musicae.evaluation.chord_following import Chords
from musicae.evaluation.consistency import Agreements
from musicae.evaluation.evaluate import Evaluation
from musicae.evaluation.interpolation import Curve, Interpolation
from musicae.evaluation.prior_samples import Samples
from musicae.evaluation.reconstruction import Interval, Reconstruction, Scores
from musicae.report.table import Cell, Rows, Table, by_model

SHARE, CHANGE = ".3f", "+.3f"

Apart = Mapping[str, Mapping[str, Mapping[str, Interval]]]
"""By model, field and way, how much larger a share of right steps is than that of the first model."""


def everything(found: Mapping[str, Evaluation], apart: Apart) -> Iterator[Table]:
    """All tables of whole evaluations."""
    first = next(iter(found.values()))
    yield from reconstruction({name: result.reconstruction for name, result in found.items()}, first.holding, apart)
    yield from interpolation({name: result.interpolation for name, result in found.items()})
    yield from samples({name: result.samples for name, result in found.items()})
    yield agreement({name: result.agreement for name, result in found.items()})
    yield probe({name: result.probe for name, result in found.items()})
    yield from attributes({name: result.attributes for name, result in found.items()})
    yield from chords({name: result.chords for name, result in found.items()})


def reconstruction(found: Mapping[str, Reconstruction], holding: Mapping[str, Scores], apart: Apart) -> Iterator[Table]:
    """What models are, how well they give windows back, and how far they are from the first one."""
    columns = {"model": "", "parameters": ",", "windows": ",", "nll": ".2f", "bits": SHARE, "KL": ".1f", "use": ".0f"}
    yield Table(
        "models",
        "Windows heard; in nats nll, KL and use (what another window's code costs more); bits a step; active dims",
        {**columns, "active": ","},
        [
            [name, r.parameters, r.windows_seen or None, r.nll, r.bits_per_step, r.kl, r.use, r.active]
            for name, r in found.items()
        ],
    )
    heard: list[list[Cell]] = [[name, *asdict(r.notes).values()] for name, r in found.items() if r.notes]
    if heard:
        columns = {"model": "", "note F1": SHARE, "same instruments": SHARE}
        yield Table("notes", "What is heard", columns, heard)
    fields = {**{name: result.fields for name, result in found.items()}, "always holds": holding}
    columns = {"model": "", "field": "", **dict.fromkeys(("teacher", "free", "drawn", "onset F1"), SHARE)}
    yield Table(
        "reconstruction",
        "Share of right steps",
        columns,
        [
            [name, field, *asdict(shares).values()]
            for name, scores in fields.items()
            for field, shares in scores.items()
        ],
    )
    if apart:
        bounds = dict.fromkeys(("larger by", "at least", "at most"), CHANGE)
        yield Table(
            "differences",
            f"How much larger than that of {next(iter(found))}, with 95 % intervals",
            {"model": "", "field": "", "way": "", **bounds},
            [
                [name, field, way, *asdict(interval).values()]
                for name, by_field in apart.items()
                for field, ways in by_field.items()
                for way, interval in ways.items()
            ],
        )


def interpolation(found: Mapping[str, Interpolation]) -> Iterator[Table]:
    """All of `ways`, `evenness` and `costs`."""
    for distance in distances(found):
        yield ways(found, distance)
        yield evenness(found, distance)
    yield from costs(found)


def distances(found: Mapping[str, Interpolation]) -> list[str]:
    """The distances by which ways were measured; they depend on the windows alone."""
    return list(next(iter(found.values())).ways)


def ways(found: Mapping[str, Interpolation], distance: str) -> Table:
    """One distance at every point of the ways."""
    curves = {model: result.ways[distance] for model, result in found.items()}
    columns = {"way": "", **dict.fromkeys(("to A", "to B", "blend to A", "blend to B"), SHARE)}
    return by_model(
        f"ways-{distance}",
        f"Distance of {distance} along the way from A to B",
        columns,
        {
            model: _along(way.latent.to_a, way.latent.to_b, way.blend.to_a, way.blend.to_b)
            for model, way in curves.items()
        },
    )


def evenness(found: Mapping[str, Interpolation], distance: str) -> Table:
    """How even ways are."""

    def row(name: str, curve: Curve) -> list[Cell]:
        said = {True: "always", False: "not always"}
        return [name, curve.largest_step, said[curve.rises], said[curve.falls]]

    return by_model(
        f"evenness-{distance}",
        f"Ways by {distance}: the largest step, and whether none leads back",
        {"way of": "", "largest step": ".1%", "leaves A": "s", "nears B": "s"},
        {
            model: [row("model", result.ways[distance].latent), row("blend", result.ways[distance].blend)]
            for model, result in found.items()
        },
    )


def costs(found: Mapping[str, Interpolation]) -> Iterator[Table]:
    """What the points of ways cost under a language model; nothing where there is none."""
    measured = {model: result.costs for model, result in found.items()}
    rows = {model: _along(cost.latent, cost.blend) for model, cost in measured.items() if cost}
    if rows:
        columns = {"way": "", "model's": SHARE, "blend": SHARE}
        yield by_model("costs", "Cost under a 5-gram model of training windows", columns, rows)


def samples(found: Mapping[str, Samples]) -> Iterator[Table]:
    """How samples are distributed, and whether they are new."""
    yield by_model(
        "samples",
        "Samples beside held-out windows",
        {"feature": "", "overlap": SHARE, "divergence": SHARE},
        {
            model: [[name, like.overlap, like.divergence] for name, like in result.likeness.items()]
            for model, result in found.items()
        },
    )
    yield by_model(
        "memory",
        "New or learned by heart",
        {"what": "", "share": SHARE},
        {
            model: [
                ["samples that repeat another one", result.repeated],
                [f"samples among {result.known:,} training windows, in any key", result.copies],
                ["distance to the nearest of some training windows", result.nearest],
                ["the same of held-out windows", result.nearest_real],
            ]
            for model, result in found.items()
        },
    )


def agreement(found: Mapping[str, Agreements]) -> Table:
    """What a code settles."""
    return by_model(
        "agreement",
        "What two decodings share",
        {"decodings": "", "key": SHARE, "onsets, F1": SHARE},
        {
            model: [
                ["of one code", result.within.key, result.within.rhythm],
                ["of different codes", result.across.key, result.across.rhythm],
            ]
            for model, result in found.items()
        },
    )


def probe(found: Mapping[str, Mapping[str, float]]) -> Table:
    """What can be read off codes."""
    rows = {model: list(result.items()) for model, result in found.items()}
    return by_model("probe", "Read off codes linearly", {"attribute": "", "R2": SHARE}, rows)


def attributes(found: Mapping[str, Matrix | None]) -> Iterator[Table]:
    """`own_effects` and `effects` of the models that have vectors."""
    if any(found.values()):
        yield own_effects(found)
        yield from (effects(found, direction) for direction in ("add", "subtract"))


def own_effects(found: Mapping[str, Matrix | None]) -> Table:
    """What vectors do to their own attributes."""

    def rows(result: Matrix) -> Iterator[list[Cell]]:
        for name, directions in result.vectors.items():
            for direction, changed in directions.items():
                moved, chance = changed[name], result.random[name][direction][name]
                yield [name, direction, result.before[name], moved.change, moved.right, chance.change, chance.right]

    columns = {"before": SHARE, "change": CHANGE, "right": ".0%", "random": CHANGE, "by chance": ".0%"}
    return by_model(
        "attributes",
        f"{next(result.amount for result in found.values() if result):g} of every attribute vector, and of random ones",
        {"attribute": "", "direction": "", **columns},
        {model: list(rows(result)) if result else [] for model, result in found.items()},
    )


def effects(found: Mapping[str, Matrix | None], direction: str) -> Table:
    """What every vector does to every attribute."""
    names = list(dict.fromkeys(name for result in found.values() if result for name in result.before))

    def rows(result: Matrix) -> Rows:
        changed = {vector: directions[direction] for vector, directions in result.vectors.items()}
        return [
            [vector, *(effect[name].change if name in effect else None for name in names)]
            for vector, effect in changed.items()
        ]

    return by_model(
        f"effects-{direction}",
        f"Change of attributes when we {direction} a vector",
        {"vector": "", **dict.fromkeys(names, CHANGE)},
        {model: rows(result) if result else [] for model, result in found.items()},
    )


def chords(found: Mapping[str, Chords | None]) -> Iterator[Table]:
    """Whether chords are followed, and what stays under all of them, of models that are told any."""
    told = {model: result for model, result in found.items() if result}
    if not told:
        return
    yield by_model(
        "chords",
        "Share of the note time on the chord",
        {"chord": "", "told it": SHARE, "told its tritone": SHARE, "real": SHARE},
        {
            model: [[quality, *asdict(shares).values()] for quality, shares in result.shares.items()]
            for model, result in told.items()
        },
    )
    yield by_model(
        "kept",
        "One code under C, Am, F and G",
        {"what": "", "share": SHARE},
        {
            model: [[name.replace("_", " "), value] for name, value in asdict(result.kept).items()]
            for model, result in told.items()
        },
    )


def _along(*curves: list[float]) -> Rows:
    """Values at every point of a way, and where it lies."""
    last = len(curves[0]) - 1
    return [[f"{point / last:.2f}", *values] for point, values in enumerate(zip(*curves, strict=True))]
