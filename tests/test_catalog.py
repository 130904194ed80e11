"""Names of models and where they lead."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from musicae.config import spec
from musicae.errors import MusicaeError
from musicae.model import Model, save
from musicae.objectives import OBJECTIVES, apply
from musicae.storage import catalog
from musicae.storage.catalog import describe, find, installed
from tests.helpers.commands import MODELS, Run, assert_fails
from tests.helpers.models import tiny_config, tiny_model


def test_of_two_models_of_one_name_the_first_place_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MUSICAE_MODELS", str(tmp_path / "mine"))
    for folder in ("mine/one", "models/one", "models/two"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "config.json").write_text("{}")
    assert installed()["one"] == tmp_path / "mine" / "one"
    assert find("two") == tmp_path / "models" / "two"
    assert find("models/one") == tmp_path / "models" / "one"


def test_a_model_is_described_from_its_files(tmp_path: Path) -> None:
    model = tiny_model("trio-4bar")
    save(model, tmp_path / "mine")
    found = describe(tmp_path / "mine")
    assert (found.name, found.representation, found.bars, found.latent_size) == ("mine", "trio", 4, 8)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_description_counts_as_the_model_does(tmp_path: Path, objective: str) -> None:
    config = replace(tiny_config("melody-2bar"), latent=spec("gaussian", size=32))
    model = Model(apply(config, objective, ("major", "minor")), "mine", "cpu")
    save(model, tmp_path / "mine")
    found = describe(tmp_path / "mine")
    assert (found.latent_size, found.parameters) == (model.latent_size, model.parameters)


def test_a_link_keeps_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save(tiny_model("melody-2bar"), tmp_path / "elsewhere" / "run-17")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "tunes").symlink_to(tmp_path / "elsewhere" / "run-17")
    assert find("tunes").name == find("models/tunes").name == "tunes"
    monkeypatch.chdir(tmp_path / "elsewhere" / "run-17")
    assert find(".").name == "run-17"


@pytest.mark.parametrize("content", [b"{", b"", b"[]", b"\xff" * 100])
@pytest.mark.parametrize("damage", ["model.safetensors", "config.json"])
def test_half_a_model_is_an_error(tmp_path: Path, damage: str, content: bytes) -> None:
    save(tiny_model("melody-2bar"), tmp_path / "mine")
    (tmp_path / "mine" / damage).write_bytes(content)
    with pytest.raises(MusicaeError, match="not a whole model"):
        describe(tmp_path / "mine")


def test_models_are_listed_and_shown(run: Run, shelf: Path) -> None:
    (shelf / "drums-2bar" / "README.md").write_text("# drums-2bar\n\nRandom.\n")
    done = run("models", "list")
    assert done == run("models")
    listed = {line.split()[0]: line for line in done.out.splitlines()}
    assert set(listed) >= set(MODELS)
    assert "density" in listed["melody-2bar"]
    assert [name for name in MODELS if ", chords" in listed[name]] == ["multitrack-1bar-chords"]
    models = {model["name"]: model for model in json.loads(run("models", "list", "--json").out)["models"]}
    assert models["trio-4bar"]["bars"] == 4 and models["trio-4bar"]["latent_size"] == 8
    assert "Random." in run("models", "show", "drums-2bar").out
    assert json.loads(run("models", "show", "drums-2bar", "--json").out)["representation"] == "drums"


def test_a_broken_model_does_not_hide_the_others(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tiny_model("melody-2bar"), tmp_path / "models" / "whole")
    save(tiny_model("melody-2bar"), tmp_path / "models" / "broken")
    (tmp_path / "models" / "broken" / "config.json").write_text("[]")
    done = run("models")
    assert done.code == 0 and "left out: " in done.err and "broken is not a whole model" in done.err
    names = [line.split()[0] for line in done.out.splitlines()]
    assert "whole" in names and "broken" not in names and names == sorted(names)


def test_without_models_it_is_said_where_they_are_looked_for(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MUSICAE_MODELS", "/nowhere")
    monkeypatch.setattr(catalog, "_places", lambda kind: [tmp_path / kind])
    done = run("models")
    assert (done.code, done.out) == (0, "")
    assert f"no model in /nowhere, {tmp_path / 'models'}" in done.err and "MUSICAE_MODELS" in done.err


def test_a_folder_without_a_model(run: Run) -> None:
    Path("holiday").mkdir()
    assert_fails(run("sample", "-m", "holiday"), "holiday holds no model", "config.json")


@pytest.mark.parametrize("fault", ["deep", "empty head", "wrong type", "no config", "link"])
def test_a_damaged_folder_on_the_shelf_is_listed_as_damaged(fault: str, run: Run, tmp_path: Path) -> None:
    shelf = tmp_path / "models"
    shelf.mkdir()
    folder = shelf / "broken"
    if fault == "link":
        folder.symlink_to("broken")
    else:
        shutil.copytree(catalog.find("melody-2bar"), folder)
    if fault == "deep":
        (folder / "config.json").write_text("[" * 100_000)
    if fault == "wrong type":
        (folder / "config.json").write_text('{"representation": [], "latent": 3}')
    if fault == "empty head":
        (folder / "model.safetensors").write_bytes(bytes(8))
    if fault == "no config":
        (folder / "config.json").unlink()
    done = run("models", "list")
    assert done.code == 0 and "melody-2bar" in done.out
    assert "left out" in done.err and "broken" in done.err
    assert_fails(run("sample", "-m", "broken"), "broken")
    assert_fails(run("sample", "-m", "melody-2baz"), "melody-2bar")


def test_a_card_that_is_no_text_is_shown_as_far_as_it_goes(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_bytes(b"caf\xe9")
    assert catalog.card(tmp_path).startswith("caf")
    (tmp_path / "other" / "README.md").mkdir(parents=True)
    assert catalog.card(tmp_path / "other") == ""
