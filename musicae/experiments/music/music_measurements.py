"""What the comparison of objectives measures of every model: a table of functions of a study, numbers by name."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

from musicae.corpus.dataset import Dataset
from musicae.corpus.labels import MEASURES
from musicae.evaluation.evaluate import MEASUREMENTS, PROBED
from musicae.evaluation.held_out import ngram_of
from musicae.evaluation.interpolation import Interpolation
from musicae.evaluation.probe import r_squared, ridge
from musicae.evaluation.reconstruction import FieldScores, Reconstruction
from musicae.evaluation.sample_statistics import SampleStatistics
from musicae.evaluation.study import EvaluationSettings, Study
from musicae.experiments.music.arae_checkpoints import measure_checkpoints
from musicae.experiments.music.label_probes import (
    class_accuracy,
    labeled,
    measure_labels,
    most_frequent,
    probe_accuracy,
)
from musicae.experiments.music.transfers import measure_transfer
from musicae.model import Model
from musicae.music.key import NO_KEY, key_index, mode
from musicae.music.score import Score

WINDOWS = 1_024
"""Held-out windows."""

SETTINGS = EvaluationSettings(pairs=256, samples=4_096, temperature=0.5)
"""Paths between held-out windows, and draws, which are decoded at temperature 0.5."""

Numbers = Mapping[str, float | list[float]]


def study_of(model: Model, dataset: Dataset) -> Study:
    """A model on held-out songs, as all measurements here see it."""
    return Study(model, dataset, n=WINDOWS, settings=SETTINGS)


def reconstruction_numbers(on: Study) -> Numbers:
    """`nll` in nats per window; `teacher_forced` and `free_running`, shares of steps right, of all fields;
    `active_dimensions` of z."""
    found: Reconstruction = MEASUREMENTS["reconstruction"](on)
    return {
        "nll": found.nll,
        "teacher_forced": _over_fields(found, lambda scores: scores.teacher_forced),
        "free_running": _over_fields(found, lambda scores: scores.free_running),
        "active_dimensions": float(found.active_dimensions),
    }


def path_numbers(on: Study) -> Numbers:
    """Along paths between two windows, and `blend_`, of mixtures of the windows themselves: `distance` to the first one
    in units of their distance, `cost` under a 5-gram model beside the ends', where 1 is as likely as music.

    `largest_step` is the largest share of the path that one of ten steps takes, `middle_cost` the cost half-way.
    """
    found: Interpolation = MEASUREMENTS["interpolation"](on)
    first = next(iter(found.paths.values()))
    numbers: dict[str, float | list[float]] = {
        "largest_step": first.latent.largest_step,
        "distance": first.latent.to_a,
        "blend_distance": first.blend.to_a,
    }
    if found.ngram_costs:
        numbers |= {"cost": found.ngram_costs.latent, "blend_cost": found.ngram_costs.blend}
        numbers["middle_cost"] = found.ngram_costs.latent[found.points // 2]
    return numbers


def sample_numbers(on: Study) -> Numbers:
    """Of draws, and `music_`, of held-out music: `cost` in nats per step under a 5-gram model of training windows;
    `one_key`, the share that lies wholly in one key; `reverse_perplexity`.

    `cost_overlap` is the area that both histograms of costs cover.
    """
    found: SampleStatistics = MEASUREMENTS["samples"](on)
    numbers: dict[str, float | list[float]] = {}
    if "one_key" in found.coherence:
        in_key = found.coherence["one_key"]
        numbers |= {"one_key": in_key.samples, "music_one_key": in_key.held_out}
    if on.ngram:
        numbers["cost"] = float(on.ngram.cost(on.samples).mean())
        numbers["music_cost"] = float(on.ngram.cost(on.windows.numpy()).mean())
        numbers["cost_overlap"] = found.features["cost"].overlap
    return {**numbers, **reverse_perplexities(on)}


def reverse_perplexities(on: Study) -> dict[str, float]:
    """exp of the nats per step that held-out music costs under a 5-gram model of draws (Zhao et al. 2018, section 6.3),
    and under one of as many training windows: low where draws are as varied as music, and likely."""
    learned_from = {"reverse_perplexity": torch.as_tensor(on.samples)}
    learned_from["music_reverse_perplexity"] = on.training[: len(on.samples)]
    found = {name: ngram_of(on.model, windows) for name, windows in learned_from.items()}
    held_out = on.windows.numpy()
    return {name: float(np.exp(ngram.cost(held_out).mean())) for name, ngram in found.items() if ngram}


def probe_numbers(on: Study) -> Numbers:
    """What linear maps of codes, fitted to training windows, say right of held-out ones: `mode` and `key`, shares of
    windows, beside that of the most frequent one; `density`, R^2."""
    training = on.training[:PROBED]
    x, held = (on.model.encode(windows).double().numpy() for windows in (training, on.windows))
    scores, asked = (on.model.scores(windows.numpy()) for windows in (training, on.windows))
    found: dict[str, float | list[float]] = {}
    for name, measure in (("mode", mode), ("key", _key)):
        ours, theirs = (np.array([measure(score) for score in some]) for some in (scores, asked))
        known, clear = np.isfinite(ours), np.isfinite(theirs)
        found[name] = class_accuracy(x[known], ours[known], held[clear], theirs[clear])
        found[f"most_frequent_{name}"] = most_frequent(theirs[clear])
    density, truth = (np.array([[MEASURES["density"](score)] for score in some]) for some in (scores, asked))
    return found | {"density": r_squared(ridge(x, density, held), truth)[0]}


def collection_numbers(model: Model, collections: Dataset) -> dict[str, float]:
    """The share of held-out windows whose folder a linear map of codes names, beside the most frequent folder's."""
    known = labeled(collections.split("train"), PROBED)
    asked = labeled(collections.split("test"))
    return {"collection": probe_accuracy(model, known, asked), "most_frequent_collection": most_frequent(asked.classes)}


def _key(score: Score) -> float:
    found = key_index(score)
    return math.nan if found == NO_KEY else float(found)


def _over_fields(found: Reconstruction, share: Callable[[FieldScores], float]) -> float:
    return _mean(map(share, found.fields.values()))


def _mean(values: Any) -> float:
    return float(np.mean(list(values)))


COMPARED: dict[str, Callable[[Study], Numbers]] = {
    "reconstruction": reconstruction_numbers,
    "paths": path_numbers,
    "samples": sample_numbers,
    "probes": probe_numbers,
    "checkpoints": measure_checkpoints,
    "labels": lambda on: measure_labels(on.model, on.data),
    "transfer": measure_transfer,
}
"""By name, each on its own, so that what a training lacks is measured alone."""
