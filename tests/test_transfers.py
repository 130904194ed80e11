"""Transfer, measured: in models that know classes, and along the difference of means in others."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from musicae.corpus.dataset import Dataset
from musicae.evaluation.study import Study
from musicae.experiments.music.transfers import ClassPlaces, measure_transfer
from musicae.model import Model
from musicae.objectives import apply
from tests.helpers.labels import labeled_by_pitch
from tests.helpers.models import tiny_config

pytestmark = pytest.mark.usefixtures("hasty_classifier")


def model_of(objective: str, data: Dataset) -> Model:
    torch.manual_seed(0)
    return Model(apply(tiny_config("melody-2bar"), objective, data.classes), objective, "cpu")


@pytest.mark.parametrize("objective", ["autoencoder", "vae", "aae-style", "aae-semi", "arae-transfer"])
def test_everything_is_measured_of_every_kind_of_model(objective: str, data: Dataset) -> None:
    labeled = labeled_by_pitch(data)
    found = measure_transfer(Study(model_of(objective, labeled), labeled, n=16))
    assert len(found) == 10
    shares = {name: value for name, value in found.items() if "cost" not in name}
    assert all(isinstance(value, float) and 0 <= value <= 1 for value in shares.values())
    onsets, notes = found["onsets_kept"], found["notes_kept"]
    assert isinstance(onsets, float) and isinstance(notes, float) and onsets >= notes


def test_nothing_is_measured_without_labels(data: Dataset) -> None:
    assert measure_transfer(Study(model_of("vae", data), data)) == {}


def test_a_code_moves_by_the_difference_of_means_where_no_class_stands_beside_it(data: Dataset) -> None:
    labeled = labeled_by_pitch(data)
    places = ClassPlaces(model_of("autoencoder", labeled), labeled)
    classes = torch.from_numpy(places.classes).long()
    moved = places.move(places.codes, classes, 1 - classes)
    for label in (0, 1):
        was, others = places.codes[classes == 1 - label], moved[classes == 1 - label]
        torch.testing.assert_close(others.mean(0), places.means[label])
        torch.testing.assert_close(others - was, (places.means[label] - places.means[1 - label]).expand_as(was))


def test_where_a_class_stands_beside_the_code_it_alone_moves(data: Dataset, tmp_path: Path) -> None:
    labeled = labeled_by_pitch(data)
    places, z = ClassPlaces(model_of("aae-style", labeled), labeled), torch.rand(2, 10)
    moved = places.move(z, torch.tensor([0, 1]), torch.tensor([1, 0]))
    assert moved[:, :2].tolist() == [[0, 1], [1, 0]] and torch.equal(moved[:, 2:], z[:, 2:])
