"""Configurations survive JSON, and settings are typed and checked."""

import json
import pickle
import typing
from dataclasses import replace
from typing import Literal

import pytest

from musicae.config import Config, Named, Spec, Training, build, complete, dumps, loads, named, spec
from musicae.errors import MusicaeError
from musicae.model import TABLES, Model, build_autoencoder
from musicae.music.representations import REPRESENTATIONS
from musicae.presets import PRESETS
from musicae.settings import override, parse_value


@pytest.mark.parametrize("name", PRESETS)
def test_json_round_trip(name: str) -> None:
    assert loads(dumps(PRESETS[name])) == PRESETS[name]


def test_json_keeps_tuples() -> None:
    assert Spec.from_json(json.loads(json.dumps(spec("x", sizes=(1, 2)).to_json()))) == spec("x", sizes=(1, 2))


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"representation": 3}', '{"representation": "x"}'])
def test_damaged_config(text: str) -> None:
    with pytest.raises(MusicaeError, match="not a model configuration"):
        loads(text)


def test_override_finds_knobs_by_path() -> None:
    config = PRESETS["melody-2bar"]
    assert override(config, "latent.size=128", TABLES).latent.arguments["size"] == 128
    assert override(config, "training.batch=64", TABLES).training.batch == 64
    assert override(config, "encoder=bidirectional", TABLES).encoder == spec("bidirectional")
    changed = override(config, "kl.beta=0.5", TABLES)
    assert changed.regularizers[0].spec.arguments["beta"] == 0.5
    assert config == PRESETS["melody-2bar"]


@pytest.mark.parametrize(
    ("setting", "hint"),
    [
        ("latnt.size=3", "latent"),
        ("latent.sise=3", "size"),
        ("latent.size=big", "int"),
        ("kl.beta=much", "float"),
        ("training.batsh=3", "batch"),
        ("decoder.z_every_step=maybe", "true"),
        ("training.optimizer=mun", "did you mean muon"),
        ("transposed=none", "did you mean transpose"),
        ("second=kll", "second"),
        ("encoder=bidirectionl", "bidirectional"),
        ("latent.size", "part.knob=value|latent.size=128"),
        ("training=3", "batch"),
        ("training.batch=0", "one or more"),
        ("training.learning_rate=0", "more than zero"),
        ("latent.size=", "int"),
        ("kl.beta=nan", "finite"),
    ],
)
def test_override_refuses_with_the_nearest_name(setting: str, hint: str) -> None:
    with pytest.raises(MusicaeError) as caught:
        override(PRESETS["melody-2bar"], setting, TABLES)
    assert any(part in caught.value.message + caught.value.hint for part in hint.split("|"))


def test_a_regularizer_can_be_removed() -> None:
    assert override(PRESETS["melody-2bar"], "kl=none", TABLES).regularizers == ()


def test_a_regularizer_can_be_added() -> None:
    config = override(override(PRESETS["melody-2bar"], "kl=none", TABLES), "kl.beta=1", TABLES)
    assert config.regularizers == (named("kl", beta=1.0),)


def test_two_regularizers_of_a_kind_stand_side_by_side() -> None:
    config = override(override(PRESETS["melody-2bar"], "second=kl", TABLES), "second.free_bits=3", TABLES)
    assert [item.label for item in config.regularizers] == ["kl", "second"]
    assert config.regularizers[1] == named("kl", label="second", free_bits=3.0)
    assert loads(dumps(config)) == config
    assert override(config, "second=none", TABLES) == PRESETS["melody-2bar"]


@pytest.mark.parametrize("label", ["kl", "latent", "transpose"])
def test_labels_stand_for_one_thing(label: str) -> None:
    config = PRESETS["melody-2bar"]
    with pytest.raises(MusicaeError, match=f"two things are called {label}"):
        replace(config, regularizers=(*config.regularizers, named("kl", label=label)))


def test_labels_are_words() -> None:
    for label in ("a.b", "a/b", "2", ""):
        with pytest.raises(MusicaeError, match="not a label"):
            Named(label, spec("kl"))


def test_augmentations_are_changed_added_and_removed() -> None:
    config = PRESETS["melody-2bar"]
    assert override(config, "transpose=none", TABLES).augmentations == ()
    added = override(config, "reharmonize.share=0.2", TABLES)
    assert added.augmentations == (spec("transpose"), spec("reharmonize", share=0.2))
    assert override(added, "reharmonize.share=0.5", TABLES).augmentations[1] == spec("reharmonize", share=0.5)
    assert override(config, "transpose_target=transpose_target", TABLES).augmentations[1] == spec("transpose_target")


