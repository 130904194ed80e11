"""All objectives on the same music for the same number of updates: trainings, and what was measured of each.

A training has a folder with the model, the state of its training, and its result, what has been measured so far:
whatever is missing there is trained, or measured, and nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from musicae.checked_json import finite
from musicae.config import pick
from musicae.corpus.dataset import Dataset
from musicae.errors import MusicaeError
from musicae.evaluation.study import Study
from musicae.experiments.music.music_measurements import COMPARED, Numbers, collection_numbers, study_of
from musicae.experiments.results import all_results, read_result, write_result
from musicae.model import load
from musicae.objectives import OBJECTIVES
from musicae.training.outcome import run_path
from musicae.training.reporter import Notice, NullReporter, Reporter
from musicae.training.run import Run
from musicae.verbs.train import begin, begun, plan, training_in

SEMI_SUPERVISED = "aae-semi"
"""The objective that learns classes from few labels."""


@dataclass(frozen=True)
class Trial:
    """A training of the comparison.

    Attributes:
        label_share: how many of the training windows show it their label.
    """

    objective: str
    seed: int
    updates: int
    label_share: float = 1.0

    @property
    def name(self) -> str:
        """Of its folder."""
        few = "" if self.label_share == 1 else f"-labels-{self.label_share:g}"
        return f"{self.objective}{few}-{self.seed}"

    @property
    def settings(self) -> list[str]:
        """What it changes in its preset, beside the objective."""
        return [f"training.updates={self.updates}", f"training.label_share={self.label_share}"]


@dataclass(frozen=True)
class TrialResult:
    """What one training came to, on held-out songs.

    Attributes:
        measured: by name of a measurement, its numbers; None where one is not defined.
    """

    trial: Trial
    minutes: float
    measured: dict[str, dict[str, Any]] = field(default_factory=dict)

    def number(self, path: str) -> Any:
        """What was measured under a path like "samples.cost", and None where nothing was."""
        measurement, _, quantity = path.partition(".")
        return self.measured.get(measurement, {}).get(quantity)


@dataclass(frozen=True)
class Comparison:
    """What trainings are compared on.

    Attributes:
        folder: of their folders.
        settings: changes of the preset that all of them share, e.g. `("training.batch=64",)`.
        collections: the same music labeled by folder, which codes are asked for; or None.
    """

    dataset: Dataset
    folder: Path
    preset: str | None = None
    device: str = "auto"
    settings: Sequence[str] = ()
    collections: Dataset | None = None

    def measurements(self) -> dict[str, Callable[[Study], Numbers]]:
        """All of them, by name."""
        if self.collections is None:
            return dict(COMPARED)
        collections = self.collections
        return {**COMPARED, "collections": lambda on: collection_numbers(on.model, collections)}


def trials_of(
    names: Sequence[str], dataset: Dataset, *, seeds: int, updates: int, label_shares: Sequence[float] = ()
) -> list[Trial]:
    """The trainings of a comparison, seed by seed.

    Args:
        names: of objectives; all that the data set has what they need for, if there are none.
        label_shares: at which the semi-supervised objective is trained as well.

    Raises:
        MusicaeError: there is no such objective, or the data set lacks labels.
    """
    for name in names:
        pick(OBJECTIVES, name, "objective", "unknown-objective")
    labeled = len(dataset.classes) > 1
    chosen = [name for name, one in OBJECTIVES.items() if name in names or (not names and (labeled or not one.labels))]
    wanting = [name for name in [*chosen, *[SEMI_SUPERVISED for _ in label_shares]] if OBJECTIVES[name].labels]
    if wanting and not labeled:
        message = f"{dataset.folder} has no labels of two classes, which {wanting[0]} needs"
        raise MusicaeError(message, "label it", kind="no-labels", objective=wanting[0])
    found = []
    for seed in range(seeds):
        found += [Trial(name, seed, updates) for name in chosen]
        found += [Trial(SEMI_SUPERVISED, seed, updates, share) for share in label_shares]
    return found


def run_trial(trial: Trial, on: Comparison, reporter: Reporter | None = None) -> TrialResult:
    """Trains a model in its folder, or goes on with it, and measures what was not measured yet.

    Raises:
        KeyboardInterrupt: stopped, after saving.
        MusicaeError: the folder holds another training.
    """
    folder = on.folder / trial.name
    with training_in(folder):
        result = read_result(folder, TrialResult)
        if result is None:
            result = train_trial(trial, folder, on, reporter)
            write_result(folder, result)
        elif result.trial != trial:
            message = f"{folder} holds a training of {result.trial.updates} updates"
            raise MusicaeError(message, "choose another folder", kind="holds-model", path=folder)
        else:
            begun(_run_of(trial, on), folder)  # of other data, another preset or other settings it is another one
        return measure_trial(result, folder, on, reporter or NullReporter())


def results_beside(trials: Sequence[Trial], on: Comparison, updates: int) -> list[TrialResult]:
    """What other trainings of so many updates have come to in the folder of a comparison, if they are of its data."""
    found = [one for one in all_results(on.folder, TrialResult) if one.trial not in trials]
    return [one for one in found if one.trial.updates == updates and _of_data(on.folder / one.trial.name, on.dataset)]


def _of_data(folder: Path, dataset: Dataset) -> bool:
    """Whether a training, if more than its result is left of it, is of a data set."""
    return not run_path(folder).exists() or Run.read(folder).source == dataset.manifest.get("source", "")


def train_trial(trial: Trial, folder: Path, on: Comparison, reporter: Reporter | None = None) -> TrialResult:
    """Trains a model from the beginning, or from where it stopped, to the end; nothing is measured yet.

    It gets neither a model card nor attribute vectors, which take as long as everything that is measured.
    """
    run = _run_of(trial, on)
    known = begun(run, folder)
    trainer = begin(known or run, folder, device=on.device, reporter=reporter, resume=known is not None)
    trainer.run()
    return TrialResult(trial, trainer.state.seconds / 60)


def _run_of(trial: Trial, on: Comparison) -> Run:
    return plan(
        on.dataset,
        preset=on.preset,
        objective=trial.objective,
        settings=[*on.settings, *trial.settings],
        seed=trial.seed,
    )


def measure_trial(result: TrialResult, folder: Path, on: Comparison, reporter: Reporter) -> TrialResult:
    """The result with everything that can be measured; every number is kept as soon as it is known.

    What cannot be measured of a model is said, left out, and tried again another time.
    """
    missing = {name: measure for name, measure in on.measurements().items() if name not in result.measured}
    if not missing:
        return result
    study = study_of(load(folder, on.device), on.dataset)
    for name, measure in missing.items():
        try:
            numbers = finite(measure(study))
        except MusicaeError as error:
            reporter.tell(Notice(f"{result.trial.name}: no {name}, {error.message}"))
            continue
        result = replace(result, measured={**result.measured, name: numbers})
        write_result(folder, result)
    return result
