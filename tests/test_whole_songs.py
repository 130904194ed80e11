"""Whole songs on the command line: what is said, what is written, and what contradicts itself."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from musicae.music.midi import read_midi
from tests.helpers.commands import Run, assert_fails
from tests.helpers.scores import band, scale, score, track, write_midi


@pytest.fixture(autouse=True)
def pieces(tmp_path: Path) -> None:
    """A song of five bars, of which the last two rest, for three instruments, and another one of two bars."""
    tune = [(2 * k, 2 * k + 2, 60 + k % 7) for k in range(20)]
    write_midi(score(track(tune, 73, name="Lead"), *band(scale(5))[1:], bars=5), tmp_path / "song.mid")
    write_midi(score(track(scale(2)), bars=2), tmp_path / "short.mid")


def test_an_attribute_of_a_whole_song(run: Run) -> None:
    done = run("attribute", "song.mid", "--whole", "--add", "density")
    assert "reading song.mid: bars 1-5 of 5, track 1 'Lead' (Flute); left as they are: 1 bar in" in done.err
    assert (
        "density: song.mid 0.312, after " in done.err
        and "(means over windows)" in done.err
        and "windows change" in done.err
    )
    (path,) = done.paths
    assert path.name == "song-attribute-melody-2bar-000-after.mid"
    assert read_midi(path).tracks[1:] == read_midi("song.mid").tracks[1:]
    assert run("replay", path.with_suffix(".json"), "-o", "-").bytes == path.read_bytes()


@pytest.mark.parametrize("words", [("vary", "song.mid", "-n", 2), ("reconstruct", "song.mid")])
def test_what_is_written_of_a_whole_song_can_be_replayed_without_it(run: Run, words: tuple[object, ...]) -> None:
    done = run(*words, "--whole", "--temperature", 1, "--seed", 3)
    Path("song.mid").unlink()
    assert done.code == 0
    for path in done.paths:
        assert run("replay", path.with_suffix(".json"), "-o", "-").bytes == path.read_bytes()


def test_an_interpolation_of_whole_songs_is_a_song_a_step(run: Run) -> None:
    done = run("interpolate", "song.mid", "short.mid", "--whole", "--steps", 3, "-o", "way.mid")
    assert "1 windows of song.mid go to those of short.mid" in done.err
    assert [path.name for path in done.paths] == ["way.mid", "way-001.mid", "way-002.mid"]
    assert all(read_midi(path).tracks[1:] == read_midi("song.mid").tracks[1:] for path in done.paths)


def test_a_song_may_be_piped_in(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    data = Path("song.mid").read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    (path,) = run("reconstruct", "-", "--whole", "--track", 2).paths
    assert read_midi(path).tracks[0] == read_midi(data).tracks[0]


@pytest.mark.parametrize("verb", [("vary", "song.mid", "-n", 1), ("reconstruct", "song.mid")])
def test_a_clip_with_the_dynamics_of_its_window(run: Run, verb: tuple[object, ...]) -> None:
    (path,) = run(*verb, "--keep-velocity", "--seed", 1).paths
    assert set(np.concatenate([one.notes.velocity for one in read_midi(path).tracks]).tolist()) == {64}
    assert run("replay", path.with_suffix(".json"), "-o", "-").bytes == path.read_bytes()


@pytest.mark.parametrize(
    "words",
    [
        ("vary", "song.mid", "--whole", "--bar", 1),
        ("interpolate", "song.mid", "short.mid", "--whole", "--bar", 1),
        ("attribute", "--add", "density", "--whole"),
        ("attribute", "--add", "density", "--keep-velocity"),
    ],
)
def test_options_that_contradict_a_whole_song(run: Run, words: tuple[object, ...]) -> None:
    assert run(*words).code == 2


def test_a_song_that_cannot_be_read_says_what_would_read_it(run: Run, tmp_path: Path) -> None:
    write_midi(score(track(scale(2), is_drum=True)), tmp_path / "beat.mid")
    assert_fails(run("vary", "beat.mid", "--whole"), "beat.mid", "-m drums-2bar")
    assert_fails(run("vary", "nowhere.mid", "--whole"), "nowhere.mid")
    Path("cut.mid").write_bytes(Path("song.mid").read_bytes()[:-30])
    assert "cut.mid is damaged" in run("reconstruct", "cut.mid", "--whole").err
    assert_fails(run("reconstruct", "cut.mid", "--whole", "--strict"), "cut.mid is damaged")


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ("midi", "not base64"),
        ("midi", 5),
        ("midi", ""),
        ("midi", "cG9lbQ=="),
        ("drums", "Kit"),
        ("drums", [3]),
        ("track", "x"),
        ("track", 10**30),
        ("track", -1),
        ("velocity", "yes"),
        ("alone", None),
        ("tempo", 120),
    ],
)
def test_a_frame_that_is_none_is_refused(run: Run, entry: str, value: object) -> None:
    run("reconstruct", "song.mid", "--whole", "-o", "x.mid")
    recipe = json.loads(Path("x.json").read_text())
    Path("x.json").write_text(json.dumps({**recipe, "frame": {**recipe["frame"], entry: value}}))
    assert_fails(run("replay", "x.json"), "error: x.json")


@pytest.mark.parametrize("frame", [5, [], "x", {}, {"midi": None}])
def test_what_is_no_frame_is_refused(run: Run, frame: object) -> None:
    run("reconstruct", "song.mid", "--whole", "-o", "x.mid")
    recipe = json.loads(Path("x.json").read_text())
    Path("x.json").write_text(json.dumps({**recipe, "frame": frame}))
    assert_fails(run("replay", "x.json"), "frame is", "not a MIDI file in base64")


def test_windows_of_a_song_are_decoded_alone(run: Run) -> None:
    run("reconstruct", "song.mid", "--whole", "-o", "x.mid")
    assert len(json.loads(Path("x.json").read_text())["parts"]) == len(run("decode", "x.json").paths) == 2
