"""musicae from Python: every verb is a function of models or their names, and of music in any form."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

import musicae
from musicae.cli.app import COMMANDS, GROUPS
from musicae.cli.options import MOST_FILES
from musicae.clips.clip import Clips
from musicae.clips.limits import MOST_CLIPS
from musicae.corpus.dataset import Dataset
from musicae.music.midi import read_midi
from musicae.music.transposition import moved_into
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
    write_midi(moved_into(melody(), -7).score, "b.mid")


@pytest.mark.parametrize("name", [*VERBS, "traverse", "vary"])
def test_verbs_are_functions(name: str) -> None:
    assert inspect.isfunction(getattr(musicae, name))
    assert name in dir(musicae)


def test_commands_without_a_function_are_named_in_the_readme() -> None:
    (named,) = re.findall(
        r"\. ([^.]*)\s+are\s+commands\s+only", (Path(__file__).parent.parent / "README.md").read_text()
    )
    commands = {*COMMANDS, *GROUPS} - {"continue"}
    assert set(re.findall(r"`(\w+)`", named)) == {name for name in commands if name not in musicae.__all__}


def test_fitted_vectors_are_returned_and_not_stored(data: Dataset) -> None:
    model = musicae.load("melody-2bar")
    before = model.attributes["density"].clone()
    assert musicae.fit(model, data.folder, windows=16)["density"].vector.shape == (8,)
    assert torch.equal(model.attributes["density"], before)


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
    window = musicae.read("a.mid", model)
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


def test_a_clip_is_music() -> None:
    clips = musicae.sample("melody-2bar", 2, seed=1)
    for music in (clips[0], clips[:1]):
        (back,) = musicae.reconstruct("melody-2bar", music)
        assert back.score == musicae.reconstruct("melody-2bar", clips[0].midi())[0].score
    with pytest.raises(musicae.MusicaeError, match="these are 2 clips"):
        musicae.vary("melody-2bar", clips)
    assert len(musicae.continuation("melody-2bar", musicae.reconstruct("melody-2bar", "a.mid")[0], 2, 1)) == 1


def test_a_clip_is_read_as_music_and_heard_and_seen() -> None:
    (clip,) = musicae.sample("melody-2bar", 1, seed=1)
    assert musicae.read(clip, "melody-2bar").label.startswith("the score: bars 1-2 of 2 (track 1 'melody'")
    assert repr(musicae.read("a.mid", "melody-2bar")).startswith("<Source: a.mid: bars ")
    assert repr(musicae.read_song("a.mid", "melody-2bar")).startswith("<WholeSong: a.mid: bars ")
    assert clip.wav()[:4] == b"RIFF" and clip.svg().startswith("<svg")


def test_all_that_is_public_is_listed() -> None:
    assert set(musicae.__all__) <= set(dir(musicae)) and "prepare_for_torch" not in dir(musicae)
    assert all(getattr(musicae, name).__module__.startswith("musicae.") for name in musicae.__all__)


def test_what_is_read_is_read_for_a_model_its_name_or_a_representation() -> None:
    model = musicae.load("melody-2bar")
    windows = [musicae.read("a.mid", reader) for reader in (model, "melody-2bar", model.representation)]
    assert all((window.tokens == windows[0].tokens).all() for window in windows)
    songs = [musicae.read_song("a.mid", reader) for reader in (model, "melody-2bar", model.representation)]
    assert all(song.label == songs[0].label for song in songs)


def test_codes_are_rows_of_anything() -> None:
    model = musicae.load("melody-2bar")
    z = musicae.encode(model, "a.mid").z
    expected = musicae.decode(model, z)[0].midi()
    assert musicae.decode(model, z.numpy())[0].midi() == expected
    assert musicae.decode(model, z.tolist())[0].midi() == expected


WRONG = {
    "musicae.sample(model, 0)": "n is 0",
    "musicae.sample(model, '8')": "n is '8', not a whole number",
    "musicae.sample(model, 2.0)": "n is 2.0, not a whole number",
    "musicae.sample(model, seed=-1)": "the seed is -1",
    "musicae.sample(model, seed='x')": "the seed is 'x'",
    "musicae.sample(model, temperature='1')": "temperature is '1', not a number",
    "musicae.sample(5)": "5 is not a model",
    "musicae.vary(model, 'a.mid', amount='0.3')": "amount is '0.3', not a number",
    "musicae.vary(model, 'a.mid', amount=3)": "amount is 3, not from 0 to 1",
    "musicae.vary(model, 5)": "5 is not music",
    "musicae.attribute(model, ['density'], 'a.mid')": "the amounts are ['density']",
    "musicae.attribute(model, 'a.mid', {'density': 1})": "the amounts are 'a.mid'",
    "musicae.attribute(model, {'density': '1'}, 'a.mid')": "the amount of density is '1'",
    "musicae.attribute(model, {'density': 1}, 'a.mid', keep=5)": "keep is 5",
    "musicae.interpolate(model, 'a.mid', 'b.mid', steps=0)": "steps is 0",
    "musicae.interpolate(model, 'a.mid', 'b.mid', even_in='foo')": "even_in is 'foo'",
    "musicae.traverse(model, 'a.mid', 'density', 0)": "n is 0",
    "musicae.continuation(model, 'a.mid', '4')": "bars is '4'",
    "musicae.encode(model, musicae.read_song('a.mid', model))": "whole song",
    "musicae.decode(model, musicae.encode(model, 'a.mid').z[0])": "shape [8], not",
    "musicae.decode(model, 'x')": "cannot read x",
    "musicae.compose('multitrack-1bar-chords', 'C Am', variation=2)": "variation is 2",
    "musicae.sample(model, 1)[0].with_instruments(['violin'])": "instruments are names",
    "musicae.sample(model, 1)[0].in_key(3)": "'3' is not a key",
    "musicae.sample(model, 1)[0].transposed(1.5)": "semitones is 1.5, not a whole number",
    "musicae.sample(model, 1)[0].save(3)": "3 is not a place for clips",
    "musicae.sample(model, bars=257)": "bars is 257, not from 1 to 256",
    "musicae.sample(model, wanted=['density'])": "['density'] is not a level",
    "musicae.continuation(model, 'a.mid', 999)": "bars is 999, not from 1 to 256",
    "musicae.compose('multitrack-1bar-chords', 3)": "3 is not a chord progression",
    "musicae.compose('multitrack-1bar-chords', musicae.Song({'A': 'C'}, form='AB'))": "section B has no chords",
    "musicae.traverse(model, 'a.mid', 3)": "unknown attribute or direction: 3",
    "musicae.read('a.mid', model, bar=0)": "bar is 0",
    "musicae.read('a.mid', model, track='horn')": "there is no track 'horn'",
    "musicae.train('tunes', 'out', minutes=-1)": "minutes is -1",
    "musicae.load(3)": "3 is not a model",
}
"""What somebody may type, and what the error says."""

TRIED = """
import json, sys, musicae
model = musicae.load("melody-2bar", "cpu")
found = []
for typed in json.load(sys.stdin):
    try:
        found.append(f"made: {eval(typed)!r}")
    except musicae.MusicaeError as error:
        found.append(f"{error}; {error.__notes__}")
    except Exception as error:
        found.append(f"raised: {error!r}")
