"""Evaluations on one screen: of every measurement the few numbers that it comes to, model beside model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import fmean
from typing import Any

from musicae.evaluation.attribute_effects import EffectMatrix
from musicae.evaluation.chord_following import ChordFollowing
from musicae.evaluation.consistency import Consistency
from musicae.evaluation.interpolation import Interpolation
from musicae.evaluation.reconstruction import Reconstruction
from musicae.evaluation.sample_statistics import SampleStatistics
from musicae.report.table import Cell, Table
from musicae.report.tables import Evaluations, results_of
from musicae.training.playback import in_percent

READABLE = 0.5
"""Above this share of its variance that can be read off codes linearly, an attribute is said to be readable."""

Figures = Iterator[tuple[str, str]]
"""What is counted, and its value in words."""


def summary_tables(found: Evaluations) -> Iterator[Table]:
    """One table with a column for every model; none where nothing was measured that can be put in a number."""
    figures: dict[str, dict[str, str]] = {}
    for measurement, summarize in SUMMARIES.items():
        for model, result in results_of(found, measurement).items():
            for what, value in summarize(result):
                figures.setdefault(what, {})[model] = value
    rows: list[list[Cell]] = [[what, *(values.get(model) for model in found)] for what, values in figures.items()]
    if rows:
        yield Table("summary", "In short", {"": "", **dict.fromkeys(found, "s")}, rows)


def reconstruction_figures(result: Reconstruction) -> Figures:
    """How much comes back of every field, and of holding."""
    unit = result.playback.unit
    for name, scores in result.fields.items():
        of = f" of {name}" if len(result.fields) > 1 else ""
        yield f"{unit}{of} played back from the code", in_percent(scores.free_running)
        yield f" {of} by {result.playback.holding}", in_percent(result.hold_baseline[name].free_running)
    if result.notes is not None:
        yield "notes played back from the code (F1)", in_percent(result.notes.f1)


def interpolation_figures(result: Interpolation) -> Figures:
    """How even paths are."""
    for distance, paths in result.paths.items():
        yield f"largest step of a path ({distance} distance)", in_percent(paths.latent.largest_step)


def sample_figures(result: SampleStatistics) -> Figures:
    """How like music samples are, and how new."""
    overlaps = [feature.overlap for feature in result.features.values()]
    yield "samples spread as held-out music does", in_percent(fmean(overlaps))
    yield "samples that are training windows", in_percent(result.memorized, 1)
    yield "samples that are one like another", in_percent(result.duplicates, 1)


def consistency_figures(result: Consistency) -> Figures:
    """How much of the rhythm a code determines."""
    yield "rhythm that two clips of one code share", in_percent(result.same_code.rhythm_f1)
    yield "rhythm that clips of two codes share", in_percent(result.different_codes.rhythm_f1)


def probe_figures(result: dict[str, float]) -> Figures:
    """How well attributes can be read off codes."""
    readable = sum(r_squared > READABLE for r_squared in result.values())
    yield f"attributes that codes tell (R2 over {READABLE})", f"{readable} of {len(result)}"


def attribute_figures(result: EffectMatrix) -> Figures:
    """How often vectors move their attribute, and how often random ones do."""
    own, chance = (
        [effects[name].success_rate for name, directions in matrix.items() for effects in directions.values()]
        for matrix in (result.vectors, {name: result.random[name] for name in result.vectors})
    )
    yield "clips that an attribute vector moves its way", in_percent(fmean(own))
    yield "  that a random vector does", in_percent(fmean(chance))


def chord_figures(result: ChordFollowing) -> Figures:
    """How well chords are followed."""
    shares = list(result.shares.values())
    for what, found in (
        ("time on tones of the chord that is asked for", [s.conditioned for s in shares]),
        ("  where the chord a tritone away is asked for", [s.tritone for s in shares]),
    ):
        measured = [share for share in found if share is not None]
        if measured:
            yield what, in_percent(fmean(measured))


SUMMARIES: dict[str, Callable[[Any], Figures]] = {
    "reconstruction": reconstruction_figures,
    "interpolation": interpolation_figures,
    "samples": sample_figures,
    "consistency": consistency_figures,
    "probe": probe_figures,
    "attributes": attribute_figures,
    "chords": chord_figures,
}
"""What every measurement comes to."""