@pytest.mark.parametrize(
    ("text", "annotation", "value"),
    [
        ("none", int | None, None),
        ("5", int | None, 5),
        ("5", "int | None", 5),
        ("-0.5", float, -0.5),
        ("-2", int, -2),
        ("two", Literal["one", "two"], "two"),
        ("2", Literal[1, 2], 2),
        ("none", Literal["none", "all"], "none"),
        ("(1, 2, 3)", tuple[int, ...], (1, 2, 3)),
        ("", tuple[int, ...], ()),
        ("0.5,0.9", tuple[float, float], (0.5, 0.9)),
        ("true", bool | None, True),
        ("a word", str, "a word"),
    ],
)
def test_text_is_read_by_annotation(text: str, annotation: object, value: object) -> None:
    wanted = typing.get_type_hints(type("Holder", (), {"__annotations__": {"knob": annotation}}))["knob"]
    parsed = parse_value(text, wanted, "part.knob")
    assert parsed == value and type(parsed) is type(value)


@pytest.mark.parametrize(
    ("text", "annotation", "said"),
    [
        ("nonsense", int | None, "int"),
        ("thre", Literal["one", "three"], "did you mean three"),
        ("nan", float, "finite"),
        ("inf", float | None, "finite"),
        ("1", tuple[float, float], "2 values"),
        ("1,x", tuple[int, ...], "int"),
        ("1.5", int, "int"),
    ],
)
def test_text_that_is_no_such_value_is_refused(text: str, annotation: object, said: str) -> None:
    with pytest.raises(MusicaeError) as caught:
        parse_value(text, annotation, "part.knob")
    assert said in caught.value.message + caught.value.hint
    assert "part.knob" in caught.value.message


def test_specs_cannot_be_changed_and_hash() -> None:
    arguments = {"sizes": [1, 2]}
    one, other = spec("x", sizes=(1, 2), size=3), Spec("x", {"size": 3, **arguments})
    assert one == other and hash(one) == hash(other) and one != spec("x", size=3)
    assert pickle.loads(pickle.dumps(one)) == one  # noqa: S301
    with pytest.raises(TypeError):
        one.arguments["size"] = 4  # type: ignore[index]
    assert len({PRESETS["melody-2bar"], PRESETS["melody-2bar"]}) == 1


@pytest.mark.parametrize(
    ("path", "said"),
    [(("training", "transpose"), "training setting: transpose"), (("critic",), "part of a model: critic")],
)
def test_what_no_config_has_is_refused(path: tuple[str, ...], said: str) -> None:
    data = PRESETS["melody-2bar"].to_json()
    inside = data
    for name in path[:-1]:
        inside = inside[name]
    inside[path[-1]] = True
    with pytest.raises(MusicaeError, match=said):
        loads(json.dumps(data))


@pytest.mark.parametrize(
    "setting",
    [
        "kl.beta_rate=2",
        "decoder.token_dropout=1",
        "latent.std_min=1",
        "latent.size=-1",
        "training.batch=0",
        "training.learning_rate=0",
        "training.scheduled_sampling=-1",
        "training.label_share=-1",
        "embedding.size=-1",
        "encoder.hidden=-1",
        "decoder.z_slot_size=-1",
    ],
)
def test_knobs_that_cannot_work_are_refused(setting: str) -> None:
    with pytest.raises(MusicaeError, match=r"-1|" + setting.partition(".")[2].partition("=")[0]):
        Model(override(PRESETS["melody-2bar"], setting, TABLES), device="cpu")


def test_what_cannot_be_built_is_said_in_words() -> None:
    shape = REPRESENTATIONS["melody"](bars=2).shape
    for setting, said in {
        "latent.size=0": "latent.size is 0",
        "decoder.spans_per_segment=3": "spans_per_segment=3",
    }.items():
        with pytest.raises(MusicaeError, match=said):
            build_autoencoder(override(PRESETS["melody-2bar"], setting, TABLES), shape)


def test_complete_writes_defaults_out() -> None:
    config = replace(PRESETS["melody-2bar"], latent=spec("gaussian"), augmentations=(spec("reharmonize"),))
    assert complete(config, TABLES).augmentations == (spec("reharmonize", share=0.3),)
    assert complete(config, TABLES).latent == spec("gaussian", size=256, std_min=0.0, mean_std=0.0)
    assert complete(complete(config, TABLES), TABLES) == complete(config, TABLES)


def test_build_refuses_unknown_arguments() -> None:
    with pytest.raises(MusicaeError, match="free_bit"):
        build(TABLES["regularizers"], spec("kl", free_bit=3.0))
    with pytest.raises(MusicaeError, match="kl2"):
        build(TABLES["regularizers"], spec("kl2"))


def test_every_field_of_training_is_documented() -> None:
    documented = Training.__doc__ or ""
    assert all(name in documented for name in typing.get_type_hints(Training))


def test_presets_name_what_they_are() -> None:
    for name, config in PRESETS.items():
        kind, bars, *rest = name.split("-")
        assert config.representation.name == kind
        assert bars == f"{config.representation.arguments['bars']}bar"
        assert (config.decoder.name == "flat") == ("flat" in rest or name.startswith(("melody-2bar-l", "drums-2bar-l")))
        assert isinstance(config, Config)
