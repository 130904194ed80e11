"""musicae from Python: every verb is a function of models or their names, and of music in any form."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
import torch

import musicae
from musicae.clips.clip import Clips
from musicae.music.midi import read_midi
from tests.helpers.commands import melody
from tests.helpers.scores import write_midi

VERBS = (
    "attribute",
    "compose",
    "continuation",
    "decode",
    "encode",
    "fit",
    "interpolate",
    "pack",
    "reconstruct",
    "replay",
    "sample",
)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with two MIDI files, and models with random weights."""
    monkeypatch.setenv("MUSICAE_MODELS", str(shelf))
    monkeypatch.chdir(tmp_path)
    write_midi(melody(), "a.mid")
    write_midi(melody().transpose(-7), "b.mid")


@pytest.mark.parametrize("name", [*VERBS, "traverse", "vary"])
def test_verbs_are_functions(name: str) -> None:
    assert inspect.isfunction(getattr(musicae, name))
    assert name in dir(musicae)


def test_an_interpolation_between_files() -> None:
    model = musicae.load("melody-2bar", "cpu")
    clips = musicae.interpolate(model, "a.mid", "b.mid")
    assert isinstance(clips, Clips) and len(clips) == 5
    assert [path.name for path in clips.save("steps/")][:1] == ["a-b-interpolate-melody-2bar-000.mid"]
    assert clips.joined.save("steps/").name == "a-b-interpolate-melody-2bar-005-joined.mid"


def test_a_name_is_as_good_as_a_model() -> None:
    model = musicae.load("melody-2bar")
    for named in ("melody-2bar", Path(model.folder or "")):
        assert musicae.sample(named, 1, seed=1)[0].midi() == musicae.sample(model, 1, seed=1)[0].midi()


def test_music_is_a_path_bytes_a_score_or_a_window() -> None:
    model = musicae.load("melody-2bar")
    window = musicae.read("a.mid", model.representation)
    forms: list[Any] = ["a.mid", Path("a.mid"), Path("a.mid").read_bytes(), read_midi("a.mid"), window]
    verbs: list[tuple[Any, dict[str, Any]]] = [
        (musicae.reconstruct, {}),
        (musicae.vary, {"seed": 1}),
        (musicae.encode, {}),
    ]
    for verb, options in verbs:
        made: list[Any] = [verb(model, music, **options) for music in forms]
        codes = [found.z if verb is musicae.encode else found[0].recipe.z for found in made]
        assert all(torch.equal(z, codes[0]) for z in codes)
    for music in forms:
        assert musicae.attribute(model, {"density": 1.0}, music).labels == ("before", "after")
        assert len(musicae.interpolate(model, music, music, steps=2)) == 2
    for music in forms[:-1]:
        assert len(musicae.compose("multitrack-1bar-chords", "C Am", music, music)) == 1


def test_what_is_encoded_is_decoded_and_replayed() -> None:
    clip = musicae.sample("melody-2bar", 1)[0]
    path = clip.save("x.mid")
    assert musicae.replay(path.with_suffix(".json"))[0].midi() == path.read_bytes()
    recipe = musicae.encode("melody-2bar", "a.mid")
    assert recipe.z.shape == (1, 8)
    assert musicae.decode("melody-2bar", recipe)[0].score == musicae.reconstruct("melody-2bar", "a.mid")[0].score


def test_a_song_of_two_sections() -> None:
    song = musicae.Song("C Am", form="AB")
    (clip,) = musicae.compose("multitrack-1bar-chords", song, seed=1)
    assert len(clip.recipe.parts) == 4


def test_a_whole_song_is_read_and_made_again() -> None:
    model = musicae.load("melody-2bar")
    song = musicae.read_song("a.mid", model.representation)
    (clip,) = musicae.reconstruct(model, song)
    assert len(clip.recipe.parts) == len(song.windows) == 4
    assert len(musicae.vary(model, song, 2)) == 2 and len(musicae.interpolate(model, song, song, steps=3)) == 3
