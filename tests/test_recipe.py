"""Recipes: numbers within their ranges, and one recipe for every part."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from musicae.clips.recipe import Part, Recipe
from musicae.clips.style import Style
from musicae.errors import MusicaeError
from musicae.model import Model
from musicae.verbs.sample import sample


def recipe(*parts: Part, **entries: Any) -> Recipe:
    parts = parts or (Part(torch.zeros(8)),)
    given: dict[str, Any] = {"seed": 1, "temperature": 0.5, "style": Style(), **entries}
    return Recipe("sample", "m", "0123456789abcdef", "cpu", "float32", **given, parts=parts)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"seed": -5}, "seed is -5, not 0 or more"),
        ({"temperature": -1.0}, "temperature is -1, not from 0 to 100"),
        ({"temperature": float("nan")}, "temperature is nan, not from 0 to 100"),
    ],
)
def test_numbers_out_of_range_are_refused(entries: dict[str, Any], message: str) -> None:
    with pytest.raises(MusicaeError) as caught:
        recipe(**entries)
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("tempo_qpm", "programs", "message"),
    [
        (0.0, (), "tempo_qpm is 0, not from 3.57628 to 6e+07"),
        (-10.0, (), "tempo_qpm is -10, not from 3.57628 to 6e+07"),
        (float("inf"), (), "tempo_qpm is inf, not from 3.57628 to 6e+07"),
        (120.0, (0, 200), "a program is 200, not from 0 to 127"),
    ],
)
def test_styles_out_of_range_are_refused(tempo_qpm: float, programs: tuple[int, ...], message: str) -> None:
    with pytest.raises(MusicaeError) as caught:
        Style(tempo_qpm, programs)
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("number", "draw", "message"),
    [
        (1e7, 0, "a number in z is 1e+07, not from -1e+06 to 1e+06"),
        (float("nan"), 0, "a number in z is nan, not from -1e+06 to 1e+06"),
        (0.0, -1, "draw is -1, not 0 or more"),
    ],
)
def test_parts_out_of_range_are_refused(number: float, draw: int, message: str) -> None:
    with pytest.raises(MusicaeError) as caught:
        Part(torch.tensor([0.5, number]), draw)
    assert caught.value.message == message


def test_a_recipe_has_a_part() -> None:
    with pytest.raises(MusicaeError, match="without parts"):
        replace(recipe(), parts=())


def test_every_verb_keeps_to_the_ranges(model: Model) -> None:
    with pytest.raises(MusicaeError, match="temperature is nan"):
        sample(model, 1, temperature=float("nan"))
    with pytest.raises(MusicaeError, match="tempo_qpm is 0"):
        sample(model, 1, tempo_qpm=0.0)


def test_split_parts_are_the_same_but_for_programs_of_others() -> None:
    whole = recipe(Part(torch.zeros(8), 3), Part(torch.ones(8), 4, programs_of=0), label="joined")
    one, two = whole.split()
    assert (one.parts[0].draw, two.parts[0].draw) == (3, 4)
    assert two.parts[0].programs_of is None and torch.equal(two.z[0], whole.z[1])
    assert one.label == two.label == "joined"


def test_a_recipe_in_one_line() -> None:
    line = str(replace(recipe(Part(torch.zeros(8), 3)), version="1.0"))
    assert line == "musicae 1.0 sample, model m 0123456789ab, seed 1, clip 3, temperature 0.5"
    parts = (Part(torch.zeros(8), 3), Part(torch.zeros(8), 7))
    assert "clip 3-7, temperature" in str(recipe(*parts, seed=None))
