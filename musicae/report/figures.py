"""Measurements as pictures, each with the table of what it shows: every function takes evaluations by model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from musicae.evaluation.attribute_effects import DIRECTIONS, EffectMatrix
from musicae.evaluation.interpolation import Interpolation
from musicae.evaluation.latent_space import LatentMap, Traversal
from musicae.evaluation.sample_statistics import SampleStatistics
from musicae.music.score import Score
from musicae.render import svg
from musicae.report import tables
from musicae.report.table import Cell, Table
from musicae.report.tables import Evaluations, results_of

SHOWN = 6
"""Attributes of a map, or features of a traversal, at most: those that can be read best, or change most."""

ROLLED = 3
"""Directions whose traversal is shown as piano rolls."""


@dataclass(frozen=True)
class Figure:
    """Pictures under one caption.

    Attributes:
        table: what they show.
    """

    caption: str
    pictures: list[str]
    table: Table


def path_figures(found: Evaluations) -> Iterator[Figure]:
    """The distances along paths, of every model and of the blend."""
    for distance in tables.distances_of(found):
        results = {model: result for model, result in tables.paths_of(found).items() if distance in result.paths}
        pictures = []
        for models in alike({model: (r.pairs, r.paths[distance].blend) for model, r in results.items()}):
            first = results[models[0]]
            blend = first.paths[distance].blend
            to_a = {model: results[model].paths[distance].latent.to_a for model in models}
            to_b = {model: results[model].paths[distance].latent.to_b for model in models}
            pictures += [
                path_chart(first, {**curves, "blend": mixed}, f"{distance} distance to {end}")
                for end, curves, mixed in (("A", to_a, blend.to_a), ("B", to_b, blend.to_b))
            ]
        pairs = " or ".join(dict.fromkeys(f"{result.pairs:,}" for result in results.values()))
        caption = f"Mean {distance} distance to the originals, over {pairs} pairs; 1 is that of A and B."
        yield from (Figure(caption, pictures, table) for table in tables.path_tables(found, distance))


def cost_figures(found: Evaluations) -> Iterator[Figure]:
    """The 5-gram costs along paths, of every model and of the blend."""
    results = {model: result for model, result in tables.paths_of(found).items() if result.ngram_costs}
    for table in tables.cost_tables(found):
        pictures = []
        for models in alike({model: result.ngram_costs.blend for model, result in results.items()}):
            first = results[models[0]]
            curves = {model: results[model].ngram_costs.latent for model in models}
            pictures.append(path_chart(first, {**curves, "blend": first.ngram_costs.blend}, "5-gram cost"))
        caption = "Cost of the points under a 5-gram model of training windows; 1 is that of A and B themselves."
        yield Figure(caption, pictures, table)


def alike(shared: Mapping[str, object]) -> list[list[str]]:
    """The models that stand in one picture: those that share what is drawn beside them, in the order given."""
    groups: list[list[str]] = []
    for model, beside in shared.items():
        group = next((group for group in groups if shared[group[0]] == beside), None)
        if group is None:
            groups.append([model])
        else:
            group.append(model)
    return groups


def path_chart(first: Interpolation, curves: Mapping[str, Sequence[float]], y_name: str) -> str:
    """Curves over the points of a path, the blend dashed."""
    at = [point / (first.points - 1) for point in range(first.points)]
    return svg.line_chart(curves, at, x_name="path from A (0) to B (1)", y_name=y_name, dashed=["blend"])


def effect_figures(found: Evaluations) -> Iterator[Figure]:
    """Every vector's effect on every attribute."""
    results: dict[str, EffectMatrix] = results_of(found, "attributes")
    for direction in DIRECTIONS:
        pictures = []
        for matrix in results.values():
            changes = [[effect.change for effect in effects[direction].values()] for effects in matrix.vectors.values()]
            names = [f"{direction} {name}" for name in matrix.vectors]
            pictures.append(svg.matrix_chart(changes, names, list(matrix.before)))
        caption = f"Mean change of every attribute (columns) when we {direction} a vector (rows): {', '.join(results)}."
        yield from (Figure(caption, pictures, table) for table in tables.effect_tables(found, direction))


def histogram_figures(found: Evaluations) -> Iterator[Figure]:
    """How features are distributed in samples and in held-out windows."""
    results: dict[str, SampleStatistics] = results_of(found, "samples")
    pictures: list[str] = []
    rows: list[list[Cell]] = []
    for feature in dict.fromkeys(chain.from_iterable(result.features for result in results.values())):
        having = {model: result.features[feature] for model, result in results.items() if feature in result.features}
        groups = alike({model: (compared.edges, compared.held_out) for model, compared in having.items()})
        for models in groups:
            first = having[models[0]]
            beside = "held out" if len(groups) == 1 else f"held out ({', '.join(models)})"
            curves = {beside: first.held_out, **{model: having[model].samples for model in models}}
            pictures.append(svg.line_chart(curves, first.edges, x_name=feature, y_name="share", levels=True))
            rows += [
                [feature, name, low, share]
                for name, shares in curves.items()
                for low, share in zip(first.edges[:-1], shares, strict=True)
            ]
    if pictures:
        table = sheet("histograms", ("feature", "of", "from", "share"), rows)
        yield Figure("Features of samples and of held-out windows.", pictures, table)


