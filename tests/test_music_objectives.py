"""The comparison of objectives on music: every trial is trained and measured once, and goes on where it stopped."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from musicae.corpus.dataset import Dataset
from musicae.errors import MusicaeError
from musicae.evaluation.study import EvaluationSettings, Study
from musicae.experiments.music import music_measurements, music_objectives
from musicae.experiments.music.music_measurements import COMPARED, Numbers
from musicae.experiments.music.music_objectives import (
    Comparison,
    Trial,
    TrialResult,
    results_beside,
    run_trial,
    trials_of,
)
from musicae.experiments.results import read_result
from musicae.model import load
from musicae.objectives import OBJECTIVES
from musicae.presets import PRESETS
from tests.helpers.commands import Run
from tests.helpers.labels import labeled_by_pitch
from tests.helpers.models import tiny_config

pytestmark = pytest.mark.usefixtures("hasty_classifier")

VAE = Trial("vae", 0, 2)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small models, and few draws and windows."""
    monkeypatch.setitem(PRESETS, "melody-2bar", tiny_config("melody-2bar"))
    few = EvaluationSettings(pairs=8, samples=16)
    monkeypatch.setattr(music_measurements, "SETTINGS", few)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of measurements that were made, in their order."""
    made: list[str] = []

    def counting(name: str) -> object:
        def measure(on: Study) -> Numbers:
            made.append(name)
            return COMPARED[name](on)

        return measure

    monkeypatch.setattr(music_objectives, "COMPARED", {name: counting(name) for name in COMPARED})
    return made


def test_a_trial_is_trained_and_measured_once(data: Dataset, tmp_path: Path, counted: list[str]) -> None:
    comparison = Comparison(labeled_by_pitch(data), tmp_path / "out")
    first = run_trial(VAE, comparison)
    assert first.trial == VAE and list(first.measured) == list(COMPARED) == counted
    model = (tmp_path / "out/vae-0/model.safetensors").read_bytes()
    assert run_trial(VAE, comparison) == first and len(counted) == len(COMPARED)
    assert (tmp_path / "out/vae-0/model.safetensors").read_bytes() == model


def test_what_was_not_measured_is_measured_without_training(
    data: Dataset, tmp_path: Path, counted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    comparison = Comparison(data, tmp_path / "out")
    first, path = run_trial(VAE, comparison), tmp_path / "out/vae-0/result.json"
    written = json.loads(path.read_text())
    for name in ("probes", "checkpoints"):
        del written["measured"][name]
    path.write_text(json.dumps(written))
    counted.clear()
    monkeypatch.setattr(music_objectives, "train_trial", None)
    assert run_trial(VAE, comparison).measured == first.measured and counted == ["probes", "checkpoints"]


def test_a_training_without_a_result_is_not_trained_again(data: Dataset, tmp_path: Path, counted: list[str]) -> None:
    comparison = Comparison(data, tmp_path / "out")
    first = run_trial(VAE, comparison)
    model = (tmp_path / "out/vae-0/model.safetensors").read_bytes()
    (tmp_path / "out/vae-0/result.json").unlink()
    assert run_trial(VAE, comparison) == first
    assert (tmp_path / "out/vae-0/model.safetensors").read_bytes() == model


def test_another_length_is_another_training(data: Dataset, tmp_path: Path, counted: list[str]) -> None:
    comparison = Comparison(data, tmp_path / "out")
    run_trial(VAE, comparison)
    with pytest.raises(MusicaeError, match="2 updates"):
        run_trial(Trial("vae", 0, 3), comparison)
    (tmp_path / "out/vae-0/result.json").unlink()
    with pytest.raises(MusicaeError, match="holds a model already"):
        run_trial(Trial("vae", 0, 3), comparison)


def test_other_music_or_settings_are_another_training(data: Dataset, tmp_path: Path, counted: list[str]) -> None:
    comparison = Comparison(data, tmp_path / "out")
    first = run_trial(VAE, comparison)
    manifest = {**data.manifest, "source": "another"}
    elsewhere = shutil.copytree(data.folder, tmp_path / "elsewhere")
    (elsewhere / "manifest.json").write_text(json.dumps(manifest))
    other = replace(comparison, dataset=Dataset(elsewhere))
    for different in (other, replace(comparison, settings=("training.batch=16",))):
        with pytest.raises(MusicaeError, match="holds a model already"):
            run_trial(VAE, different)
    assert results_beside([], comparison, 2) == [first] and results_beside([VAE], comparison, 2) == []
    assert results_beside([], other, 2) == results_beside([], comparison, 3) == []


def test_what_cannot_be_measured_is_told_and_left_out(
    data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(on: Study) -> Numbers:
        raise MusicaeError("there is no path")

    table = {"paths": broken, "probes": lambda on: {"mode": float("nan"), "key": [0.5, float("inf")]}}
    monkeypatch.setattr(music_objectives, "COMPARED", MappingProxyType(table))
    result = run_trial(VAE, Comparison(data, tmp_path / "out"))
    assert result.measured == {"probes": {"mode": None, "key": [0.5, None]}}
    assert read_result(tmp_path / "out/vae-0", TrialResult) == result
    assert result.number("paths.cost") is None and result.number("probes.key") == [0.5, None]


def test_few_labels_are_a_training_of_their_own(data: Dataset, tmp_path: Path, counted: list[str]) -> None:
    trial = Trial("aae-semi", 0, 2, 0.25)
    run_trial(trial, Comparison(labeled_by_pitch(data), tmp_path / "out"))
    assert load(tmp_path / "out/aae-semi-labels-0.25-0", "cpu").config.training.label_share == 0.25


def test_a_damaged_result_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text('{"objective": "vae"}')
    with pytest.raises(MusicaeError, match="cannot be read"):
        read_result(tmp_path, TrialResult)


def test_objectives_of_labels_are_left_out_where_there_are_none(data: Dataset) -> None:
    names = [trial.objective for trial in trials_of([], data, seeds=1, updates=1)]
    assert names == [name for name, one in OBJECTIVES.items() if not one.labels]
    trials = trials_of(["wae", "vae"], data, seeds=2, updates=7)
    assert [trial.name for trial in trials] == ["vae-0", "wae-0", "vae-1", "wae-1"]
    with pytest.raises(MusicaeError, match="vea"):
        trials_of(["vea"], data, seeds=1, updates=1)
    for wanted, shares in (["aae-semi"], ()), ([], (0.5,)):
        with pytest.raises(MusicaeError, match="labels"):
            trials_of(wanted, data, seeds=1, updates=1, label_shares=shares)


def test_all_objectives_and_few_labels_where_there_are_labels(data: Dataset) -> None:
    trials = trials_of([], labeled_by_pitch(data), seeds=1, updates=1, label_shares=(0.5, 0.25))
    assert [trial.name for trial in trials[-2:]] == ["aae-semi-labels-0.5-0", "aae-semi-labels-0.25-0"]
    assert [trial.objective for trial in trials[:-2]] == list(OBJECTIVES)


def test_the_command_writes_tables_and_pictures(data: Dataset, run: Run) -> None:
    labeled_by_pitch(data)
    words = ["experiment", "objectives", data.folder, "--only", "vae,aae-semi", "--updates", "2", "--few-labels"]
    done = run(*words, "--collections", data.folder, "-o", "out", "--json")
    assert done.code == 0, done.err
    results = json.loads(done.out)["results"]
    assert [one["trial"]["label_share"] for one in results] == [1, 1, 0.222, 0.108, 0.0525]
    assert all(set(one["measured"]) == {*COMPARED, "collections"} for one in results)
    written = {path.name for path in Path("out").iterdir() if path.is_file()}
    tables = {"reconstruction", "paths", "samples", "codes", "cosines", "swap-nll", "swap-accuracy", "probes"}
    assert written >= {f"{name}.csv" for name in tables | {"objectives", "few-labels"}}
    assert written >= {f"{name}.svg" for name in ("overview", "path-distance", "path-cost", "swap-nll")}
    assert run("experiment", "objectives", data.folder, "--only", "wae", "--updates", "2", "-o", "out").code == 0
    rows = Path("out/reconstruction.csv").read_text().splitlines()[1:]
    assert {row.split(",")[0] for row in rows} == {"vae", "aae-semi", "wae"}, "a table has all that is finished"


def test_the_list_says_what_every_objective_is(run: Run) -> None:
    done = run("experiment", "objectives", "--list")
    assert done.code == 0
    assert all(name in done.err + done.out for name in OBJECTIVES)
