"""`musicae evaluate` as typed: one measurement or all, one model or several."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner, Result

from musicae.cli import app
from musicae.cli.hints import hint
from musicae.corpus.dataset import Dataset
from musicae.errors import MusicaeError
from musicae.model import Model, save, save_attributes
from musicae.music.attributes import ATTRIBUTES
from tests.helpers.models import tiny_model


@pytest.fixture
def folders(tmp_path: Path, model: Model) -> list[Path]:
    """Two models on disk, with attribute vectors."""
    for name in ("one", "two"):
        save(model, tmp_path / name)
        model.attributes = {name: torch.eye(8)[i % 8] for i, name in enumerate(ATTRIBUTES)}
        save_attributes(model)
        with torch.no_grad():
            next(model.autoencoder.decoder.parameters()).zero_()
    return [tmp_path / "one", tmp_path / "two"]


def run(*words: object) -> Result:
    return CliRunner().invoke(app.app, ["evaluate", *map(str, words)], catch_exceptions=False)


def test_reconstruction_as_typed(folders: list[Path], data: Dataset) -> None:
    done = run("--only", "reconstruction", *folders, "--data", data.folder, "--windows", 32, "--json")
    report = json.loads(done.stdout)
    first, second = report["models"]
    assert {key: first[key] for key in ("split", "windows", "seed")} == {"split": "test", "windows": 32, "seed": 0}
    ours, theirs = (entry["reconstruction"]["fields"]["melody"]["free_running"] for entry in (second, first))
    (difference,) = report["differences_from_first"].values()
    assert difference["melody"]["free_running"]["value"] == pytest.approx(ours - theirs)
    assert first["reconstruction"]["hold_baseline"]["melody"]["onset_f1"] == 0
    assert "hold baseline" in done.stderr


def test_what_cannot_be_compared_is_said_first(folders: list[Path], data: Dataset, tmp_path: Path) -> None:
    twice = run("--only", "reconstruction", folders[0], folders[0], "--data", data.folder, "--windows", 8, "--json")
    assert len(json.loads(twice.stdout)["models"]) == 2
    save(tiny_model("drums-2bar"), tmp_path / "drums")
    with pytest.raises(MusicaeError, match="drums reads drums of 2 bars"):
        run("--only", "reconstruction", folders[0], tmp_path / "drums", "--data", data.folder)
    tokens = data.folder / "train" / "offsets.npy"
    np.save(tokens, np.load(tokens)[:0])
    for name in ("interpolation", "samples"):
        with pytest.raises(MusicaeError, match="no training windows"):
            run("--only", name, folders[0], "--data", data.folder)


def test_models_of_the_same_weights_are_said_to_be(folders: list[Path], data: Dataset) -> None:
    words = ("--only", "reconstruction", "--data", data.folder, "--windows", 8)
    assert "have the same weights" in run(*words, folders[0], folders[0]).stderr
    assert "have the same weights" not in run(*words, *folders).stderr


def test_names_are_no_markup(folders: list[Path], data: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = folders[0].rename(folders[0].parent / "mine[v2]")
    monkeypatch.chdir(odd.parent)  # a long path would be broken where its column ends
    assert "mine[v2]" in run("--only", "reconstruction", odd.name, "--data", data.folder, "--windows", 8).stderr


def test_interpolation_as_typed(folders: list[Path], data: Dataset) -> None:
    done = run("--only", "interpolation", folders[0], "--data", data.folder, "--pairs", 8, "--points", 3, "--json")
    (entry,) = json.loads(done.stdout)["models"]
    report = entry["interpolation"]
    assert (report["pairs"], entry["data"]) == (8, str(data.folder))
    paths = report["paths"]["hamming"]
    assert len(paths["latent"]["to_a"]) == len(paths["blend"]["to_b"]) == 3
    assert paths["blend"]["to_a"][0] == 0 and paths["blend"]["to_b"][-1] == 0
    assert len(report["ngram_costs"]["latent"]) == 3 and report["ngram_costs"]["blend"][0] == pytest.approx(1)
    assert "largest step" in done.stderr and "5-gram" in done.stderr


def test_samples_as_typed(folders: list[Path], data: Dataset) -> None:
    done = run("--only", "samples", folders[0], "--data", data.folder, "--samples", 8, "--windows", 8, "--json")
    report = json.loads(done.stdout)["models"][0]["samples"]
    assert set(report["features"]) == {"pitch", "interval", "duration", "onset", "density", "cost"}
    assert report["samples"] == 8 and 0 <= report["duplicates"] <= 1
    assert "training windows" in done.stderr


def test_attributes_as_typed(folders: list[Path], data: Dataset) -> None:
    done = run("--only", "attributes", folders[0], "--data", data.folder, "--windows", 4, "--json")
    report = json.loads(done.stdout)["models"][0]["attributes"]
    for matrix in (report["vectors"], report["random"]):
        assert set(matrix) == set(matrix["density"]["add"]) == set(matrix["interval"]["subtract"]) == set(ATTRIBUTES)
    assert "syncopation16" in done.stderr


def test_without_json_stdout_is_empty_and_quiet_is_quiet(folders: list[Path], data: Dataset) -> None:
    done = run("--only", "interpolation", folders[0], "--data", data.folder, "--pairs", 2)
    assert done.stdout == "" and "to A" in done.stderr
    assert run("--only", "interpolation", folders[0], "--data", data.folder, "--pairs", 2, "-q").stderr == ""


def test_published_figures_are_put_beside_the_models(folders: list[Path], data: Dataset) -> None:
    reconstruction = ("--only", "reconstruction", "--published", "--windows", 16)
    done = run(*folders, "--data", data.folder, *reconstruction, "--json")
    first, second = json.loads(done.stdout)["models"]
    assert (first["model"], first["published"]["melody"]["teacher_forced"]) == ("one", 0.986)
    assert first["reconstruction"]["fields"] != second["reconstruction"]["fields"]
    assert first["reconstruction"]["hold_baseline"] == second["reconstruction"]["hold_baseline"]
    assert "0.951" in done.stderr


def test_every_model_reads_the_data_set_of_its_kind(
    folders: list[Path], data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    drums = tiny_model("drums-2bar")
    save(drums, tmp_path / "drums")
    with pytest.raises(MusicaeError, match="drums reads drums of 2 bars") as refused:
        run("drums", "--data", data.folder)
    assert "--representation drums" in hint(refused.value)
    shutil.copytree(data.folder, tmp_path / "data" / "beats")
    manifest = json.loads((data.folder / "manifest.json").read_text())
    manifest["representation"]["name"] = "drums"
    (tmp_path / "data" / "beats" / "manifest.json").write_text(json.dumps(manifest))
    words = ("--data", data.folder, "--data", "beats", "--only", "reconstruction", "--windows", 4, "--json")
    report = json.loads(run(folders[0], "drums", *words).stdout)
    assert [Path(entry["data"]).name for entry in report["models"]] == ["dataset", "beats"]


def test_several_measurements_are_named_at_once(folders: list[Path], data: Dataset) -> None:
    words = ("--data", data.folder, "--only", "reconstruction, probe", "--windows", 8, "--json")
    (entry,) = json.loads(run(folders[0], *words).stdout)["models"]
    assert {"reconstruction", "probe"} <= entry.keys() and "samples" not in entry
    with pytest.raises(MusicaeError, match="unknown measurement: reconstructoin"):
        run(folders[0], "--data", data.folder, "--only", "reconstructoin")
