"""Recipes as JSON: what anybody may have edited is read, or refused with what is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from musicae.clips.limits import LARGEST_CODE
from musicae.clips.recipe import Part, Recipe
from musicae.clips.recipe_json import dump_recipe, from_json, read_recipe, to_json
from musicae.clips.style import Style
from musicae.errors import MusicaeError
from musicae.music.chords import CHORD_CLASSES, of_class
from musicae.music.key import Key
from tests.helpers.commands import Run, assert_fails

Z = [0.5] * 8
WINDOW = np.zeros((2, 16, 1), dtype=int).tolist()

codes = st.lists(st.floats(-LARGEST_CODE, LARGEST_CODE, width=32), min_size=8, max_size=8)
parts = st.fixed_dictionaries(
    {
        "z": codes,
        "draw": st.integers(0, 2**31),
        "chords": st.lists(st.integers(0, CHORD_CLASSES - 1), max_size=3),
        "programs_of": st.none() | st.integers(0, 5),
        "forced": st.booleans(),
    }
)


def recipe(*parts: dict[str, Any], **entries: Any) -> Recipe:
    return from_json({"model": "melody-2bar", "parts": list(parts) or [{"z": Z}], **entries})


@given(st.lists(parts, min_size=1, max_size=3), st.none() | st.integers(0, 2**63), st.text(max_size=5))
def test_what_is_written_is_read_again(parts: list[dict[str, Any]], seed: int | None, label: str) -> None:
    written = tuple(
        Part(
            torch.tensor(part["z"]),
            part["draw"],
            tuple(map(of_class, part["chords"])),
            part["programs_of"],
            np.array(WINDOW) if part["forced"] else None,
            bars=1 if part["forced"] else None,
        )
        for part in parts
    )
    style = Style(98.5, (3, 40), "6/8", ("Lead", ""), (90, 1), -3, Key(6, minor=True))
    arguments = {"amount": 0.3, "source": "a.mid"}
    made = Recipe("vary", "m", "0" * 16, "cpu", "float32", seed, 0.7, style, written, arguments, label, "a-b", "9")
    again = from_json(json.loads(dump_recipe(made)))
    assert again.style == style
    assert to_json(again) == to_json(made) == json.loads(dump_recipe(made))
    assert torch.equal(again.z, made.z)
    assert [part.chords for part in again.parts] == [part.chords for part in made.parts]


def test_numbers_of_z_are_as_short_as_float32_allows() -> None:
    assert to_json(recipe({"z": [0.1, -2.0, 1 / 3]}))["parts"][0]["z"] == [0.1, -2.0, 0.33333334]


def test_every_part_has_a_line_of_its_own() -> None:
    lines = dump_recipe(recipe({"z": [0.1]}, {"z": [0.2], "chords": "C Am"})).decode().splitlines()
    assert lines[-5:] == [
        '  "parts": [',
        '    {"draw": 0, "z": [0.1]},',
        '    {"draw": 1, "chords": "C Am", "z": [0.2]}',
        "  ]",
        "}",
    ]


def test_a_model_and_codes_suffice() -> None:
    one, two = recipe({"z": Z}, {"z": Z}).parts
    assert (one.draw, two.draw) == (0, 1)
    assert one.chords == () and one.programs_of is None and one.forced_tokens is None


def test_chords_are_read_as_the_triads_that_they_count_as() -> None:
    (part,) = recipe({"z": Z, "chords": "Gsus4 | F#m7b5"}).parts
    assert [str(chord) for chord in part.chords] == ["Gsus4", "F#m7b5"], "and written as they were"
    assert part.chords == tuple(of_class(chord.index) for chord in part.chords)


@pytest.mark.parametrize("data", [[], "z", None, {"model": "m"}, {"parts": [{"z": [0.0]}]}])
def test_what_is_no_recipe_is_refused(data: object) -> None:
    with pytest.raises(MusicaeError, match="not a recipe: an object with a model and parts is needed"):
        from_json(data)


@pytest.mark.parametrize(
    ("key", "value", "kind"),
    [
        ("parts", {}, "a list of parts"),
        ("parts", [], "a list of parts"),
        ("model", 5, "a name"),
        ("verb", ["sample"], "a word"),
        ("label", None, "a word"),
        ("device", 3, "a name"),
        ("precision", 3, "a name"),
        ("arguments", "hi", "an object"),
        ("arguments", {"amount": float("nan")}, "an object"),
        ("seed", 1.5, "a whole number or null"),
        ("seed", "x", "a whole number or null"),
        ("programs", ["x"], "a list of whole numbers"),
        ("programs", 3, "a list of whole numbers"),
        ("names", "abc", "a list of names"),
        ("names", [3], "a list of names"),
        ("velocities", ["x"], "a list of whole numbers"),
        ("semitones", 0.5, "a whole number"),
        ("semitones", None, "a whole number"),
        ("key", 3, "the name of a key"),
        ("key", [], "the name of a key"),
        ("temperature", "hot", "a number"),
        ("tempo_qpm", [], "a number"),
    ],
)
def test_entries_of_another_kind_are_refused(key: str, value: object, kind: str) -> None:
    with pytest.raises(MusicaeError, match=rf"not a recipe: {key} is .*, not {kind}"):
        recipe(**{key: value})


@pytest.mark.parametrize(
    ("key", "value", "kind"),
    [
        ("z", [], "a list of numbers"),
        ("z", 0.5, "a list of numbers"),
        ("z", [[0.5]], "a list of numbers"),
        ("z", ["x"], "a list of numbers"),
        ("z", [None], "a list of numbers"),
        ("z", {"a": 1}, "a list of numbers"),
        ("draw", "x", "a whole number"),
        ("draw", 0.5, "a whole number"),
        ("chords", ["C"], "chord symbols"),
        ("programs_of", [0], "a whole number or null"),
        ("bars", "1", "a whole number or null"),
        ("forced_tokens", [1, 2], "a window of tokens"),
        ("forced_tokens", [[[0.5]]], "a window of tokens"),
        ("forced_tokens", {"0": WINDOW}, "a window of tokens"),
    ],
)
def test_entries_of_parts_of_another_kind_are_refused(key: str, value: object, kind: str) -> None:
    with pytest.raises(MusicaeError, match=rf"not a recipe: parts\[1\]\.{key} is .*, not {kind}"):
        recipe({"z": Z}, {"z": Z, key: value})


@pytest.mark.parametrize("part", [3, [], {"chords": "C"}])
def test_a_part_without_a_code_is_refused(part: Any) -> None:
    with pytest.raises(MusicaeError, match=r"not a recipe: parts\[0\] is .*, not an object with a z"):
        recipe(part)


@pytest.mark.parametrize(
    ("entries", "nearest"),
    [({"temprature": 1}, "temperature"), ({"parts": [{"z": Z, "chord": "C"}]}, "chords")],
)
def test_unknown_entries_offer_the_nearest(entries: dict[str, Any], nearest: str) -> None:
    with pytest.raises(MusicaeError, match="unknown entry of ") as caught:
        recipe(**entries)
    assert f"did you mean {nearest}?" in caught.value.hint


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([{"z": [1e300, 0]}], "part 0: a number in z is 1e+300, not from -1e+06 to 1e+06"),
        ([{"z": [0]}, {"z": [float("nan")]}], "part 1: a number in z is nan, not from"),
        ([{"z": [0, 0]}, {"z": [0]}], "the z of part 1 has 1 numbers, that of part 0 has 2"),
        ([{"z": [0], "draw": -1}], "part 0: draw is -1, not 0 or more"),
        ([{"z": [0], "bars": 0}], "part 0: bars is 0, not 1 or more"),
        ([{"z": [0], "chords": "C Hm"}], 'part 0: "Hm" is not a chord'),
    ],
)
def test_parts_out_of_range_are_named(parts: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(MusicaeError) as caught:
        recipe(*parts)
    assert caught.value.message.startswith(message)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "[" * 100_000,
        '{"parts": 1}',
        '{"parts": [{"z": [0, 1]}], "model": "melody-2bar"}',
        '{"parts": [{"z": [NaN]}], "model": "m"}',
    ],
)
@pytest.mark.parametrize("verb", ["decode", "replay"])
def test_errors_name_the_file(run: Run, verb: str, text: str) -> None:
    Path("z.json").write_text(text)
    assert_fails(run(verb, "z.json"), "error: z.json")


def test_a_midi_file_is_no_recipe(run: Run, tunes: tuple[str, str]) -> None:
    assert_fails(run("decode", "a.mid"), "a.mid is not JSON")
    assert_fails(run("decode", "nowhere.json"), "cannot read nowhere.json")
    with pytest.raises(MusicaeError, match="the recipe is not JSON"):
        read_recipe(b"MThd")


def test_a_copied_part_is_decoded_as_another_clip(run: Run, tunes: tuple[str, str]) -> None:
    run("encode", "a.mid", "-o", "z.json")
    data = json.loads(Path("z.json").read_text())
    Path("z.json").write_text(json.dumps({**data, "parts": data["parts"] * 2, "arguments": {"seed": 1, "z": 2}}))
    assert len(run("decode", "z.json").paths) == 2
    assert len(run("replay", "z.json").paths) == 1, "in a row"


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"key": "H moll"}, "'H moll' is not a key"),
        ({"semitones": 25}, "semitones is 25, not from -24 to 24"),
        ({"velocities": [0]}, "a velocity is 0, not from 1 to 127"),
        ({"names": ["\ud800"]}, "a name of a track has characters that are none"),
    ],
)
def test_styles_that_cannot_be_are_refused(entries: dict[str, Any], message: str) -> None:
    with pytest.raises(MusicaeError) as caught:
        recipe(**entries)
    assert caught.value.message == message
