"""Sound and pictures beside MIDI, on the command line."""

from __future__ import annotations

import io
import json
import wave
from pathlib import Path

import pytest

from tests.helpers.commands import Run, assert_fails


def test_sound_and_a_picture_stand_beside_the_clips(run: Run, tmp_path: Path) -> None:
    done = run("sample", "-n", "2", "--wav", "--svg", "--png", "--seed", 1, "--json", "-o", "ideas/")
    files = [Path(one["path"]) for one in json.loads(done.out)["files"]]
    assert [file.suffix for file in files] == [".mid", ".mid", ".wav", ".wav", ".svg", ".png"]
    assert all(file.exists() and file.with_suffix(".mid").exists() for file in files)
    with wave.open(io.BytesIO(files[2].read_bytes())) as sound:
        assert sound.getnframes() / sound.getframerate() >= 4.0
    assert files[4].read_text().count('font-weight="bold">') >= 2


def test_a_loop_is_as_long_as_its_bars(run: Run) -> None:
    run("sample", "-n", "1", "--wav", "--loop", "--tempo", 120, "-o", "x.mid")
    with wave.open("x.wav") as sound:
        assert sound.getnframes() / sound.getframerate() == 4.0


@pytest.mark.parametrize(
    "words", [("vary", "a.mid"), ("attribute", "a.mid", "--add", "density"), ("reconstruct", "a.mid")]
)
def test_every_verb_draws_its_clips(run: Run, tunes: tuple[str, str], words: tuple[str, ...]) -> None:
    run(*words, "--svg", "-o", "x.mid")
    assert Path("x.svg").read_text().startswith("<svg")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("sample", "-n", "1", "--wav", "-o", "-"), "writes MIDI alone"),
        (("sample", "--loop"), "add --wav or --play"),
    ],
)
def test_contradictions_are_usage_errors(run: Run, words: tuple[str, ...], why: str) -> None:
    done = run(*words)
    assert done.code == 2 and why in done.err


def test_what_exists_is_not_overwritten(run: Run) -> None:
    Path("x.wav").write_text("mine")
    assert_fails(run("sample", "-n", "1", "--wav", "-o", "x.mid"), "--force")
    assert Path("x.wav").read_text() == "mine" and not Path("x.mid").exists()
    assert run("sample", "-n", "1", "--wav", "-o", "x.mid", "--force").code == 0


def test_where_nothing_plays_a_file_is_offered(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    done = run("sample", "-n", "1", "--play", "-o", "x.mid")
    assert done.code == 1 and "--wav" in done.err and Path("x.mid").exists()


def test_any_midi_file_is_rendered(run: Run, tunes: tuple[str, str]) -> None:
    done = run("render", "a.mid", "b.mid", "--png", "-o", "heard/")
    assert [str(path) for path in done.paths] == ["heard/a.wav", "heard/a.png", "heard/b.wav", "heard/b.png"]
    with wave.open("heard/a.wav") as sound:
        assert sound.getnframes() > 0
    assert_fails(run("render", "a.mid", "-o", "heard/a.wav"), "--force")
    assert run("render", "a.mid", "b.mid", "-o", "one.wav").code == 2
