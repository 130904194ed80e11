"""Measurements as pictures, each with the table of what it shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from musicae.evaluation.evaluate import Evaluation
from musicae.evaluation.latent import Map
from musicae.music.score import Score
from musicae.render import svg
from musicae.report.table import Cell, Table

Found = Mapping[str, Evaluation]

SHOWN = 6
"""Attributes that the map is colored by, and features whose histograms are drawn, at most."""

ROLLED = 3
"""Dimensions whose traversal is shown as piano rolls."""


@dataclass(frozen=True)
class Figure:
    """Pictures under one caption.

    Attributes:
        table: what they show.
    """

    caption: str
    pictures: list[str]
    table: Table


def ways(found: Found) -> Iterator[Figure]:
    """The curves of interpolation, of every model and of the blend."""
    first = next(iter(found.values())).interpolation
    at = [point / (first.points - 1) for point in range(first.points)]
    for name in first.ways:
        curves: dict[str, list[float]] = {}
        for model, result in found.items():
            if way := result.interpolation.ways.get(name):
                curves |= {f"{model}, to A": way.latent.to_a, f"{model}, to B": way.latent.to_b}
        blend = first.ways[name].blend
        curves |= {"blend, to A": blend.to_a, "blend, to B": blend.to_b}
        dashed = [curve for curve in curves if curve.startswith("blend")]
        picture = svg.lines(curves, at, x_name="way from A to B", y_name=f"distance of {name}", dashed=dashed)
        caption = f"Mean distance of {name} to the originals, over {first.pairs} pairs; 1 is that between A and B."
        yield Figure(caption, [picture], _sheet(f"figure-ways-{name}", "way", at, curves))
    curves = {model: result.interpolation.costs.latent for model, result in found.items() if result.interpolation.costs}
    if first.costs:
        curves["blend"] = first.costs.blend
        picture = svg.lines(curves, at, x_name="way from A to B", y_name="cost", dashed=["blend"])
        caption = "Cost of the points under a 5-gram model of training windows; 1 is that of A and B themselves."
        yield Figure(caption, [picture], _sheet("figure-costs", "way", at, curves))


def matrices(found: Found) -> Iterator[Figure]:
    """Every vector's effect on every attribute."""
    for direction in ("add", "subtract"):
        pictures: list[str] = []
        rows: list[list[Cell]] = []
        for model, result in found.items():
            if not result.attributes:
                continue
            names = list(result.attributes.before)
            cells: list[list[float | None]] = [
                [effects[direction][name].change for name in names] for effects in result.attributes.vectors.values()
            ]
            vectors = list(result.attributes.vectors)
            pictures.append(svg.matrix(cells, [f"{direction} {name}" for name in vectors], names))
            rows += [
                [model, vector, name, change]
                for vector, row in zip(vectors, cells, strict=True)
                for name, change in zip(names, row, strict=True)
            ]
        if pictures:
            columns = {"model": "", "vector": "", "attribute": "", "change": "+.3f"}
            table = Table(f"figure-matrix-{direction}", direction, columns, rows)
            caption = f"Mean change of every attribute (columns) when we {direction} a vector (rows)"
            yield Figure(f"{caption}: {', '.join(found)}.", pictures, table)


def histograms(found: Found) -> Figure:
    """How features are distributed in samples and in held-out windows."""
    first = next(iter(found.values())).samples
    pictures: list[str] = []
    rows: list[list[Cell]] = []
    for feature, likeness in first.likeness.items():
        curves = {"held out": likeness.held_out}
        curves |= {model: result.samples.likeness[feature].samples for model, result in found.items()}
        pictures.append(svg.lines(curves, likeness.edges, x_name=feature, y_name="share", steps=True))
        rows += [
            [feature, name, low, share]
            for name, shares in curves.items()
            for low, share in zip(likeness.edges, shares, strict=False)
        ]
    table = Table("figure-samples", "samples", {"feature": "", "of": "", "from": ".3f", "share": ".4f"}, rows)
    return Figure(f"Features of {first.samples} samples and of held-out windows.", pictures, table)


