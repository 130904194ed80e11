"""Measurements as pictures, each with the table of what it shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from musicae.evaluation.evaluate import Evaluation
from musicae.music.score import Score
from musicae.render import svg
from musicae.report import tables
from musicae.report.table import Cell, Table

Found = Mapping[str, Evaluation]

SHOWN = 6
"""Attributes that a map or a traversal shows, at most: those that can be read best, or change most."""

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
    results = {model: result.interpolation for model, result in found.items()}
    first = next(iter(results.values()))
    at = [point / (first.points - 1) for point in range(first.points)]
    for distance in first.ways:
        to_a = {model: result.ways[distance].latent.to_a for model, result in results.items()}
        to_b = {model: result.ways[distance].latent.to_b for model, result in results.items()}
        blend = first.ways[distance].blend
        pictures = [
            svg.lines({**curves, "blend": mixed}, at, x_name="way from A to B", y_name=f"to {end}", dashed=["blend"])
            for end, curves, mixed in (("A", to_a, blend.to_a), ("B", to_b, blend.to_b))
        ]
        caption = f"Mean distance of {distance} to the originals, over {first.pairs} pairs; 1 is that between A and B."
        yield Figure(caption, pictures, tables.ways(results, distance))
    for table in tables.costs(results):
        curves = {model: result.costs.latent for model, result in results.items() if result.costs}
        curves["blend"] = first.costs.blend if first.costs else []
        picture = svg.lines(curves, at, x_name="way from A to B", y_name="cost", dashed=["blend"])
        caption = "Cost of the points under a 5-gram model of training windows; 1 is that of A and B themselves."
        yield Figure(caption, [picture], table)


def matrices(found: Found) -> Iterator[Figure]:
    """Every vector's effect on every attribute."""
    drawn = {model: result.attributes for model, result in found.items() if result.attributes}
    for direction in ("add", "subtract") if drawn else ():
        pictures = []
        for matrix in drawn.values():
            changes = [[effect.change for effect in effects[direction].values()] for effects in matrix.vectors.values()]
            pictures.append(
                svg.matrix(changes, [f"{direction} {name}" for name in matrix.vectors], list(matrix.before))
            )
        caption = f"Mean change of every attribute (columns) when we {direction} a vector (rows): {', '.join(drawn)}."
        yield Figure(caption, pictures, tables.effects(drawn, direction))


def histograms(found: Found) -> Figure:
    """How features are distributed in samples and in held-out windows."""
    first = next(iter(found.values())).samples
    pictures: list[str] = []
    rows: list[list[Cell]] = []
    for feature, likeness in first.likeness.items():
        curves = {"held out": likeness.held_out}
        curves |= {model: result.samples.likeness[feature].samples for model, result in found.items()}
        pictures.append(svg.lines(curves, likeness.edges, x_name=feature, y_name="share", levels=True))
        rows += [
            [feature, name, low, share]
            for name, shares in curves.items()
            for low, share in zip(likeness.edges[:-1], shares, strict=True)
        ]
    table = _sheet("histograms", ("feature", "of", "from", "share"), rows)
    return Figure(f"Features of {first.samples} samples and of held-out windows.", pictures, table)


def maps(found: Found) -> Iterator[Figure]:
    """Codes on two axes, colored by the attributes that can be read off them best."""
    for model, result in found.items():
        latent, points = result.map, result.map.points.tolist()
        x_name, y_name = "first axis", "second axis"
        if latent.explained:
            x_name, y_name = (
                f"{x_name}, {latent.explained[0]:.1%} of the variance",
                f"second, {latent.explained[1]:.1%}",
            )
        names = sorted(latent.attributes, key=lambda name: -result.probe.get(name, 0.0))[:SHOWN]
        pictures = [
            svg.scatter(points, latent.attributes[name], name=name, x_name=x_name, y_name=y_name) for name in names
        ]
        rows = [list(row) for row in zip(*zip(*points, strict=True), *latent.attributes.values(), strict=True)]
        table = _sheet(f"map-{model}", ("x", "y", *latent.attributes), rows)
        yield Figure(f"Codes of held-out windows in {model}, colored by attributes.", pictures, table)


def traversals(found: Found) -> Iterator[Figure]:
    """What the most active dimensions change, and what one window becomes along them."""
    for model, result in found.items():
        pictures: list[str] = []
        rows: list[list[Cell]] = []
        for way in result.traversals:
            most = sorted(way.changes, key=lambda name: -max(map(abs, way.changes[name])))[:SHOWN]
            place = f"dimension {way.dimension}, standard deviations"
            if most:
                shown = {name: way.changes[name] for name in most}
                pictures.append(svg.lines(shown, way.positions, x_name=place, y_name="change, standard deviations"))
            rows += [
                [way.dimension, attribute, position, change]
                for attribute, changes in way.changes.items()
                for position, change in zip(way.positions, changes, strict=True)
            ]
        table = _sheet(f"traversals-{model}", ("dimension", "attribute", "at", "change"), rows)
        yield Figure(f"{model}: attributes along its most active dimensions.", pictures, table)
        rolls = {
            f"dimension {way.dimension} at {way.positions[i]:+.0f}": way.scores[i]
            for way in result.traversals[:ROLLED]
            for i in (0, len(way.positions) // 2, -1)
        }
        caption = f"{model}: one window with a dimension set to three places."
        yield Figure(caption, _rolls(rolls, width=250.0), _notes(f"traversed-{model}", rolls))


def examples(found: Found) -> Iterator[Figure]:
    """Windows beside their reconstructions."""
    for model, result in found.items():
        pairs = [
            {f"{number}, original": original, f"{number}, {model}": back}
            for number, (original, back) in enumerate(result.examples, 1)
        ]
        pictures = list(chain.from_iterable(_rolls(pair, width=370.0) for pair in pairs))
        caption = f"Held-out windows, and what comes back from {model} (argmax)."
        rolls = {title: score for pair in pairs for title, score in pair.items()}
        yield Figure(caption, pictures, _notes(f"examples-{model}", rolls))


def _rolls(scores: Mapping[str, Score], *, width: float) -> list[str]:
    """Piano rolls that can be compared: the same room for pitches, and the same color for an instrument."""
    shared = svg.Stage.of(list(scores.values()))
    return [svg.roll(score, title=title, stage=shared, width=width) for title, score in scores.items()]


def _notes(name: str, scores: Mapping[str, Score]) -> Table:
    columns = ("picture", "track", "program", "ticks a quarter", "start tick", "end tick", "pitch", "velocity")
    rows: list[list[Cell]] = [
        [title, number, "drums" if track.is_drum else track.program, score.ticks_per_quarter, *note]
        for title, score in scores.items()
        for number, track in enumerate(score.tracks)
        for note in track.notes.rows()
    ]
    return _sheet(name, columns, rows)


def _sheet(name: str, columns: Sequence[str], rows: list[list[Cell]]) -> Table:
    """A table that is written and never shown."""
    return Table(name, name, dict.fromkeys(columns, ""), rows)