def map_figures(found: Evaluations) -> Iterator[Figure]:
    """Codes on two axes, colored by the attributes that can be read off them best."""
    maps: dict[str, LatentMap] = results_of(found, "map")
    for model, result in maps.items():
        points, read = result.points.tolist(), found[model].results.get("probe", {})
        shares = [f" ({share:.1%} of the variance)" for share in result.explained or ()] or ["", ""]
        names = sorted(result.attributes, key=lambda name: -read.get(name, 0.0))[:SHOWN]
        pictures = [
            svg.scatter_chart(
                points, result.attributes[name], name=name, x_name=f"axis 1{shares[0]}", y_name=f"axis 2{shares[1]}"
            )
            for name in names
        ]
        rows = [list(row) for row in zip(*zip(*points, strict=True), *result.attributes.values(), strict=True)]
        table = sheet(f"map-{model}", ("x", "y", *result.attributes), rows)
        yield Figure(f"Codes of held-out windows in {model}, colored by attributes.", pictures, table)


def traversal_figures(found: Evaluations) -> Iterator[Figure]:
    """What the widest principal directions change, and what one window becomes along them."""
    for model, traversals in results_of(found, "traversals").items():
        pictures = [traversal_chart(traversal) for traversal in traversals if traversal.changes]
        rows = [
            [traversal.direction, feature, position, change]
            for traversal in traversals
            for feature, changes in traversal.changes.items()
            for position, change in zip(traversal.positions, changes, strict=True)
        ]
        table = sheet(f"traversals-{model}", ("direction", "feature", "position", "change"), rows)
        effects = " ".join(f"{traversal.direction}, {traversal.words}." for traversal in traversals)
        yield Figure(
            f"{model}: music along the principal directions of its codes, on average. {effects}", pictures, table
        )
        rolls = {
            f"{traversal.direction} at {traversal.positions[i]:+.0f}": traversal.scores[i]
            for traversal in traversals[:ROLLED]
            for i in (0, len(traversal.positions) // 2, -1)
        }
        caption = f"{model}: one window at three places along a direction."
        yield Figure(caption, rolls_of(rolls, width=250.0), note_sheet(f"traversed-{model}", rolls))


def traversal_chart(traversal: Traversal) -> str:
    """The features that change most along a direction."""
    most = sorted(traversal.changes, key=lambda name: -max(map(abs, traversal.changes[name])))[:SHOWN]
    return svg.line_chart(
        {name: traversal.changes[name] for name in most},
        traversal.positions,
        x_name=f"{traversal.direction}, standard deviations",
        y_name="change, standard deviations",
    )


def example_figures(found: Evaluations) -> Iterator[Figure]:
    """Windows beside their reconstructions."""
    for model, result in results_of(found, "reconstruction").items():
        pairs = [
            {f"{number}, original": original, f"{number}, {model}": back}
            for number, (original, back) in enumerate(result.examples, 1)
        ]
        pictures = list(chain.from_iterable(rolls_of(pair, width=370.0) for pair in pairs))
        caption = f"Held-out windows, and their reconstructions by {model} (argmax)."
        rolls = {title: score for pair in pairs for title, score in pair.items()}
        yield Figure(caption, pictures, note_sheet(f"examples-{model}", rolls))


def rolls_of(scores: Mapping[str, Score], *, width: float) -> list[str]:
    """Piano rolls that can be compared: the same room for pitches, and the same color for an instrument."""
    shared = svg.Stage.of(list(scores.values()))
    return [svg.roll_chart(score, title=title, stage=shared, width=width) for title, score in scores.items()]


def note_sheet(name: str, scores: Mapping[str, Score]) -> Table:
    """The notes of scores."""
    columns = ("picture", "track", "program", "ticks per quarter", "start tick", "end tick", "pitch", "velocity")
    rows: list[list[Cell]] = [
        [title, number, "drums" if track.is_drum else track.program, score.ticks_per_quarter, *note]
        for title, score in scores.items()
        for number, track in enumerate(score.tracks, start=1)
        for note in track.notes.rows()
    ]
    return sheet(name, columns, rows)


def sheet(name: str, columns: Sequence[str], rows: list[list[Cell]]) -> Table:
    """A table that is written and never shown."""
    return Table(name, name, dict.fromkeys(columns, ""), rows)
