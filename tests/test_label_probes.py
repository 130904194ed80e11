"""Classes read off codes, from few labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from musicae.corpus import SPLITS
from musicae.corpus.dataset import Dataset
from musicae.experiments.music.label_probes import (
    LABEL_SHARES,
    class_accuracy,
    labeled,
    measure_labels,
    most_frequent,
    own_class_accuracy,
)
from musicae.model import Model
from musicae.objectives import apply
from tests.helpers.labels import labeled_by_pitch
from tests.helpers.models import tiny_config


def test_classes_that_lie_on_a_line_are_read_off_codes() -> None:
    x = np.linspace(-1, 1, 200)[:, None]
    classes = (x[:, 0] > 0).astype(float)
    assert class_accuracy(x, classes, x, classes) > 0.95
    assert np.isnan(class_accuracy(x[:0], classes[:0], x, classes))


def test_the_most_frequent_class() -> None:
    assert most_frequent(np.array([0.0, 1.0, 1.0, 2.0])) == 0.5
    assert np.isnan(most_frequent(np.zeros(0)))


def test_windows_of_unknown_class_are_left_out(data: Dataset) -> None:
    windows = labeled_by_pitch(data).split("train").with_labels_of(0.25)
    some = labeled(windows)
    assert len(some.tokens) == len(some.classes) == 16 and set(some.classes) <= {0.0, 1.0}
    assert len(labeled(windows, 3).tokens) == 3


def test_data_without_labels_have_nothing_to_read(data: Dataset, model: Model) -> None:
    assert measure_labels(model, data) == {}


def test_classes_that_lie_apart_are_read_off_few_labels(data: Dataset, model: Model) -> None:
    windows = np.zeros((64, 32, 1), dtype=np.uint8)
    for number, window in enumerate(windows):
        window[[0, 1 + number // 2 % 31]] = (30, 70)[number % 2]  # one note, struck twice
    for split in SPLITS:
        np.save(data.folder / split / "tokens.npy", windows.reshape(-1, 1))
    found = measure_labels(model, labeled_by_pitch(data))
    few, most = found["few_labels"], found["most_frequent"]
    assert isinstance(few, list) and len(few) == len(LABEL_SHARES) and most == 0.5
    assert min(few) > most and few[0] > 0.8
    assert np.isnan(found["own_class"])  # its code says none


def test_a_class_of_its_own_is_what_the_code_begins_with(data: Dataset) -> None:
    torch.manual_seed(0)
    model = Model(apply(tiny_config("melody-2bar"), "aae-semi", ("low", "high")), "m", "cpu")
    some = labeled(labeled_by_pitch(data).split("test"))
    said = model.encode(some.tokens)[:, :2].argmax(1).double().numpy()
    assert own_class_accuracy(model, replace(some, classes=said)) == 1
    assert own_class_accuracy(model, replace(some, classes=1 - said)) == 0
