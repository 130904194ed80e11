"""Codes that somebody edited in a file: what was asked for is what is decoded."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from musicae.clips.attribute_search import TOLERANCE, with_attributes
from musicae.clips.coordinates import coordinates_of, effect_in_words, feature_statistics, with_coordinates
from musicae.clips.directions import directions_of
from musicae.clips.edits import edits_in_words, with_edits
from musicae.clips.names import DIRECTION_NAMES
from musicae.clips.recipe import Part, Recipe
from musicae.clips.recipe_json import dump_recipe, from_json, to_json
from musicae.clips.render import likeliest
from musicae.errors import MusicaeError
from musicae.model import Model
from musicae.music.attributes import ATTRIBUTES
from musicae.music.comparison import SAME
from musicae.music.midi import midi_bytes
from musicae.networks.priors import StandardNormal
from musicae.networks.samplers.base import PriorSampler
from musicae.verbs.codes import decode, encode
from musicae.verbs.reconstruct import reconstruct
from musicae.verbs.replay import replay
from tests.helpers.commands import Run, assert_fails
from tests.helpers.models import tiny_model, window, with_vectors

Edit = Callable[[dict[str, Any]], None]


@pytest.fixture
def named(model: Model) -> Model:
    """A model that has vectors and directions."""
    return with_vectors(model)


def edited(model: Model, edit: Edit, seed: int = 0) -> Recipe:
    """The code of some music, written, edited and read again."""
    data = json.loads(dump_recipe(encode(model, window(model, seed), named=True)))
    edit(data["parts"][0])
    return from_json(data)


def test_names_come_before_z_with_words_and_round_numbers(named: Model) -> None:
    text = dump_recipe(encode(named, window(named), named=True)).decode()
    (part,) = json.loads(text)["parts"]
    assert list(part) == ["draw", "attributes", "directions", "words", "z", "encoded"]
    assert list(part["attributes"]) == list(ATTRIBUTES) and list(part["directions"]) == list(DIRECTION_NAMES[:8])
    assert part["encoded"] == {**part["attributes"], **part["directions"], "z": part["z"]}
    assert part["words"].keys() == {*part["attributes"], *part["directions"]}
    density = ATTRIBUTES["density"](reconstruct(named, window(named))[0].score)
    assert part["words"]["density"].startswith(f"{density:.3g} here; music has ")
    assert f'        "direction3": {part["directions"]["direction3"]},\n' in text, "a name has a line"


def test_an_unedited_file_decodes_to_the_very_bytes_of_the_reconstruction(any_model: Model) -> None:
    source = window(with_vectors(any_model))
    written = dump_recipe(encode(any_model, source, named=True))
    (clip,), (again,) = decode(any_model, written), reconstruct(any_model, source)
    assert midi_bytes(clip.score) == midi_bytes(again.score)
    assert torch.equal(clip.recipe.z, again.recipe.z)
    (read,) = reconstruct(any_model, written)
    assert read.midi() == again.midi()


def test_naming_changes_no_code_and_is_the_same_on_any_number_of_threads(named: Model) -> None:
    one = encode(named, window(named), named=True)
    torch.set_num_threads(2)
    assert dump_recipe(encode(named, window(named), named=True)) == dump_recipe(one)
    assert torch.equal(one.z, encode(named, window(named)).z)


def test_what_is_written_with_names_is_read_again(named: Model) -> None:
    recipe = encode(named, window(named), named=True)
    again = from_json(json.loads(dump_recipe(recipe)))
    assert to_json(again) == to_json(recipe)
    assert with_edits(named, again)[1] == []


@pytest.mark.parametrize("amount", [-1.5, 0.125, 3.0])
def test_an_edited_direction_moves_z_along_it_by_so_many_standard_deviations(named: Model, amount: float) -> None:
    def edit(part: dict[str, Any]) -> None:
        part["directions"]["direction2"] += amount

    before, (clip,) = encode(named, window(named)).z, decode(named, edited(named, edit))
    torch.testing.assert_close(
        clip.recipe.z[0] - before[0], (amount * directions_of(named).step("direction2")).float(), atol=1e-4, rtol=1e-4
    )
    assert clip.recipe.arguments["edits"] == {"direction2": pytest.approx(amount)}


def test_names_of_an_edited_code_read_back_what_was_asked(named: Model) -> None:
    asked = {"direction1": 2.0, "direction4": -0.5}
    recipe = edited(named, lambda part: part["directions"].update(asked))
    (clip,) = decode(named, recipe)
    names = encode(named, clip.recipe, named=True).parts[0].names
    first = recipe.parts[0].names
    assert names is not None and first is not None
    untouched = {name: value for name, value in first.now.items() if name in DIRECTION_NAMES and name not in asked}
    assert {name: names.now[name] for name in asked} == pytest.approx(asked, abs=2e-3)
    assert {name: names.now[name] for name in untouched} == pytest.approx(untouched, abs=2e-3)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("amount", [0.8, -0.8])
def test_an_edited_attribute_moves_as_asked_or_nothing_changes(named: Model, seed: int, amount: float) -> None:
    def edit(part: dict[str, Any]) -> None:
        part["attributes"]["interval"] += amount

    (clip,) = decode(named, edited(named, edit, seed))
    before, after = reconstruct(named, window(named, seed))[0].score, clip.score
    moved = ATTRIBUTES["interval"](after) - ATTRIBUTES["interval"](before)
    assert after == before or moved * amount > 0
    by_the_verb = with_attributes(named, Part(encode(named, window(named, seed)).z[0]), {"interval": amount})
    torch.testing.assert_close(clip.recipe.z[0], by_the_verb.z)


def test_an_attribute_is_sought_beside_edited_directions(named: Model) -> None:
    grown = []
    for seed in range(4):

        def edit(part: dict[str, Any]) -> None:
            part["directions"]["direction1"] = 1.5
            part["attributes"]["interval"] += 1.0

        (clip,) = decode(named, edited(named, edit, seed))
        assert directions_of(named).coordinates(clip.recipe.z[0])["direction1"] == pytest.approx(1.5, abs=2e-3)
        intervals = [ATTRIBUTES["interval"](one.score) for one in (*reconstruct(named, window(named, seed)), clip)]
        grown.append(intervals[1] > intervals[0])
    assert sum(grown) >= 2, grown


def test_what_a_direction_does_to_an_attribute_counts_towards_what_was_asked(named: Model) -> None:
    part = encode(named, window(named)).parts[0]
    directions = directions_of(named)
    moves = {name: replace(part, z=directions.move(part.z, {name: 2.0})) for name in directions.names}
    before, *after = (ATTRIBUTES["interval"](score) for score in likeliest(named, [part, *moves.values()]))
    name, interval = max(zip(moves, after, strict=True), key=lambda one: abs(one[1] - before))
    already = (interval - before) / named.spreads["interval"]
    assert abs(already) > TOLERANCE, "no direction says anything of interval"

    def edit(part: dict[str, Any]) -> None:
        part["directions"][name] += 2.0
        part["attributes"]["interval"] += already

    (clip,) = decode(named, edited(named, edit))
    torch.testing.assert_close(clip.recipe.z[0], moves[name].z, atol=1e-4, rtol=1e-4)


def test_an_edited_z_stands_and_names_count_from_it(named: Model) -> None:
    def edit(part: dict[str, Any]) -> None:
        part["z"][0] += 3.0

    def edit_both(part: dict[str, Any]) -> None:
        edit(part)
        part["directions"]["direction1"] += 0.5

    z = encode(named, window(named)).z[0]
    z[0] += 3.0
    (alone,), (both,) = decode(named, edited(named, edit)), decode(named, edited(named, edit_both))
    torch.testing.assert_close(alone.recipe.z[0], z)
    torch.testing.assert_close(both.recipe.z[0], directions_of(named).move(z, {"direction1": 0.5}), atol=1e-4, rtol=0)
    assert alone.recipe.arguments["edits"] == {"z": 1}


def test_without_what_was_encoded_names_are_compared_with_those_of_z(named: Model) -> None:
    untouched = edited(named, lambda part: part.pop("encoded"))
    assert with_edits(named, untouched)[1] == []

    def edit(part: dict[str, Any]) -> None:
        del part["encoded"]
        part["directions"] = {"direction5": part["directions"]["direction5"] + 1.0}

    (clip,) = decode(named, edited(named, edit))
    assert clip.recipe.arguments["edits"] == {"direction5": pytest.approx(1.0, abs=2e-3)}


def test_names_may_be_given_to_a_bare_code(named: Model) -> None:
    z = encode(named, window(named)).z[0]
    data = {"model": named.name, "parts": [{"z": z.tolist(), "directions": {"direction3": 2.0}}]}
    (clip,) = decode(named, from_json(data))
    assert directions_of(named).coordinates(clip.recipe.z[0])["direction3"] == pytest.approx(2.0, abs=2e-3)


def test_files_of_z_alone_still_decode(named: Model) -> None:
    z = encode(named, window(named)).z
    (clip,) = decode(named, from_json({"model": named.name, "parts": [{"z": z[0].tolist()}]}))
    assert torch.equal(clip.recipe.z, z) and "edits" not in clip.recipe.arguments


def test_a_model_without_vectors_and_directions_names_nothing(model: Model) -> None:
    model.autoencoder.sampler = PriorSampler(8, StandardNormal(8))
    part = encode(model, window(model), named=True).parts[0]
    assert part.names is not None and part.names.now == {}
    (clip,) = decode(model, dump_recipe(encode(model, window(model), named=True)))
    assert clip.score == reconstruct(model, window(model))[0].score


def test_what_a_model_has_not_cannot_be_edited(model: Model) -> None:
    z = encode(model, window(model)).z[0].tolist()

    def given(**names: dict[str, float]) -> Recipe:
        return from_json({"model": model.name, "parts": [{"z": z, **names}]})

    with pytest.raises(MusicaeError, match="part 0: model melody-2bar has no attribute vectors"):
        decode(model, given(attributes={"density": 1.0}))
    with pytest.raises(MusicaeError, match="part 0: unknown direction: direction12"):
        decode(model, given(directions={"direction12": 1.0}))
    with pytest.raises(MusicaeError, match="part 0: a number in z is"):
        decode(
            tiny_model("melody-2bar"),
            from_json({"model": "m", "parts": [{"z": [1e6] * 8, "directions": {"direction1": 1e3}}]}),
        )


def test_words_hold_where_they_were_heard(named: Model) -> None:
    part = with_coordinates(named, encode(named, window(named)).parts[0])
    assert part.names is not None
    statistics, directions = feature_statistics(named), directions_of(named)
    (before,) = likeliest(named, [part])
    for name in directions.names:
        scores = likeliest(named, [replace(part, z=directions.move(part.z, {name: at})) for at in (1.5, 2.0, 2.5)])
        assert part.names.words[name].startswith(
            f"+2: {effect_in_words(statistics, before, scores) or 'other notes'}; -2"
        )
    assert effect_in_words(statistics, before, [before] * 3) == SAME


def test_coordinates_of_attributes_are_spreads_from_what_music_has(named: Model) -> None:
    statistics, part = feature_statistics(named), encode(named, window(named)).parts[0]
    (score,) = likeliest(named, [part])
    found = coordinates_of(named, part)
    for name in ATTRIBUTES:
        assert found[name] * named.spreads[name] + statistics.means[name] == pytest.approx(ATTRIBUTES[name](score))


def test_what_was_edited_is_said(named: Model) -> None:
    def edit(part: dict[str, Any]) -> None:
        part["z"][0] += 1.0
        part["attributes"]["density"] += 0.8
        part["directions"]["direction1"] -= 2.0

    _, found = with_edits(named, edited(named, edit))
    density, direction, numbers, summary = edits_in_words(named, found)
    assert density.startswith("density +0.8: ") and (direction, numbers) == ("direction1 -2", "z: 1 number edited")
    assert summary.endswith("% of the notes stay")
    assert edits_in_words(named, []) == []


def test_edited_names_are_not_replayed(named: Model) -> None:
    def edit(part: dict[str, Any]) -> None:
        part["directions"]["direction1"] -= 2.0

    with pytest.raises(MusicaeError, match="names of the code were edited") as caught:
        replay(edited(named, edit), named)
    assert caught.value.kind == "edited-names"
    assert (
        replay(encode(named, window(named), named=True), named)[0].score == reconstruct(named, window(named))[0].score
    )


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({"attributes": {"densty": 1.0}}, ("unknown attribute: densty", "did you mean density?")),
        ({"directions": {"drection3": 1.0}}, ("unknown direction: drection3", "did you mean direction3?")),
        ({"directions": {"density": 1.0}}, ("unknown direction: density",)),
        ({"attribute": {}}, ("unknown entry of parts[0]: attribute", "did you mean attributes?")),
        ({"attributes": {"density": "much"}}, ("part 0: density is 'much', not a number",)),
        ({"attributes": {"density": True}}, ("part 0: density is True, not a number",)),
        ({"attributes": {"density": None}}, ("part 0: density is None, not a number",)),
        ({"attributes": [0.5]}, ("parts[0].attributes is [0.5], not numbers by attribute",)),
        ({"directions": {"direction1": float("nan")}}, ("part 0: direction1 is nan, not a number",)),
        ({"directions": {"direction1": 1e9}}, ("direction1 is 1e+09, not from -1000 to 1000",)),
        ({"directions": {"direction1": 10**400}}, ("part 0: direction1 is 1000",)),
        ({"words": {"density": 5}}, ("parts[0].words is", "not texts by name")),
        ({"encoded": 5}, ("parts[0].encoded is 5, not what was encoded",)),
        ({"encoded": {"densty": 1.0}}, ("unknown coordinate: densty", "did you mean density?")),
        ({"encoded": {"z": [0.5]}}, ("part 0: z has 8 numbers, and had 1 when it was encoded",)),
        ({"encoded": {"z": "x"}}, ("parts[0].encoded is",)),
        ({"z": [True] * 8}, ("parts[0].z is", "not a list of numbers")),
    ],
)
@pytest.mark.parametrize("command", [("decode",), ("attribute", "--add", "density"), ("replay",)])
def test_what_is_wrong_with_a_code_is_told_in_two_lines(
    run: Run, entries: dict[str, Any], said: tuple[str, ...], command: tuple[str, ...]
) -> None:
    Path("z.json").write_text(json.dumps({"model": "melody-2bar", "parts": [{"z": [0.5] * 8, **entries}]}))
    assert_fails(run(command[0], "z.json", *command[1:]), "error: z.json: ", *said)


def test_a_code_is_encoded_edited_and_decoded_on_the_command_line(run: Run, tunes: tuple[str, str]) -> None:
    assert run("encode", "a.mid", "-o", "code.json").code == 0
    data = json.loads(Path("code.json").read_text())
    data["parts"][0]["directions"]["direction1"] += 2.5
    Path("code.json").write_text(json.dumps(data))
    done = run("decode", "code.json", "-o", "c.mid", "--json")
    assert "direction1 +2.5" in done.err and "% of the notes stay" in done.err
    assert json.loads(done.out)["edits"] == [{"direction1": pytest.approx(2.5)}]
    assert json.loads(Path("c.json").read_text())["arguments"]["edits"] == {"direction1": pytest.approx(2.5)}
    assert run("replay", "c.json", "-o", "-").bytes == Path("c.mid").read_bytes()
    assert "musicae decode" in run("replay", "code.json").err


def test_that_nothing_has_a_name_is_said(run: Run, tunes: tuple[str, str], shelf: Path) -> None:
    done = run("encode", "a.mid", "-m", "drums-2bar", "--drums", "1", "-o", "z.json")
    assert done.code == 0 and "no attributes are named: drums-2bar has no vectors of them" in done.err
    assert "no directions" not in done.err


def test_numbers_of_z_that_were_changed_are_counted(named: Model) -> None:
    def edit(part: dict[str, Any]) -> None:
        part["z"] = [number * 3 for number in part["z"]]

    _, (found,) = with_edits(named, edited(named, edit))
    assert found.numbers == 8 and found.names == {}
    torch.testing.assert_close(found.part.z, 3 * encode(named, window(named)).z[0])
