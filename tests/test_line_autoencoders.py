"""The lines experiment: every row trains, goes on where it stopped, and is reported."""

from __future__ import annotations

import math
import zlib
from base64 import b64encode
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from musicae.cpu import usable_cores
from musicae.errors import MusicaeError
from musicae.experiments.images import image_trainings, line_autoencoders
from musicae.experiments.images.image_autoencoders import IMAGE_AUTOENCODERS
from musicae.experiments.images.image_task import to_tokens
from musicae.experiments.images.image_trainings import metrics_of, resumed
from musicae.experiments.images.line_autoencoders import (
    LINES,
    LineResult,
    LineTask,
    line_result,
    train_lines,
)
from musicae.experiments.images.line_report import line_picture, line_record, line_remarks, line_table
from musicae.training.arithmetic import Arithmetic
from tests.helpers.commands import Run


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks of two channels, measured every other update."""
    for name in ("LINES", "QUANTIZED_LINES"):
        sizes = getattr(line_autoencoders, name)
        monkeypatch.setattr(line_autoencoders, name, replace(sizes, depth=2, latent_channels=4))
    monkeypatch.setattr(image_trainings, "EVALUATE_EVERY", 2)


@pytest.mark.parametrize("name", IMAGE_AUTOENCODERS)
def test_every_autoencoder_trains_and_draws_its_paths(name: str, tmp_path: Path) -> None:
    result = train_lines(name, 0, 2, tmp_path, precision="float32")
    assert (result.name, result.updates) == (name, 2)
    assert math.isfinite(result.squared_error) and result.mean_distance is not None
    paths = resumed(LineTask(name, 0, 2), tmp_path, 0).task.paths(3)
    assert paths.shape == (3, 16, 1, LINES.image, LINES.image) and torch.isfinite(paths).all()


def test_lines_to_learn_from_are_not_those_to_test_with() -> None:
    task = LineTask("autoencoder", seed=0, updates=1)
    assert not any(torch.equal(task.batch(0).target, to_tokens(ends[:64])) for ends in (task.first, task.last))


def test_a_training_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train_lines("acai", 1, 4, whole, precision="float32")
    trainer = resumed(LineTask("acai", 1, 4), parts, 1)
    trainer.arithmetic = Arithmetic("float32", usable_cores())  # as above: others add in another order
    trainer.budget.updates = 2
    trainer.run()
    again = train_lines("acai", 1, 4, parts, precision="float32")
    assert metrics_of(whole, "validation") == metrics_of(parts, "validation") and again.updates == 4
    (tmp_path / "elsewhere").mkdir()
    (parts / "result.json").rename(tmp_path / "elsewhere/result.json")
    assert train_lines("acai", 1, 4, tmp_path / "elsewhere") == again, "what is finished is not trained again"
    with pytest.raises(MusicaeError, match="lines/acai"):
        resumed(LineTask("vae", 1, 4), parts, 1)


def test_the_medians_of_the_last_evaluations_count() -> None:
    measured = [
        {
            "mean_distance": float(i),
            "smoothness": math.nan if i % 2 else 0.5,
            "undefined": 0.0,
            "squared_error": float(i),
        }
        for i in map(float, range(100))
    ]
    result = line_result("vae", 0, 100, 1.0, measured)
    assert result.mean_distance == 89.5 and result.smoothness == 0.5 and result.squared_error == 99
    assert line_result("vae", 0, 2, 1.0, measured[:2]).mean_distance == 1


def result(name: str, seed: int, distance: float, error: float = 0.01) -> LineResult:
    return LineResult(name, seed, 100, distance, 0.2, 3.0, error, 1.0)


def test_a_row_has_the_mean_of_its_seeds_beside_what_was_published() -> None:
    found = [result("acai", 0, 1e-3), result("acai", 1, 3e-3), result("wae", 0, 2e-3, error=0.2)]
    table = line_table(found)
    acai, wae = (dict(zip(table.columns, row, strict=True)) for row in table.rows)
    assert acai["distance e-3"] == pytest.approx(2) and acai["distance +-"] == pytest.approx(2**0.5)
    assert acai["published distance"] == pytest.approx(0.24) and wae["published distance"] is None
    assert [row[0] for row in table.text()] == ["acai", "wae"]
    assert "wae" in line_remarks(found)[0] and not line_remarks(found[:2])
    assert len(line_record(found)["results"]) == 3
    assert "path" not in line_record(found)["results"][0]


def test_a_picture_has_the_path_of_the_first_seed_of_every_row(tmp_path: Path) -> None:
    first = train_lines("acai", 0, 2, tmp_path, precision="float32")
    white = b64encode(zlib.compress(b"\xff" * 16 * LINES.image**2)).decode()
    found = [first, replace(first, seed=1, path=white)]
    assert found[0].images.shape == (16, LINES.image, LINES.image)
    picture = line_picture(found)
    assert picture.count("<image") == 16 and picture == line_picture(found[:1]) != line_picture(found[1:])
    with pytest.raises(MusicaeError, match="path of acai cannot be read"):
        _ = replace(found[0], path="AAAA").images


def test_the_command_leaves_a_table_and_a_picture(run: Run) -> None:
    few = ("--only", "vae,autoencoder", "--seeds", "1", "--updates", "2")
    done = run("experiment", "lines", *few, "-o", "out", "--json")
    assert done.code == 0 and '"autoencoder"' in done.out
    assert Path("out/lines.csv").read_text().splitlines()[1].startswith("autoencoder,1,2,")
    assert Path("out/lines.svg").read_text().startswith("<svg")
    run("experiment", "lines", "--only", "vae", "--seeds", "2", "--updates", "2", "-o", "out")
    counts = [row.split(",")[:2] for row in Path("out/lines.csv").read_text().splitlines()[1:]]
    assert counts == [["autoencoder", "1"], ["vae", "2"]], "the table has all that is finished"
    run("experiment", "lines", "--only", "dropout", "--seeds", "1", "--updates", "1", "-o", "out")
    (row,) = Path("out/lines.csv").read_text().splitlines()[1:]
    assert row.startswith("dropout,1,1,"), "and of as many updates"
