"""Attribute vectors in a model's folder: the same bytes every time, and nothing that is none."""

from __future__ import annotations

from pathlib import Path

import pytest
from safetensors.torch import save as save_tensors

from musicae.errors import MusicaeError
from musicae.model import Model, load, save
from tests.helpers.models import with_vectors


def test_vectors_and_spreads_come_back_and_are_written_alike(model: Model, tmp_path: Path) -> None:
    with_vectors(model).spreads |= {"density": 0.25, "interval": 2.0}
    written = []
    for number in range(5):
        save(model, tmp_path / str(number) / "melody-2bar")
        written.append((tmp_path / str(number) / "melody-2bar" / "attributes.safetensors").read_bytes())
    assert len(set(written)) == 1
    again = load(tmp_path / "0" / "melody-2bar", "cpu")
    assert again.spreads == model.spreads and again.attributes.keys() == model.attributes.keys()


@pytest.mark.parametrize("spreads", ["{", "[1]", '{"density": "wide"}', '{"density": -1}', '{"density": NaN}'])
def test_spreads_that_are_none_are_refused(model: Model, spreads: str, tmp_path: Path) -> None:
    save(with_vectors(model), tmp_path / "m")
    (tmp_path / "m" / "attributes.safetensors").write_bytes(save_tensors(model.attributes, {"spreads": spreads}))
    with pytest.raises(MusicaeError, match=r"attributes\.safetensors"):
        load(tmp_path / "m", "cpu")