print(json.dumps(found))
"""


def test_a_value_that_is_none_is_refused_in_words() -> None:
    """In a process of its own: here arguments of wrong types are refused by the tests' own checks."""
    done = subprocess.run(
        [sys.executable, "-c", TRIED], input=json.dumps(list(WRONG)), capture_output=True, text=True, check=True
    )
    for typed, found in zip(WRONG, json.loads(done.stdout), strict=True):
        assert WRONG[typed] in found and "hint: " in found, (typed, found)


def test_chords_are_a_text_or_a_list() -> None:
    made = [musicae.compose("multitrack-1bar-chords", song, seed=1)[0].midi() for song in ("C Am", ["C", "Am"])]
    assert made[0] == made[1]


def test_what_is_printed_is_short() -> None:
    clips = musicae.attribute("melody-2bar", {"density": 1.0}, "a.mid")
    assert repr(clips[0]) == "<Clip 'before': attribute, melody-2bar, 1 window>"
    assert repr(clips).count("Clip '") == 2 and repr(clips[0].model).startswith("<Model melody-2bar: ")


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


WRONG_CALLS = """
import musicae
from pathlib import Path

model = musicae.load("melody-2bar")
clips = musicae.sample(model, 1, seed=1)
song = musicae.read_song("a.mid", model)
for call in (
    lambda: musicae.read(None, model),
    lambda: musicae.read(["a.mid"], model),
    lambda: musicae.read(clips, model),
    lambda: musicae.read("a.mid", None),
    lambda: musicae.read("a.mid", model, track=1.5),
    lambda: musicae.read("a.mid", model, drums=[1]),
    lambda: musicae.read("a.mid", model, drums="1"),
    lambda: musicae.read_song(clips[0], model),
    lambda: musicae.continuation(model, "a.mid", bar="3"),
    lambda: musicae.continuation(model, "a.mid", bar=2.5),
    lambda: musicae.transfer(model, "a.mid", None),
    lambda: musicae.attribute(model, {1: 1.0}, "a.mid"),
    lambda: musicae.replay(None),
    lambda: musicae.replay(clips[0]),
    lambda: musicae.load("melody-2bar", None),
    lambda: musicae.load("melody-2bar", "cpu", None),
    lambda: musicae.sample(model, 10**20),
    lambda: musicae.interpolate(model, "a.mid", "a.mid", steps=10**9),
    lambda: musicae.Song("C", form=3),
    lambda: musicae.Song("C", repeat=1.5),
    lambda: musicae.Song("C", band="piano"),
    lambda: musicae.Song("C", band=5),
    lambda: musicae.Song("C", final_bar="minor"),
    lambda: musicae.compose("multitrack-1bar-chords", musicae.Song(3)),
    lambda: musicae.Song("C", band=(300,)),
    lambda: musicae.Song("C").transposed(1.5),
    lambda: clips[:0].seed,
    lambda: clips[:0].joined,
    lambda: clips[:0].save(),
    lambda: clips.save(""),
):
    try:
        call()
        print("no error")
    except musicae.MusicaeError as error:
        print("" if error.message and error.hint else f"says too little: {error.message}")
    except Exception as error:
        print(f"{type(error).__name__}: {error}")
"""


def test_what_goes_wrong_says_what_and_what_to_do() -> None:
    done = subprocess.run([sys.executable, "-c", WRONG_CALLS], capture_output=True, text=True)
    assert done.stdout.split("\n") == [""] * 31, done.stderr


def test_commands_and_functions_make_as_many_clips_at_most() -> None:
    assert MOST_FILES == MOST_CLIPS