def maps(found: Found) -> Iterator[Figure]:
    """Codes on two axes, colored by attributes."""
    for model, result in found.items():
        latent = result.map
        names = dict(zip(("x", "y"), _axes(latent), strict=True))
        pictures = [
            svg.scatter(latent.points.tolist(), values, name=attribute, x_name=names["x"], y_name=names["y"])
            for attribute, values in list(latent.attributes.items())[:SHOWN]
        ]
        columns = {**dict.fromkeys(names, ".4f"), **dict.fromkeys(latent.attributes, ".4f")}
        rows: list[list[Cell]] = [
            [*point, *values]
            for point, *values in zip(latent.points.tolist(), *latent.attributes.values(), strict=True)
        ]
        table = Table(f"figure-map-{model}", model, columns, rows)
        yield Figure(f"Codes of held-out windows in {model}, colored by attributes.", pictures, table)


def traversals(found: Found) -> Iterator[Figure]:
    """What the most active dimensions change, and what one window becomes along them."""
    for model, result in found.items():
        pictures: list[str] = []
        rows: list[list[Cell]] = []
        for way in result.traversals:
            shown = dict(list(way.changes.items())[:SHOWN])
            if shown:
                place = f"dimension {way.dimension}, standard deviations"
                pictures.append(svg.lines(shown, way.positions, x_name=place, y_name="change, standard deviations"))
            rows += [
                [way.dimension, attribute, position, change]
                for attribute, changes in way.changes.items()
                for position, change in zip(way.positions, changes, strict=True)
            ]
        columns = {"dimension": "d", "attribute": "", "at": "+.1f", "change": "+.4f"}
        table = Table(f"figure-traversals-{model}", model, columns, rows)
        yield Figure(f"{model}: attributes along its most active dimensions.", pictures, table)
        three = [(way, i) for way in result.traversals[:ROLLED] for i in (0, len(way.positions) // 2, -1)]
        rolls = {f"dimension {way.dimension} at {way.positions[i]:+.0f}": way.scores[i] for way, i in three}
        caption = f"{model}: one window with a dimension set to three places."
        yield Figure(caption, _rolls(rolls, width=250.0), _notes(f"figure-rolls-{model}", rolls))


def examples(found: Found) -> Iterator[Figure]:
    """Windows beside their reconstructions."""
    for model, result in found.items():
        pictures: list[str] = []
        rolls: dict[str, Score] = {}
        for number, pair in enumerate(result.examples, 1):
            named = dict(zip((f"{number}, original", f"{number}, {model}"), pair, strict=True))
            pictures += _rolls(named, width=370.0)
            rolls |= named
        caption = f"Held-out windows, and what comes back from {model} (argmax)."
        yield Figure(caption, pictures, _notes(f"figure-examples-{model}", rolls))


def _sheet(name: str, position: str, at: list[float], curves: Mapping[str, list[float]]) -> Table:
    rows: list[list[Cell]] = [list(row) for row in zip(at, *curves.values(), strict=True)]
    return Table(name, name, {position: ".2f", **dict.fromkeys(curves, ".4f")}, rows)


def _axes(latent: Map) -> tuple[str, str]:
    if latent.explained is None:
        return "first axis", "second axis"
    first, second = latent.explained
    return f"first axis, {first:.1%} of the variance", f"second, {second:.1%}"


def _rolls(scores: Mapping[str, Score], *, width: float) -> list[str]:
    """Piano rolls that can be compared: all have room for the same pitches."""
    pitches = svg.pitch_bounds(list(scores.values()))
    return [svg.roll(score, title=title, pitches=pitches, width=width) for title, score in scores.items()]


def _notes(name: str, scores: Mapping[str, Score]) -> Table:
    columns = {"picture": "", "track": "d", "start": "d", "end": "d", "pitch": "d", "velocity": "d"}
    rows: list[list[Cell]] = [
        [title, number, *note]
        for title, score in scores.items()
        for number, track in enumerate(score.tracks)
        for note in track.notes.rows()
    ]
    return Table(name, name, columns, rows)
