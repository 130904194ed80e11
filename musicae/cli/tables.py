"""Measurements as tables on the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from musicae.cli.console import Console

if TYPE_CHECKING:
    from musicae.evaluation.agreement import Agreements
    from musicae.evaluation.attributes import Matrix
    from musicae.evaluation.chords import Chords
    from musicae.evaluation.interpolation import Interpolation, Ways
    from musicae.evaluation.reconstruction import Interval, Reconstruction, Scores
    from musicae.evaluation.samples import Samples


ABREAST = 4
"""Columns of attributes that fit into eighty letters."""


def reconstruction(
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
            yield [name, field, *map(_share, asdict(scores).values())]


def _differences(models: dict[str, dict[str, dict[str, Interval]]]) -> Iterator[list[str]]:
    for name, fields in models.items():
        for field, ways in fields.items():
            yield [name, field, *(f"{i.value:+.3f} [{i.low:+.3f}, {i.high:+.3f}]" for i in ways.values())]


def interpolation(console: Console, title: str, result: Interpolation) -> None:
    for name, ways in result.ways.items():
        console.table(f"{title}: distance of {name}", ("", "to A", "to B", "blend to A", "blend to B"), _ways(ways))
    if result.costs:
        curves = (result.costs.latent, result.costs.blend)
        rows = (
            [f"{point / (result.points - 1):.2f}", *(f"{way[point]:.3f}" for way in curves)]
            for point in range(result.points)
        )
        console.table("cost under a 5-gram model of training windows", ("", "model", "blend"), rows)


def attributes(console: Console, title: str, result: Matrix) -> None:
    header = ("attribute", "", "before", "change", "right", "random", "right")
    console.table(f"{title}, {result.amount:g} of every vector", header, _own_effects(result))
    names = list(result.before)
    for direction in ("add", "subtract"):
        for some in (names[start : start + ABREAST] for start in range(0, len(names), ABREAST)):
            console.table(f"change when we {direction}", ("vector", *some), _changes(result, direction, some))


def samples(console: Console, title: str, result: Samples) -> None:
    rows = ([name, f"{like.overlap:.3f}", f"{like.divergence:.3f}"] for name, like in result.likeness.items())
    console.table(title, ("feature", "overlap", "divergence"), rows)
    facts = {
        "samples that repeat another one": f"{result.repeated:.1%}",
        "samples that are training windows": f"{result.copies:.1%}",
        "distance to the nearest training window": f"{result.nearest:.3f}",
        "the same of held-out windows": f"{result.nearest_real:.3f}",
    }
    console.table("new or learned by heart", ("", ""), (list(fact) for fact in facts.items()))


def chords(console: Console, title: str, result: Chords) -> None:
    rows = ([quality, *map(_share, asdict(shares).values())] for quality, shares in result.shares.items())
    console.table(f"{title}: note time on the chord", ("chord", "told it", "told its tritone", "real"), rows)
    kept = ([name.replace("_", " "), f"{value:.3f}"] for name, value in asdict(result.kept).items())
    console.table("one code under C, Am, F and G", ("", "share"), kept)


def agreement(console: Console, title: str, result: Agreements) -> None:
    pairs = {"of one code": result.within, "of different codes": result.across}
    rows = ([name, _share(found.key), f"{found.rhythm:.3f}"] for name, found in pairs.items())
    console.table(f"{title}: what two decodings share", ("", "key", "onsets, F1"), rows)


def probe(console: Console, title: str, result: dict[str, float]) -> None:
    rows = ([name, f"{value:.3f}"] for name, value in result.items())
    console.table(f"{title}: read off codes linearly", ("attribute", "R2"), rows)


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


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


def _changes(result: Matrix, direction: str, names: list[str]) -> Iterator[list[str]]:
    for vector, effects in result.vectors.items():
        yield [vector, *(f"{effects[direction][name].change:+.3f}" for name in names)]
