"""Configurations survive JSON, and settings are typed and checked."""

import json
import typing
from dataclasses import replace

import pytest

from musicae.config import Config, Spec, Training, build, complete, dumps, loads, override, spec
from musicae.errors import MusicaeError
from musicae.model import TABLES, Model, build_autoencoder
from musicae.music.representations import REPRESENTATIONS
from musicae.presets import PRESETS


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
    assert override(config, "training.transpose=false", TABLES).training.transpose is False
    assert override(config, "encoder=bidirectional", TABLES).encoder == spec("bidirectional")
    changed = override(config, "kl.beta=0.5", TABLES)
    assert changed.regularizers[0].arguments["beta"] == 0.5
    assert config == PRESETS["melody-2bar"]


@pytest.mark.parametrize(
    ("setting", "hint"),
    [
        ("latnt.size=3", "latent"),
        ("latent.sise=3", "size"),
        ("latent.size=big", "int"),
        ("kl.beta=much", "float"),
        ("training.batsh=3", "batch"),
        ("training.transpose=maybe", "bool"),
        ("encoder=bidirectionl", "bidirectional"),
        ("latent.size", "part.knob=value|latent.size=128"),
        ("training=3", "batch"),
        ("training.batch=0", "one or more"),
        ("training.learning_rate=0", "more than zero"),
        ("latent.size=-1", "not negative"),
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
    assert config.regularizers == (spec("kl", beta=1.0),)


@pytest.mark.parametrize(
    "setting", ["kl.beta_rate=2", "decoder.token_dropout=1", "latent.std_min=1", "training.optimizer=sgd"]
)
def test_knobs_that_cannot_work_are_refused(setting: str) -> None:
    with pytest.raises(MusicaeError, match=setting.partition(".")[2].partition("=")[0]):
        Model(override(PRESETS["melody-2bar"], setting, TABLES), device="cpu")


def test_what_cannot_be_built_is_said_in_words() -> None:
    shape = REPRESENTATIONS["melody"](bars=2).shape
    for setting, said in {
        "latent.size=0": "a dimension at least",
        "decoder.spans_per_segment=3": "spans_per_segment=3",
    }.items():
        with pytest.raises(MusicaeError, match=said):
            build_autoencoder(override(PRESETS["melody-2bar"], setting, TABLES), shape)


def test_complete_writes_defaults_out() -> None:
    config = replace(PRESETS["melody-2bar"], latent=spec("gaussian"))
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
