"""Measurements as tables: every function takes the evaluations of one or several models, by the models' names.

Where no model has the measurement, there is no table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any

from musicae.evaluation.attribute_effects import DIRECTIONS, EffectMatrix
from musicae.evaluation.chord_following import STYLE_CHORDS
from musicae.evaluation.evaluate import Evaluation
from musicae.evaluation.interpolation import Curve
from musicae.evaluation.reconstruction import ConfidenceInterval, FieldScores, Reconstruction, differences_between
from musicae.report.table import Cell, Table, TableRows, by_model

SHARE, CHANGE, PERCENT = ".3f", "+.3f", ".0%"
HOLD = "hold baseline"

Evaluations = Mapping[str, Evaluation]


def all_tables(found: Evaluations, *, published: bool = False) -> Iterator[Table]:
    """All tables of what was measured.

    Args:
        published: the figures of Roberts et al. 2018 beside those of the models.
    """
    yield from chain.from_iterable(tables(found) for tables in MEASUREMENT_TABLES.values())
    if published:
        yield from published_tables(found)


def results_of(found: Evaluations, measurement: str) -> dict[str, Any]:
    """The results of one measurement, of the models that have it."""
    return {model: result.results[measurement] for model, result in found.items() if measurement in result.results}


def reconstruction_tables(found: Evaluations) -> Iterator[Table]:
    """What models are, how well they give windows back, and how far they are from the first one."""
    yield from model_tables(found)
    yield from note_tables(found)
    results: dict[str, Reconstruction] = results_of(found, "reconstruction")
    fields = {model: result.fields for model, result in results.items()}
    columns = ("teacher-forced", "free-running", "sampled", "onset F1")
    yield from by_model(
        "reconstruction",
        "Share of right steps",
        {"field": "", **dict.fromkeys(columns, SHARE)},
        {
            model: [[name, s.teacher_forced, s.free_running, s.sampled, s.onset_f1] for name, s in scores.items()]
            for model, scores in {**fields, **hold_baselines(results)}.items()
        },
        alone=True,
    )
    yield from difference_tables(found)


def note_tables(found: Evaluations) -> Iterator[Table]:
    """How well notes and instruments come back, of the models whose tokens are events."""
    results: dict[str, Reconstruction] = results_of(found, "reconstruction")
    notes = {model: [[r.notes.f1, r.notes.same_instruments]] for model, r in results.items() if r.notes}
    columns = {"note F1": SHARE, "same instruments": SHARE}
    yield from by_model("notes", "Notes of whole windows, free-running", columns, notes, alone=True)


def difference_tables(found: Evaluations) -> Iterator[Table]:
    """How far models are from the first one."""
    yield from by_model(
        "differences",
        f"Share of right steps minus that of {next(iter(found))}, with 95 % intervals",
        {"field": "", "mode": "", "difference": CHANGE, "low": CHANGE, "high": CHANGE},
        {
            model: [
                [field, mode.replace("_", "-"), interval.value, interval.low, interval.high]
                for field, modes in by_field.items()
                for mode, interval in modes.items()
            ]
            for model, by_field in differences_from_first(found).items()
        },
        alone=True,
    )


def model_tables(found: Evaluations) -> Iterator[Table]:
    """What models are, and what their codes say."""

    def row(r: Reconstruction) -> list[Cell]:
        code = [r.kl, r.code_gain_nats, r.active_dimensions]
        return [r.parameters, r.windows_seen or None, r.nll, r.bits_per_step, *code]

    columns = {"parameters": ",", "windows seen": ",", "nll": ".2f", "bits per step": SHARE, "KL": ".1f"}
    yield from by_model(
        "models",
        "Models; nll, KL and code gain (the cost of another window's code) in nats per window",
        {**columns, "code gain": ".1f", "active dimensions": ","},
        {model: [row(result)] for model, result in results_of(found, "reconstruction").items()},
        alone=True,
    )


def hold_baselines(results: Mapping[str, Reconstruction]) -> dict[str, dict[str, FieldScores]]:
    """The hold baseline, once where it is that of all models."""
    baselines = {model: result.hold_baseline for model, result in results.items()}
    first = next(iter(baselines.values()), {})
    if all(baseline == first for baseline in baselines.values()):
        return {HOLD: first}
    return {f"{model}, {HOLD}": baseline for model, baseline in baselines.items()}


def differences_from_first(found: Evaluations) -> dict[str, dict[str, dict[str, ConfidenceInterval]]]:
    """By model, field and mode, how much larger a share of right steps is than that of the first model.

    Nothing by the name of a model that was measured on other windows.
    """
    results: dict[str, Reconstruction] = results_of(found, "reconstruction")
    first, *others = list(results) or [""]
    return {
        model: differences_between(results[model], results[first]) if found[model].same_windows(found[first]) else {}
        for model in others
    }


def published_tables(found: Evaluations) -> Iterator[Table]:
    """Shares of right steps at temperature 1, beside those of Roberts et al. 2018, table 1."""

    def rows(result: Reconstruction, evaluation: Evaluation) -> Iterator[list[Cell]]:
        for name, scores in result.fields.items():
            theirs = evaluation.published.get(name)
            yield [
                name,
                result.hold_baseline[name].sampled,
                scores.teacher_forced_sampled,
                theirs.teacher_forced if theirs else None,
                scores.sampled,
                theirs.sampled if theirs else None,
            ]

    columns = (HOLD, "teacher-forced", "published teacher-forced", "sampled", "published sampled")
    yield from by_model(
        "published",
        "Share of right steps at temperature 1, beside the nearest model of Roberts et al. 2018, of other music",
        {"field": "", **dict.fromkeys(columns, SHARE)},
        {model: list(rows(r, found[model])) for model, r in results_of(found, "reconstruction").items()},
        alone=True,
    )


def interpolation_tables(found: Evaluations) -> Iterator[Table]:
    """Paths and their evenness under every distance, and their costs."""
    for distance in distances_of(found):
        yield from path_tables(found, distance)
        yield from evenness_tables(found, distance)
    yield from cost_tables(found)


def distances_of(found: Evaluations) -> list[str]:
    """The distances by which paths were measured."""
    return list(dict.fromkeys(chain.from_iterable(result.paths for result in paths_of(found).values())))


def paths_of(found: Evaluations) -> dict[str, Any]:
    """Interpolations by model."""
    return results_of(found, "interpolation")


def path_tables(found: Evaluations, distance: str) -> Iterator[Table]:
    """One distance at every point of the paths."""
    results = {model: result.paths[distance] for model, result in paths_of(found).items() if distance in result.paths}
    yield from by_model(
        f"paths-{distance}",
        f"{distance.capitalize()} distance along the path from A to B",
        {"point": "", **dict.fromkeys(("to A", "to B", "blend to A", "blend to B"), SHARE)},
        {
            model: along_path(paths.latent.to_a, paths.latent.to_b, paths.blend.to_a, paths.blend.to_b)
            for model, paths in results.items()
        },
    )


def evenness_tables(found: Evaluations, distance: str) -> Iterator[Table]:
    """How even paths are."""

    def row(name: str, curve: Curve) -> list[Cell]:
        words = {True: "yes", False: "no"}
        return [name, curve.largest_step, words[curve.monotone_from_a], words[curve.monotone_to_b]]

    yield from by_model(
        f"evenness-{distance}",
        f"Evenness of paths by {distance} distance",
        {"path": "", "largest step": ".1%", "monotone from A": "s", "monotone to B": "s"},
        {
            model: [row("latent", result.paths[distance].latent), row("blend", result.paths[distance].blend)]
            for model, result in paths_of(found).items()
            if distance in result.paths
        },
    )


def cost_tables(found: Evaluations) -> Iterator[Table]:
    """What the points of paths cost under a 5-gram model; nothing where there is none."""
    costs = {model: result.ngram_costs for model, result in paths_of(found).items()}
    rows = {model: along_path(cost.latent, cost.blend) for model, cost in costs.items() if cost}
    title = "5-gram cost along the path from A to B"
    yield from by_model("costs", title, {"point": "", "latent": SHARE, "blend": SHARE}, rows)


def along_path(*curves: list[float]) -> TableRows:
    """Values at every point of a path, and where it lies."""
    last = len(curves[0]) - 1
    return [[f"{point / last:.2f}", *values] for point, values in enumerate(zip(*curves, strict=True))]


def sample_tables(found: Evaluations) -> Iterator[Table]:
    """How samples are distributed, and whether they are new."""
    results = results_of(found, "samples")
    yield from by_model(
        "samples",
        "Samples beside held-out windows",
        {"feature": "", "overlap": SHARE, "KL": SHARE},
        {
            model: [[name, feature.overlap, feature.kl] for name, feature in result.features.items()]
            for model, result in results.items()
        },
    )
    yield from by_model(
        "coherence",
        "Keys, leaps over a fifth, and bars that come back",
        {"share": "", "samples": SHARE, "held out": SHARE},
        {
            model: [[COHERENCE[name], both.samples, both.held_out] for name, both in result.coherence.items()]
            for model, result in results.items()
        },
    )
    yield from by_model(
        "novelty",
        "New or memorized",
        {"what": "", "share": SHARE},
        {
            model: [
                ["duplicates of another sample", result.duplicates],
                [f"memorized: among {result.training_windows:,} training windows, in any key", result.memorized],
                ["the same of windows of held-out songs, which are left out", result.repeated],
                ["distance to the nearest training window", result.nearest],
                ["the same of held-out windows", result.nearest_held_out],
            ]
            for model, result in results.items()
        },
    )


def consistency_tables(found: Evaluations) -> Iterator[Table]:
    """What a code determines."""
    yield from by_model(
        "consistency",
        "What two decodings have in common",
        {"decodings": "", "same key": SHARE, "rhythm F1": SHARE},
        {
            model: [
                ["of one code", result.same_code.same_key, result.same_code.rhythm_f1],
                ["of different codes", result.different_codes.same_key, result.different_codes.rhythm_f1],
            ]
            for model, result in results_of(found, "consistency").items()
        },
    )


def probe_tables(found: Evaluations) -> Iterator[Table]:
    """What can be read off codes."""
    rows = {model: [[*item] for item in result.items()] for model, result in results_of(found, "probe").items()}
    yield from by_model("probe", "Read off codes linearly", {"attribute": "", "R2": SHARE}, rows)


def attribute_tables(found: Evaluations) -> Iterator[Table]:
    """What vectors do to their own attributes, and to all."""
    yield from own_effect_tables(found)
    for direction in DIRECTIONS:
        yield from effect_tables(found, direction)


def own_effect_tables(found: Evaluations) -> Iterator[Table]:
    """What vectors do to their own attributes, beside random ones."""

    def rows(result: EffectMatrix) -> Iterator[list[Cell]]:
        for name, directions in result.vectors.items():
            for direction, effects in directions.items():
                own, chance = effects[name], result.random[name][direction][name]
                changes = [own.change, own.success_rate, chance.change, chance.success_rate]
                yield [name, direction, result.before[name], *changes]

    results: dict[str, EffectMatrix] = results_of(found, "attributes")
    amounts = " or ".join(f"{amount:g}" for amount in dict.fromkeys(result.amount for result in results.values()))
    columns = {
        "before": SHARE,
        "change": CHANGE,
        "success": PERCENT,
        "random change": CHANGE,
        "random success": PERCENT,
    }
    yield from by_model(
        "attributes",
        f"Attributes after {amounts} of their vectors, and of random ones of the same length",
        {"attribute": "", "direction": "", **columns},
        {model: list(rows(result)) for model, result in results.items()},
    )


def effect_tables(found: Evaluations, direction: str) -> Iterator[Table]:
    """What every vector does to every attribute."""
    results: dict[str, EffectMatrix] = results_of(found, "attributes")
    names = list(dict.fromkeys(chain.from_iterable(result.before for result in results.values())))

    def rows(result: EffectMatrix) -> TableRows:
        changed = {vector: directions[direction] for vector, directions in result.vectors.items()}
        return [
            [vector, *(effects[name].change if name in effects else None for name in names)]
            for vector, effects in changed.items()
        ]

    yield from by_model(
        f"effects-{direction}",
        f"Change of attributes (columns) when we {direction} a vector (rows)",
        {"vector": "", **dict.fromkeys(names, CHANGE)},
        {model: rows(result) for model, result in results.items()},
    )


def chord_tables(found: Evaluations) -> Iterator[Table]:
    """Whether chords are followed, and what stays whatever the chord."""
    results = results_of(found, "chords")
    yield from by_model(
        "chords",
        "Share of the note time on tones of the chord",
        {"chord": "", "conditioned on it": SHARE, "on its tritone": SHARE, "held out": SHARE},
        {
            model: [[name, s.conditioned, s.tritone, s.held_out] for name, s in result.shares.items()]
            for model, result in results.items()
        },
    )
    yield from by_model(
        "style",
        f"One code under {', '.join(STYLE_CHORDS[:-1])} and {STYLE_CHORDS[-1]}",
        {"what": "", "share": SHARE},
        {
            model: [
                ["same instruments", result.invariance.same_instruments],
                ["rhythm F1 between chords", result.invariance.rhythm_f1_across_chords],
                ["rhythm F1 between codes", result.invariance.rhythm_f1_across_codes],
            ]
            for model, result in results.items()
        },
    )


COHERENCE = {
    "one_key": "windows wholly in one key",
    "leaps": "intervals over a fifth",
    "recurrence": "steps of a bar that are those of the bar most like it",
}

MEASUREMENT_TABLES: dict[str, Callable[[Evaluations], Iterator[Table]]] = {
    "reconstruction": reconstruction_tables,
    "interpolation": interpolation_tables,
    "samples": sample_tables,
    "consistency": consistency_tables,
    "probe": probe_tables,
    "attributes": attribute_tables,
    "chords": chord_tables,
}
"""The tables of every measurement that has some."""
