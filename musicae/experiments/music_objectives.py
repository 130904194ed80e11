"""All objectives on the same music for the same number of updates: what each is good for."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from musicae.config import pick
from musicae.corpus.dataset import Dataset
from musicae.corpus.labels import MEASURES
from musicae.evaluation.evaluate import evaluate
from musicae.evaluation.held_out import held_out, training_windows
from musicae.evaluation.interpolation import Interpolation
from musicae.evaluation.prior_samples import PriorSamples, sample_windows
from musicae.evaluation.probe import r_squared, ridge
from musicae.evaluation.reconstruction import Reconstruction
from musicae.evaluation.study import EvaluationSettings
from musicae.evaluation.types import WindowTensor
from musicae.model import Model, load
from musicae.music.key import NO_KEY, in_one_key, key, mode
from musicae.music.score import Score
from musicae.objectives import OBJECTIVES
from musicae.report.table import Cell, Table
from musicae.storage.atomic import write_atomically
from musicae.training.loop import state_path
from musicae.training.reporter import Reporter
from musicae.verbs.train import Run, begin, finish, plan

WINDOWS, PAIRS, SAMPLES, PROBED = 1024, 256, 512, 5_000
"""Held-out windows, paths between them, draws, and training windows that probes are fitted on."""


@dataclass(frozen=True)
class ObjectiveResult:
    """What one training came to, on held-out songs.

    Attributes:
        teacher_forced, free_running: share of steps right, of all fields.
        active_dimensions: dimensions of z in use.
        largest_step: the largest share of a path between two windows that one of ten steps takes.
        path_cost: cost under a 5-gram model half-way, beside the mean of the ends; 1 is as likely as music.
        cost_overlap: of the costs of samples with those of held-out music.
        one_key: share of samples that lie wholly in one key; `one_key_music`, of held-out music.
        mode, key: share of windows whose mode, and key, is read linearly off the code.
        density: R^2 of density, read likewise.
    """

    objective: str
    seed: int
    updates: int
    minutes: float
    nll: float
    teacher_forced: float
    free_running: float
    active_dimensions: int
    largest_step: float
    path_cost: float
    cost_overlap: float
    one_key: float
    one_key_music: float
    mode: float
    key: float
    density: float


def objectives_named(names: Sequence[str], dataset: Dataset) -> list[str]:
    """These objectives in the order of the table, or all that the data set has what they need for.

    Raises:
        MusicaeError: there is no such objective.
    """
    for name in names:
        pick(OBJECTIVES, name, "objective")
    fitting = [name for name, one in OBJECTIVES.items() if len(dataset.classes) > 1 or not one.labels]
    return [name for name in OBJECTIVES if name in (names or fitting)]


def train_objective(
    name: str,
    seed: int,
    updates: int,
    dataset: Dataset,
    folder: Path,
    *,
    preset: str | None = None,
    device: str = "auto",
    reporter: Reporter | None = None,
) -> ObjectiveResult:
    """Trains a model in a folder, goes on where it stopped, measures it once, and says what it came to.

    Raises:
        KeyboardInterrupt: stopped, after saving.
        MusicaeError: the data set lacks labels, or the folder holds another training.
    """
    path = folder / "result.json"
    if path.exists():
        return ObjectiveResult(**json.loads(path.read_text()))
    resume = state_path(folder).exists()
    planned = plan(dataset, preset=preset, objective=name, settings=[f"training.updates={updates}"], seed=seed)
    trainer = begin(Run.read(folder) if resume else planned, folder, device=device, reporter=reporter, resume=resume)
    trainer.run()
    if not (folder / "README.md").exists():
        finish(trainer, planned)
    state = trainer.state
    result = measure_objective(name, seed, state.update, state.seconds / 60, load(folder, device), dataset)
    write_atomically(path, (json.dumps(asdict(result), indent=2) + "\n").encode())
    return result


def measure_objective(
    name: str, seed: int, updates: int, minutes: float, model: Model, dataset: Dataset
) -> ObjectiveResult:
    """Everything that the table has of a model."""
    settings = EvaluationSettings(pairs=PAIRS, samples=SAMPLES)
    measured = ("reconstruction", "interpolation", "samples")
    found = evaluate(model, dataset, only=measured, windows=WINDOWS, settings=settings).results
    reconstruction: Reconstruction = found["reconstruction"]
    paths: Interpolation = found["interpolation"]
    samples: PriorSamples = found["samples"]
    curve = next(iter(paths.paths.values())).latent
    training, test = training_windows(dataset, 0)[:PROBED], held_out(model, dataset, WINDOWS)
    sampled = model.scores(sample_windows(model, SAMPLES))
    real = model.scores(test.numpy())
    costs = samples.features.get("cost")
    return ObjectiveResult(
        objective=name,
        seed=seed,
        updates=updates,
        minutes=minutes,
        nll=reconstruction.nll,
        teacher_forced=_mean([one.teacher_forced for one in reconstruction.fields.values()]),
        free_running=_mean([one.free_running for one in reconstruction.fields.values()]),
        active_dimensions=reconstruction.active_dimensions,
        largest_step=curve.largest_step,
        path_cost=paths.ngram_costs.latent[PATH_MIDDLE] if paths.ngram_costs else np.nan,
        cost_overlap=costs.overlap if costs else np.nan,
        one_key=_mean([float(in_one_key(score)) for score in sampled]),
        one_key_music=_mean([float(in_one_key(score)) for score in real]),
        **probes(model, training, test),
    )


PATH_MIDDLE = 5
"""Of eleven points."""


def probes(model: Model, training: WindowTensor, test: WindowTensor) -> dict[str, float]:
    """What linear maps of codes, fitted to training windows, say right of held-out ones."""
    x, held = (model.encode(windows).double().numpy() for windows in (training, test))
    scores, truth = (model.scores(windows.numpy()) for windows in (training, test))
    found = {}
    for name, measure in (("mode", mode), ("key", _key)):
        ours, theirs = (np.array([measure(score) for score in some]) for some in (scores, truth))
        known, asked = np.isfinite(ours), np.isfinite(theirs)
        found[name] = class_accuracy(x[known], ours[known], held[asked], theirs[asked])
    density, right = (np.array([[MEASURES["density"](score)] for score in some]) for some in (scores, truth))
    return found | {"density": r_squared(ridge(x, density, held), right)[0]}


def class_accuracy(
    x: Float[np.ndarray, "window size"],
    classes: Float[np.ndarray, " window"],
    held: Float[np.ndarray, "held_out size"],
    truth: Float[np.ndarray, " held_out"],
) -> float:
    """Share of held-out codes whose class is the one that a linear map to one-hot classes likes best."""
    names = np.unique(classes)
    if not len(names) or not len(truth):
        return math.nan
    liked = ridge(x, (classes[:, None] == names).astype(np.float64), held).argmax(1)
    return float((names[liked] == truth).mean())


def _key(score: Score) -> float:
    found = key(score)
    return math.nan if found == NO_KEY else float(found)


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))


COLUMNS = {
    "objective": "",
    "seeds": "d",
    "nll": ".2f",
    "teacher": ".3f",
    "free": ".3f",
    "active": ".0f",
    "largest step": ".2f",
    "path cost": ".2f",
    "cost overlap": ".2f",
    "one key": ".2f",
    "mode": ".2f",
    "key": ".2f",
    "density": ".2f",
}
"""Of the table: the numbers of `ObjectiveResult`, on average over seeds."""


def objectives_table(results: Sequence[ObjectiveResult]) -> Table:
    """A row per objective."""
    rows = []
    for name in OBJECTIVES:
        if some := [one for one in results if one.objective == name]:
            means: list[Cell] = [_mean([float(getattr(one, key)) for one in some]) for key in COMPARED]
            rows.append([name, len(some), *means])
    return Table("objectives", "Objectives on the same music", COLUMNS, rows)


COMPARED = (
    "nll",
    "teacher_forced",
    "free_running",
    "active_dimensions",
    "largest_step",
    "path_cost",
    "cost_overlap",
    "one_key",
    "mode",
    "key",
    "density",
)
