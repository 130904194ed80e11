"""Every model that lies in models/ goes through every verb, and its card says what it must."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
import torch

import musicae
from musicae.clips.directions import directions_of
from musicae.clips.names import DIRECTION_NAMES
from musicae.model import Model, load
from musicae.music.attributes import ATTRIBUTES
from musicae.music.note_distance import kept_share
from musicae.music.score import Score
from tests.helpers.commands import melody

SHELF = Path(musicae.__file__).parent.parent / "models"
SHIPPED = sorted(folder.name for folder in SHELF.iterdir() if (folder / "config.json").exists())
LARGEST, ALL = 16 * 2**20, 64 * 2**20


@pytest.fixture(scope="module", params=SHIPPED)
def shipped(request: pytest.FixtureRequest) -> Model:
    return load(SHELF / request.param, "cpu")


def music(model: Model, seed: int) -> Score:
    return musicae.sample(model, 1, seed=seed)[0].score


@pytest.mark.usefixtures("hasty_search")
def test_every_verb_runs(shipped: Model) -> None:
    a, b = music(shipped, 1), music(shipped, 2)
    assert not a.silent and not b.silent
    bars, grid = shipped.representation.bars, shipped.representation.grid
    clips = [
        *musicae.reconstruct(shipped, a),
        *musicae.vary(shipped, a, 1, seed=3),
        *musicae.interpolate(shipped, a, b, steps=3),
        *musicae.attribute(shipped, {"density": 0.5}, a),
        *musicae.traverse(shipped, a, "direction1", 2),
        *musicae.decode(shipped, musicae.encode(shipped, a, named=True)),
        *musicae.sample(shipped, 1, seed=4, wanted={"density": "high"}),
    ]
    assert {clip.score.end for clip in clips} == {bars * grid.ticks(clips[0].score.ticks_per_quarter)}
    assert {meter.numerator for clip in clips for meter in clip.score.meters} == {grid.numerator}
    (onward,) = musicae.continuation(shipped, a, 3, 1, alone=True, seed=5)
    assert onward.score.end == 3 * grid.ticks(onward.score.ticks_per_quarter) and not onward.score.silent
    if shipped.representation.has_chords:
        assert not musicae.compose(shipped, "C Am", seed=1)[0].score.silent


def test_denser_music_is_the_same_music_denser(shipped: Model) -> None:
    before, after = musicae.attribute(shipped, {"density": 0.5}, music(shipped, 1))
    assert kept_share(before.score, after.score) > 0.9
    assert ATTRIBUTES["density"](after.score) >= ATTRIBUTES["density"](before.score)


def test_attributes_have_vectors_and_spreads(shipped: Model) -> None:
    assert set(shipped.attributes) == set(shipped.spreads) <= set(ATTRIBUTES)
    assert all(spread > 0 for spread in shipped.spreads.values())


def test_sixteen_directions_have_names_and_mean_codes_of_music(shipped: Model) -> None:
    found, z = directions_of(shipped), shipped.sample_codes(64, 0)
    assert found.names == DIRECTION_NAMES
    places = torch.tensor([list(found.coordinates(code).values()) for code in z])
    assert places.mean(0).abs().max() < 1 and places.std(0).min() > 0.5 and places.std(0).max() < 2


def test_cards_say_data_training_and_figures(shipped: Model) -> None:
    card = (SHELF / shipped.name / "README.md").read_text()
    for heading in ("## Data", "## Training", "## Held-out"):
        assert heading in card
    assert "licen" in card


def test_the_wheel_carries_them_all() -> None:
    project = tomllib.loads((SHELF.parent / "pyproject.toml").read_text())
    carried = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert {name for name in carried if name.startswith("models/")} == {f"models/{name}" for name in SHIPPED}


def test_weights_are_small() -> None:
    sizes = [(SHELF / name / "model.safetensors").stat().st_size for name in SHIPPED]
    assert max(sizes) <= LARGEST and sum(sizes) <= ALL


def test_a_jig_stays_a_jig_in_every_verb() -> None:
    model, jig = load(SHELF / "melody-2bar-triple", "cpu"), melody(6, 8)
    clips = [
        *musicae.reconstruct(model, jig),
        *musicae.vary(model, jig, 1, seed=3),
        *musicae.interpolate(model, jig, jig, steps=2),
        *musicae.attribute(model, {"density": -0.5}, jig),
        *musicae.decode(model, musicae.encode(model, jig)),
    ]
    assert {(meter.numerator, meter.denominator) for clip in clips for meter in clip.score.meters} == {(6, 8)}
    assert {clip.score.end for clip in clips} == {2 * 3 * 480}
