"""Names of models and where they lead."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import tiny_model

from musicae.errors import MusicaeError
from musicae.model import save
from musicae.shelf import describe, find, installed


def test_the_first_shelf_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
    assert found.parameters == sum(weights.numel() for weights in model.autoencoder.state_dict().values())


@pytest.mark.parametrize("damage", ["model.safetensors", "config.json"])
def test_half_a_model_is_an_error(tmp_path: Path, damage: str) -> None:
    save(tiny_model("melody-2bar"), tmp_path / "mine")
    (tmp_path / "mine" / damage).write_bytes(b"{")
    with pytest.raises(MusicaeError, match="not a whole model"):
        describe(tmp_path / "mine")
