"""The comparison of objectives on music: every row trains, is measured once, and is reported."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from musicae.corpus.dataset import Dataset
from musicae.errors import MusicaeError
from musicae.experiments.music_objectives import (
    COMPARED,
    class_accuracy,
    objectives_named,
    objectives_table,
    train_objective,
)
from musicae.objectives import OBJECTIVES
from musicae.presets import PRESETS
from tests.helpers.commands import Run
from tests.helpers.models import tiny_config


@pytest.fixture(autouse=True)
def tiny_presets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PRESETS, "melody-2bar", tiny_config("melody-2bar"))


def test_a_training_is_measured_once(data: Dataset, tmp_path: Path) -> None:
    first = train_objective("vae", 0, 2, data, tmp_path / "vae-0", preset="melody-2bar")
    assert 0 <= first.teacher_forced <= 1 and 0 <= first.one_key <= 1 and first.updates == 2
    assert train_objective("vae", 0, 2, data, tmp_path / "vae-0", preset="melody-2bar") == first
    table = objectives_table([first])
    assert table.rows[0][:2] == ["vae", 1] and len(table.rows[0]) == len(COMPARED) + 2 == len(table.columns)


def test_objectives_of_labels_are_left_out_where_there_are_none(data: Dataset) -> None:
    names = objectives_named([], data)
    assert names == [name for name, one in OBJECTIVES.items() if not one.labels]
    assert objectives_named(["wae", "vae"], data) == ["vae", "wae"]
    with pytest.raises(MusicaeError, match="vea"):
        objectives_named(["vea"], data)


def test_classes_that_lie_on_a_line_are_read_off_codes() -> None:
    x = np.linspace(-1, 1, 200)[:, None]
    classes = (x[:, 0] > 0).astype(float)
    assert class_accuracy(x, classes, x, classes) > 0.95
    assert np.isnan(class_accuracy(x[:0], classes[:0], x, classes))


def test_the_list_says_what_every_objective_is(run: Run) -> None:
    done = run("experiment", "objectives", "--list")
    assert done.code == 0
    assert all(name in done.err + done.out for name in OBJECTIVES)
