"""Everything that can be measured of a model on held-out music: one table of measurements, and one door to them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from musicae.corpus.dataset import Dataset
from musicae.corpus.discover import Progress, no_progress
from musicae.errors import unknown_name
from musicae.evaluation.attribute_effects import measure_attribute_effects
from musicae.evaluation.chord_following import measure_chord_following
from musicae.evaluation.consistency import measure_consistency
from musicae.evaluation.held_out import repeated_share
from musicae.evaluation.interpolation import measure_interpolation
from musicae.evaluation.latent_space import measure_map, measure_traversals, projection_of
from musicae.evaluation.plain import plain
from musicae.evaluation.probe import measure_probe
from musicae.evaluation.published import Published, published_figures
from musicae.evaluation.reconstruction import measure_reconstruction
from musicae.evaluation.sample_statistics import measure_samples
from musicae.evaluation.study import DEFAULT_SETTINGS, EvaluationSettings, Study
from musicae.evaluation.verdicts import verdicts_on
from musicae.model import Model

PROBED = 5_000
"""Training windows that the probe is fitted on."""

MEASUREMENTS: dict[str, Callable[[Study], Any]] = {
    "reconstruction": lambda on: measure_reconstruction(on.model, on.windows, seed=on.seed, progress=on.progress),
    "interpolation": lambda on: measure_interpolation(
        on.model, on.ends, on.ngram, points=on.settings.points, seed=on.seed, progress=on.progress
    ),
    "samples": lambda on: measure_samples(
        on.model, on.samples, on.windows, on.training, on.ngram, on.training_hashes, repeated_share(on.data)
    ),
    "consistency": lambda on: measure_consistency(
        on.model, codes=on.settings.codes, decodings=on.settings.decodings, seed=on.seed, progress=on.progress
    ),
    "probe": lambda on: measure_probe(on.model, on.training[:PROBED], on.windows),
    "attributes": lambda on: measure_attribute_effects(
        on.model, on.windows, amount=on.settings.amount, seed=on.seed, progress=on.progress
    ),
    "chords": lambda on: measure_chord_following(
        on.model,
        on.windows,
        samples=on.settings.samples,
        temperature=on.settings.temperature,
        seed=on.seed,
        progress=on.progress,
    ),
    "traversals": lambda on: measure_traversals(on.model, on.windows, progress=on.progress),
    "map": lambda on: measure_map(on.model, on.windows, on.settings.projection),
}
"""What is measured, by name: a function of what it reads, whose result is a record."""

ALL = tuple(MEASUREMENTS)

FITS: dict[str, Callable[[Model], bool]] = {
    "attributes": lambda model: bool(model.attributes),
    "chords": lambda model: model.representation.has_chords,
}
"""The measurements that not every model has, and which models have them."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What was measured of a model on held-out windows.

    Attributes:
        model, hash: the model's name, and what its weights hash to.
        data: the folder of the data set.
        windows: how many were read.
        published: the figures of the nearest model of Roberts et al. 2018, by field; empty if there is none.
        results: by measurement, only of those that were asked for and that fit the model.
        skipped: measurements that do not fit the model.
    """

    model: str
    hash: str
    data: str
    split: str
    windows: int
    seed: int
    published: Mapping[str, Published]
    results: Mapping[str, Any]
    skipped: frozenset[str] = frozenset()

    def same_windows(self, other: Evaluation) -> bool:
        """Whether another evaluation read the same held-out windows, in the same order."""
        ours, theirs = ((one.data, one.split, one.windows, one.seed) for one in (self, other))
        return ours == theirs

    def record(self) -> dict[str, Any]:
        """Everything as plain data, except single windows and what was published."""
        header = {name: getattr(self, name) for name in ("model", "hash", "data", "split", "windows", "seed")}
        return {**header, "verdicts": self.verdicts(), **plain(self.results)}

    def verdicts(self) -> list[str]:
        """What a user should know first (`verdicts_on`)."""
        return verdicts_on(self.results, self.skipped)


def evaluate(
    model: Model,
    data: Dataset,
    *,
    only: Collection[str] = ALL,
    split: str = "test",
    windows: int = 1024,
    settings: EvaluationSettings = DEFAULT_SETTINGS,
    seed: int = 0,
    progress: Progress = no_progress,
) -> Evaluation:
    """Measures a model on a split of a data set.

    Args:
        only: names of `MEASUREMENTS`. Asked for all of them, those that do not fit the model are skipped.
        windows: held-out windows that are read, at most.
        settings: options of single measurements.

    Raises:
        MusicaeError: there is no such measurement or projection, or it does not fit the model; or the data set is of
            another kind than the model, has fewer than two windows there, or no training windows to compare with.
    """
    for name in only:
        if name not in MEASUREMENTS:
            raise unknown_name("measurement", name, MEASUREMENTS)
    if "map" in only:
        projection_of(settings.projection)  # before anything is measured
    everything = set(only) == set(ALL)
    skipped = frozenset(name for name, fits in FITS.items() if everything and not fits(model))
    study = Study(model, data, split, windows, settings, seed, progress)
    return Evaluation(
        model.name,
        model.hash,
        str(data.folder),
        split,
        len(study.windows),
        seed,
        published_figures(model.representation, model.config.decoder.name),
        {name: MEASUREMENTS[name](study) for name in MEASUREMENTS if name in only and name not in skipped},
        skipped,
    )
