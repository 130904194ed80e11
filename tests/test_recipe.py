"""Recipes: what is read from JSON that anybody may have edited, and what a model makes of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from musicae.clips import write as outputs
from musicae.clips.recipe import FASTEST_QPM, SLOWEST_QPM, Recipe, Style
from musicae.clips.render import make
from musicae.errors import MusicaeError
from musicae.model import Model
from musicae.verbs.sample import sample
from tests.helpers.commands import Run, assert_fails
from tests.helpers.models import tiny_model

Z = [[0.5] * 8]
WINDOW = np.zeros((2, 16, 1), dtype=int).tolist()


def recipe(**entries: Any) -> Recipe:
    return Recipe.from_json({"model": "melody-2bar", "z": Z, **entries})


@pytest.mark.parametrize("data", [[], "z", None, {"model": "m"}, {"z": [[0.0]]}])
def test_what_is_no_recipe_is_refused(data: object) -> None:
    with pytest.raises(MusicaeError, match="not a recipe: an object with a model and z is needed"):
        Recipe.from_json(data)


@pytest.mark.parametrize(
    ("key", "value", "kind"),
    [
        ("z", [0.0], "a list of codes"),
        ("z", [["x"]], "a list of codes"),
        ("z", [[None]], "a list of codes"),
        ("z", [], "a list of codes"),
        ("z", [[]], "a list of codes"),
        ("z", {"a": 1}, "a list of codes"),
        ("model", 5, "a name"),
        ("verb", ["sample"], "a word"),
        ("label", None, "a word"),
        ("device", 3, "a name"),
        ("arguments", "hi", "an object"),
        ("arguments", {"amount": float("nan")}, "an object"),
        ("seed", 1.5, "a whole number or null"),
        ("seed", "x", "a whole number or null"),
        ("draws", "x", "a list of whole numbers"),
        ("draws", 3, "a list of whole numbers"),
        ("programs", ["x"], "a list of whole numbers"),
        ("temperature", "hot", "a number"),
        ("tempo_qpm", [], "a number"),
        ("exact", [1], "windows of tokens"),
        ("exact", {"x": WINDOW}, "windows of tokens"),
        ("exact", {"0": [1, 2]}, "windows of tokens"),
        ("exact", {"0": [[[0.5]]]}, "windows of tokens"),
    ],
)
def test_entries_of_another_kind_are_refused(key: str, value: object, kind: str) -> None:
    with pytest.raises(MusicaeError, match=rf"not a recipe: {key} is .*, not {kind}"):
        recipe(**{key: value})


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({"tempo_qpm": 0}, "tempo_qpm is 0, not from 3.57628 to 6e+07"),
        ({"tempo_qpm": -10}, "tempo_qpm is -10, not from"),
        ({"tempo_qpm": float("inf")}, "tempo_qpm is inf, not from"),
        ({"programs": [0, 200]}, "a program is 200, not from 0 to 127"),
        ({"seed": -5}, "seed is -5, not 0 or more"),
        ({"draws": [-1]}, "a number in draws is -1, not 0 or more"),
        ({"temperature": -1}, "temperature is -1, not from 0 to 100"),
        ({"temperature": float("nan")}, "temperature is nan, not from 0 to 100"),
        ({"z": [[1e300, 0]]}, "a number in z is 1e+300, not from -1e+06 to 1e+06"),
        ({"z": [[0, float("nan")]]}, "a number in z is nan, not from"),
        ({"z": [[0, 0], [0]]}, "code 2 in z has 1 numbers, code 1 has 2"),
    ],
)
def test_numbers_out_of_range_are_refused(entries: dict[str, Any], said: str) -> None:
    with pytest.raises(MusicaeError) as caught:
        recipe(**entries)
    assert caught.value.message.startswith(said)


def test_every_verb_keeps_to_the_ranges(model: Model) -> None:
    with pytest.raises(MusicaeError, match="temperature is nan"):
        sample(model, 1, temperature=float("nan"))
    with pytest.raises(MusicaeError, match="tempo_qpm is 0"):
        sample(model, 1, tempo_qpm=0.0)


@pytest.mark.parametrize("tempo", [SLOWEST_QPM, FASTEST_QPM])
def test_every_tempo_of_midi_can_be_written(model: Model, tempo: float) -> None:
    assert make(model, recipe(tempo_qpm=tempo)).midi().startswith(b"MThd")


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({"draws": []}, "z and draws are not equally long: 1 and 0"),
        ({"z": Z * 2, "draws": [0]}, "z and draws are not equally long: 2 and 1"),
        ({"z": [[0.5] * 7]}, "the codes have 7 numbers, those of melody-2bar 8"),
        ({"chords": ["", ""]}, "z and chords are not equally long: 1 and 2"),
        ({"chords": ["C"]}, "melody of 2 bars is not conditioned on chords"),
        ({"follows": [0, 0]}, "follows is [0, 0], for 1 codes"),
        ({"z": Z * 2, "follows": [1, 1]}, "follows is [1, 1], for 2 codes"),
        ({"follows": [-1]}, "follows is [-1], for 1 codes"),
        ({"exact": {"1": WINDOW}}, "exact gives tokens of part 1, and the parts are 0 to 0"),
        ({"exact": {"0": [[[9999]]]}}, "exact holds tokens of shape (1, 1, 1), melody-2bar has (2, 16, 1)"),
        ({"exact": {"0": np.full((2, 16, 1), 90).tolist()}}, "90 in exact is no token of melody-2bar"),
        ({"exact": {"0": np.full((2, 16, 1), -1).tolist()}}, "-1 in exact is no token of melody-2bar"),
    ],
)
def test_recipes_that_a_model_cannot_follow(model: Model, entries: dict[str, Any], said: str) -> None:
    with pytest.raises(MusicaeError) as caught:
        make(model, recipe(**entries))
    assert caught.value.message.startswith(said)


def test_nothing_but_numbers_is_written(model: Model) -> None:
    made = Recipe.of(model, "sample", torch.zeros(1, 8), {"x": float("inf")}, seed=0, temperature=0.0, style=Style())
    with pytest.raises(ValueError, match="JSON"):
        outputs.dump(made)


def test_a_seed_is_kept_where_anything_was_drawn() -> None:
    def seed(**asked: Any) -> int | None:
        return Recipe.of(tiny_model("melody-2bar"), "x", torch.zeros(1, 8), {}, seed=3, style=Style(), **asked).seed

    assert seed(temperature=0.0) is None
    assert seed(temperature=0.5) == seed(temperature=0.0, drawn=True) == 3


@pytest.mark.parametrize(
    "text",
    ["{", "[]", "[" * 100_000, '{"z": 1}', '{"z": [[0, 1]], "model": "melody-2bar"}', '{"z": [[NaN]], "model": "m"}'],
)
@pytest.mark.parametrize("verb", ["decode", "replay"])
def test_errors_name_the_file(run: Run, verb: str, text: str) -> None:
    Path("z.json").write_text(text)
    assert_fails(run(verb, "z.json"), "error: z.json")


def test_a_midi_file_is_no_recipe(run: Run, tunes: tuple[str, str]) -> None:
    assert_fails(run("decode", "a.mid"), "a.mid is not JSON")
    assert_fails(run("decode", "nowhere.json"), "cannot read nowhere.json")


def test_copied_codes_are_decoded_and_not_replayed(run: Run, tunes: tuple[str, str]) -> None:
    run("encode", "a.mid", "-o", "z.json")
    data = json.loads(Path("z.json").read_text())
    Path("z.json").write_text(json.dumps({**data, "z": data["z"] * 2, "arguments": {"seed": 1, "z": 2}}))
    assert len(run("decode", "z.json").paths) == 2
    assert_fails(run("replay", "z.json"), "z.json: z and draws are not equally long", "musicae decode")
