"""The command line: what goes to which stream, exit codes, and errors in two lines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from musicae.clips.clip import Clips
from musicae.music.attributes import ATTRIBUTES
from musicae.music.midi import read_midi
from tests.helpers.commands import MODELS, Done, Run, assert_fails


def test_version_and_bare_command(run: Run) -> None:
    assert run("--version").out.startswith("musicae ")
    bare = run()
    assert bare.code == 2
    assert "Usage" in bare.out + bare.err


def test_quiet_is_quiet_and_stdout_is_the_same(run: Run) -> None:
    assert run("sample", "-n", 1, "--seed", 1, "-o", "x.mid", "-q") == Done(0, b"x.mid\n", "")


def test_json_is_one_object(run: Run) -> None:
    report = json.loads(run("sample", "-n", 2, "--seed", 3, "--json").out)
    assert set(report) == {"model", "hash", "seed", "files"}
    assert report["seed"] == 3
    assert all(Path(file["path"]).exists() and set(file["attributes"]) == set(ATTRIBUTES) for file in report["files"])


def test_midi_on_stdout_is_the_file(run: Run) -> None:
    piped = run("sample", "-n", 1, "--seed", 3, "-o", "-")
    (path,) = run("sample", "-n", 1, "--seed", 3).paths
    assert piped.bytes == path.read_bytes()
    assert read_midi(piped.bytes).end > 0


@pytest.mark.parametrize(
    "words",
    [
        ("sample", "-o", "-"),
        ("sample", "-n", 1, "-o", "-", "--json"),
        ("sample", "-o", "x.json"),
        ("sample", "-o", "x.wav"),
        ("sample", "-o", ""),
        ("sample", "--temperature", "nan"),
        ("sample", "--temperature", "inf"),
        ("encode", "a.mid", "-o", "a.mid"),
        ("encode", "a.mid", "-o", "-", "--json"),
        ("interpolate", "-", "-"),
        ("sample", "-n", 0),
        ("sample", "--device", "abacus"),
        ("interpolate", "a.mid", "b.mid", "--bar", 1, "--bar", 2, "--bar", 3),
        ("attribute",),
        ("attribute", "--add", "density=much"),
        ("attribute", "--add", "density=nan"),
        ("attribute", "--subtract", "density=1e999"),
        ("attribute", "--add", "density", "--bar", 1),
        ("attribute", "--add", "density", "--track", 1),
        ("attribute", "--add", "density", "-o", "-"),
        ("models", "show"),
        ("models", "pack", "melody-2bar"),
        ("models", "pack", "melody-2bar", "-o", ""),
        ("models", "lend"),
        ("data",),
        ("data", "build"),
        ("evaluate",),
        ("preprocess", ".", "-o", ""),
        ("data", "build", "tunes", "-o", ""),
        ("train", "-o", ""),
        ("smaple",),
    ],
)
def test_usage_errors_exit_with_2(run: Run, tunes: tuple[str, str], words: tuple[object, ...]) -> None:
    done = run(*words)
    assert (done.code, done.out) == (2, "")


def test_midi_is_not_written_to_a_terminal(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert run("sample", "-n", 1, "-o", "-").code == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_behind_stdout(unbuffered: str) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "musicae", "--version"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        )
    assert_fails(Done(done.returncode, b"", done.stderr), "cannot write to stdout: No space left")


def test_a_missing_file(run: Run) -> None:
    assert_fails(run("reconstruct", "nowhere.mid"), "nowhere.mid")


def test_a_text_file_called_mid(run: Run) -> None:
    Path("poem.mid").write_text("Shall I compare thee")
    assert_fails(run("reconstruct", "poem.mid"), "poem.mid is not a MIDI file")


def test_an_empty_folder(run: Run) -> None:
    Path("empty").mkdir()
    assert_fails(run("preprocess", "empty", "-o", "data/empty"), "empty")


def test_truncated_weights(run: Run, shelf: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for file in ("config.json", "model.safetensors"):
        (tmp_path / "cut").mkdir(exist_ok=True)
        (tmp_path / "cut" / file).write_bytes((shelf / "melody-2bar" / file).read_bytes())
    weights = tmp_path / "cut" / "model.safetensors"
    for size in (0, 4, 100, weights.stat().st_size - 1):
        weights.write_bytes((shelf / "melody-2bar" / "model.safetensors").read_bytes()[:size])
        assert_fails(run("sample", "-m", "cut"), "model.safetensors")


def test_an_unknown_model(run: Run) -> None:
    assert_fails(run("sample", "-m", "melody-3bar"), "melody-3bar", "did you mean melody-2bar", *MODELS)


def test_debugging_shows_the_traceback_too(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUSICAE_DEBUG", "1")
    done = run("reconstruct", "nowhere.mid")
    assert done.code == 1
    assert "Traceback" in done.err and "error: " in done.err


def test_interruption_exits_with_130(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Clips, "write", interrupt)
    assert run("sample").code == 130


@pytest.mark.parametrize(
    ("place", "name", "words"),
    [
        ("musicae.corpus.preprocess", "discover", ["preprocess", "."]),
        ("musicae.experiments.music.music_objectives", "run_trial", ["experiment", "objectives", "--only", "vae"]),
    ],
)
def test_what_can_go_on_says_so_when_it_is_interrupted(
    place: str, name: str, words: list[str], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(f"{place}.{name}", interrupt)
    done = run(*words)
    assert done.code == 130 and "stopped; the same command goes on where it was" in done.err


def test_a_terminal_gets_a_piano_roll_and_no_color_is_obeyed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "\x1b[36m" in run("sample", "-n", 1).err
    monkeypatch.setenv("NO_COLOR", "1")
    err = run("sample", "-n", 1).err
    assert "█" in err and "\x1b[36m" not in err
    assert "█" not in run("sample", "-n", 1, "-q").err
    assert "kick" in run("sample", "-n", 1, "-m", "drums-2bar", "--temperature", 1).err


def test_names_from_files_do_not_command_the_terminal(run: Run) -> None:
    Path("odd\x1b[31m.mid").write_text("not MIDI")
    err = run("reconstruct", "odd\x1b[31m.mid").err
    assert "\x1b" not in err and r"odd\x1b[31m.mid is not a MIDI file" in err
