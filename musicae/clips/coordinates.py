"""Codes get names: coordinates in standard deviations over music, and words for what moving along each does.

What music has on average is measured on draws of the model, decoded by argmax. What a direction does is measured around
the clip itself: it is decoded from codes some standard deviations along it (`PROBES`), and what changes at the second
of them, and the other way at none, has a word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from musicae.clips.directions import Directions, directions_of
from musicae.clips.draws import draw_chords
from musicae.clips.names import Names, rounded
from musicae.clips.recipe import Part
from musicae.clips.render import likeliest
from musicae.model import Model
from musicae.music.attributes import ATTRIBUTES
from musicae.music.comparison import SAME, SILENT, all_features, both_ways, in_comparison
from musicae.music.note_distance import onsets_of
from musicae.music.score import Score
from musicae.networks.device import single_threaded

SAMPLES = 64
"""Of the model, which stand for music."""

PROBES = (1.5, 2.0, 2.5)
"""Standard deviations along a direction at which music is compared; the words are of the second."""

Changes = dict[str, float]
"""By feature, in spreads."""


@dataclass(frozen=True)
class FeatureStatistics:
    """How much music has of every feature (`music.comparison`), on average, and its standard deviation.

    Attributes:
        attributes: those that the model can be asked for: that have vectors, and spreads that were measured.
    """

    means: Mapping[str, float]
    spreads: Mapping[str, float]
    attributes: Sequence[str]

    def coordinates(self, score: Score) -> dict[str, float]:
        """How many spreads more of every attribute a score has than music on average."""
        return {name: (ATTRIBUTES[name](score) - self.means[name]) / self.spreads[name] for name in self.attributes}

    def changes(self, before: Score, after: Score) -> Changes:
        """By how many spreads scores differ in every feature that varies."""
        first, then = all_features(before), all_features(after)
        return {name: (then[name] - first[name]) / spread for name, spread in self.spreads.items()}


def feature_statistics(model: Model) -> FeatureStatistics:
    """What music has in the view of a model; the same on any number of threads."""
    with single_threaded():
        codes, chords = model.sample_codes(SAMPLES, 0), draw_chords(model, SAMPLES, 0)
        scores = likeliest(model, [Part(z, chords=some) for z, some in zip(codes, chords, strict=True)])
    found = [all_features(score) for score in scores]
    columns = {name: np.array([one[name] for one in found]) for name in found[0]}
    known = {name: spread for name, spread in model.spreads.items() if name in model.attributes and spread > 0}
    spreads = {name: known.get(name, float(column.std())) for name, column in columns.items()}
    return FeatureStatistics(
        {name: float(column.mean()) for name, column in columns.items()},
        {name: spread for name, spread in spreads.items() if spread > 0},
        [name for name in ATTRIBUTES if name in known],
    )


def coordinates_of(model: Model, part: Part) -> dict[str, float]:
    """Where the code of a part lies, by all names that the model has."""
    (score,) = likeliest(model, [part])
    return {**feature_statistics(model).coordinates(score), **directions_of(model).coordinates(part.z)}


def with_coordinates(model: Model, part: Part) -> Part:
    """The part, with names for its code and words for them."""
    statistics, directions = feature_statistics(model), directions_of(model)
    (score,) = likeliest(model, [part])
    found = rounded({**statistics.coordinates(score), **directions.coordinates(part.z)})
    words = {name: _amount_in_words(name, score, statistics) for name in statistics.attributes}
    words |= _effects_in_words(model, part, score, statistics, directions)
    return replace(part, names=Names(found, found, part.z.numpy(), words))


def effect_in_words(statistics: FeatureStatistics, before: Score, afters: Sequence[Score]) -> str:
    """What the middle one of some scores has more or less of than another one, where none of them goes the other way;
    empty where nothing of that has a word."""
    middle = afters[len(afters) // 2]
    if onsets_of(before) == onsets_of(middle):
        return SAME
    if middle.silent:
        return SILENT
    every, changed = [statistics.changes(before, after) for after in afters], statistics.changes(before, middle)
    agreed = (name for name in changed if all(changed[name] * one[name] >= 0 for one in every))
    return in_comparison({name: changed[name] for name in agreed})


def _amount_in_words(name: str, score: Score, statistics: FeatureStatistics) -> str:
    mean, spread = statistics.means[name], statistics.spreads[name]
    usual = f"music has {mean:.3g} on average, with a standard deviation of {spread:.2g}"
    return f"{ATTRIBUTES[name](score):.3g} here; {usual}"


def _effects_in_words(
    model: Model, part: Part, before: Score, statistics: FeatureStatistics, directions: Directions
) -> dict[str, str]:
    """What the clip becomes along every direction."""
    amounts = [sign * length for sign in (1, -1) for length in PROBES]
    codes = [directions.move(part.z, {name: amount}) for name in directions.names for amount in amounts]
    with single_threaded():
        scores = likeliest(model, [replace(part, z=z) for z in codes]) if codes else []
    words = {}
    for number, name in enumerate(directions.names):
        mine = scores[number * len(amounts) :][: len(amounts)]
        up, down = (effect_in_words(statistics, before, some) for some in (mine[: len(PROBES)], mine[len(PROBES) :]))
        words[name] = both_ways(up, down)
    return words
