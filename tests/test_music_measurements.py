"""What is measured of every objective: numbers that are finite, and what they must be."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from musicae.corpus.dataset import Dataset
from musicae.evaluation.study import EvaluationSettings, Study
from musicae.experiments.music.music_measurements import COMPARED, collection_numbers, reverse_perplexities
from musicae.model import Model
from musicae.objectives import OBJECTIVES
from tests.helpers.labels import labeled_by_pitch
from tests.test_objectives import config_of

pytestmark = pytest.mark.usefixtures("hasty_classifier")

FEW = EvaluationSettings(pairs=8, samples=16)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_everything_is_measured_of_every_objective(objective: str, data: Dataset) -> None:
    torch.manual_seed(0)
    dataset = labeled_by_pitch(data)
    study = Study(Model(config_of("melody", objective), "m", "cpu"), dataset, settings=FEW)
    undefined = set()
    for name, measure in COMPARED.items():
        for quantity, value in measure(study).items():
            if not all(map(math.isfinite, value if isinstance(value, list) else [value])):
                undefined.add(f"{name}.{quantity}")
    says_its_class = objective in ("aae-semi", "aae-style", "arae-transfer")
    assert undefined == (set() if says_its_class else {"labels.own_class"})


def test_samples_that_are_the_training_windows_are_as_good_as_music(data: Dataset, model: Model) -> None:
    study = Study(model, data, settings=EvaluationSettings(samples=64))
    study.__dict__["samples"] = study.training.numpy()
    found = reverse_perplexities(study)
    assert found["reverse_perplexity"] == pytest.approx(found["music_reverse_perplexity"])
    study.__dict__["samples"] = np.zeros_like(study.training.numpy())
    assert reverse_perplexities(study)["reverse_perplexity"] > found["music_reverse_perplexity"]


def test_the_folder_of_a_window_is_read_off_its_code(data: Dataset, model: Model) -> None:
    found = collection_numbers(model, labeled_by_pitch(data))
    assert found["most_frequent_collection"] == pytest.approx(0.5, abs=0.05)
    assert found["collection"] > 0.5  # fitted to the very windows that are asked for
