"""Measurements as tables: every function takes what was found of one or several models, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict

from musicae.evaluation.agreement import Agreements
from musicae.evaluation.attributes import Effect, Matrix
from musicae.evaluation.chords import Chords
from musicae.evaluation.evaluate import Evaluation
from musicae.evaluation.interpolation import Interpolation, Ways
from musicae.evaluation.reconstruction import Interval, Reconstruction, Scores
from musicae.evaluation.samples import Samples
from musicae.report.table import Cell, Table, by_model

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
    if matrices := {name: result.attributes for name, result in found.items() if result.attributes}:
        yield from attributes(matrices)
    if told := {name: result.chords for name, result in found.items() if result.chords}:
        yield from chords(told)


def reconstruction(found: Mapping[str, Reconstruction], holding: Mapping[str, Scores], apart: Apart) -> Iterator[Table]:
    """What models are, how well they give windows back, and how far they are from the first one."""
    columns = {"model": "", "parameters": ",", "windows seen": ",", "nll": ".2f", "bits a step": SHARE, "KL": ".2f"}
    yield Table(
        "models",
        "Models: nll and KL in nats a window, dimensions in use",
        {**columns, "active": ","},
        [
            [name, r.parameters, r.windows_seen or None, r.nll, r.bits_per_step, r.kl, r.active]
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
    """Every distance along ways, and what their points cost under a language model."""
    first = next(iter(found.values()))
    for name in first.ways:
        ways = [(model, result.ways[name]) for model, result in found.items() if name in result.ways]
        columns = {"way": ".2f", **dict.fromkeys(("to A", "to B", "blend to A", "blend to B"), SHARE)}
        yield by_model(
            f"ways-{name}",
            f"Distance of {name} along the way from A to B",
            columns,
            [(model, _points(way)) for model, way in ways],
        )
        yield by_model(
            f"steps-{name}",
            f"Ways by {name}: the largest step, and whether none leads back",
            {"": "", "largest step": ".1%", "leaves A": "", "nears B": ""},
            [(model, _flags(way)) for model, way in ways],
        )
    costs = [(model, result.costs) for model, result in found.items() if result.costs]
    if costs:
        shares = [point / (first.points - 1) for point in range(first.points)]
        yield by_model(
            "costs",
            "Cost under a 5-gram model of training windows",
            {"way": ".2f", "model's": SHARE, "blend": SHARE},
            [(model, list(zip(shares, cost.latent, cost.blend, strict=True))) for model, cost in costs],
        )


def samples(found: Mapping[str, Samples]) -> Iterator[Table]:
    """How samples are distributed, and whether they are new."""
    yield by_model(
        "samples",
        "Samples beside held-out windows",
        {"feature": "", "overlap": SHARE, "divergence": SHARE},
        [
            (model, [[name, like.overlap, like.divergence] for name, like in result.likeness.items()])
            for model, result in found.items()
        ],
    )
    yield by_model(
        "memory",
        "New or learned by heart",
        {"": "", "share": SHARE},
        [
            (
                model,
                [
                    ["samples that repeat another one", result.repeated],
                    ["samples that are training windows", result.copies],
                    ["distance to the nearest training window", result.nearest],
                    ["the same of held-out windows", result.nearest_real],
                ],
            )
            for model, result in found.items()
        ],
    )


def agreement(found: Mapping[str, Agreements]) -> Table:
    """What a code settles."""
    return by_model(
        "agreement",
        "What two decodings share",
        {"": "", "key": SHARE, "onsets, F1": SHARE},
        [
            (model, [[f"of {codes}", pair.key, pair.rhythm] for codes, pair in pairs])
            for model, result in found.items()
            for pairs in [(("one code", result.within), ("different codes", result.across))]
        ],
    )


def probe(found: Mapping[str, Mapping[str, float]]) -> Table:
    """What can be read off codes."""
    rows = [(model, list(result.items())) for model, result in found.items()]
    return by_model("probe", "Read off codes linearly", {"attribute": "", "R2": SHARE}, rows)


def attributes(found: Mapping[str, Matrix]) -> Iterator[Table]:
    """What vectors do to their own attributes, and to all."""
    amount = next(iter(found.values())).amount
    columns = {"before": SHARE, "change": CHANGE, "right": ".0%", "random": CHANGE, "by chance": ".0%"}
    yield by_model(
        "attributes",
        f"{amount:g} of every attribute vector, and of random ones",
        {"attribute": "", "": "", **columns},
        [(model, list(_own_effects(result))) for model, result in found.items()],
    )
    for direction in ("add", "subtract"):
        columns = dict.fromkeys(dict.fromkeys(name for result in found.values() for name in result.before), CHANGE)
        yield by_model(
            f"matrix-{direction}",
            f"Change of attributes when we {direction} a vector",
            {"vector": "", **columns},
            [
                (
                    model,
                    [
                        [vector, *(_change(effects[direction].get(name)) for name in columns)]
                        for vector, effects in result.vectors.items()
                    ],
                )
                for model, result in found.items()
            ],
        )


def chords(found: Mapping[str, Chords]) -> Iterator[Table]:
    """Whether chords are followed, and what stays under all of them."""
    yield by_model(
        "chords",
        "Share of the note time on the chord",
        {"chord": "", "told it": SHARE, "told its tritone": SHARE, "real": SHARE},
        [
            (model, [[quality, *asdict(shares).values()] for quality, shares in result.shares.items()])
            for model, result in found.items()
        ],
    )
    yield by_model(
        "kept",
        "One code under C, Am, F and G",
        {"": "", "share": SHARE},
        [
            (model, [[name.replace("_", " "), value] for name, value in asdict(result.kept).items()])
            for model, result in found.items()
        ],
    )


def _points(ways: Ways) -> list[list[Cell]]:
    curves = (ways.latent.to_a, ways.latent.to_b, ways.blend.to_a, ways.blend.to_b)
    last = len(ways.latent.to_a) - 1
    return [[point / last, *distances] for point, distances in enumerate(zip(*curves, strict=True))]


def _flags(ways: Ways) -> list[list[Cell]]:
    said = {True: "always", False: "not always"}
    return [
        [name, curve.largest_step, said[curve.rises], said[curve.falls]]
        for name, curve in (("model", ways.latent), ("blend", ways.blend))
    ]


def _own_effects(result: Matrix) -> Iterator[list[Cell]]:
    for name, effects in result.vectors.items():
        for direction, found in effects.items():
            moved, chance = found[name], result.random[name][direction][name]
            yield [name, direction, result.before[name], moved.change, moved.right, chance.change, chance.right]


def _change(effect: Effect | None) -> float | None:
    return effect.change if effect else None
