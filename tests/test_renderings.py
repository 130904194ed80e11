"""Sound and pictures beside MIDI, on the command line."""

from __future__ import annotations

import io
import json
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from musicae.music.midi import midi_bytes
from musicae.music.score import Notes, Score, Tempo, Track
from musicae.render.audio import PEAK, SAMPLE_RATE, TAIL_SECONDS, Sound, wav_bytes
from tests.helpers.commands import Run, assert_fails
from tests.helpers.midi_bytes import EIGHTHS, event, meta, smf, tune


def frames_of(path: str) -> Sound:
    """The frames of a WAV file, from -1 to 1."""
    with wave.open(path) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, file.getnchannels()) / 32767


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


def test_a_loop_ends_on_the_bar_line_behind_its_last_rest(run: Run) -> None:
    """Three quarters and a rest, of which the second half is at half the tempo."""
    rows = [(480 * beat, 480 * beat + 240, 60 + beat, 90) for beat in range(3)]
    tempi = (Tempo(0, 120.0), Tempo(960, 60.0))
    Path("x.mid").write_bytes(midi_bytes(Score(480, (Track(Notes.of(rows)),), end=1920, tempi=tempi)))
    run("render", "x.mid", "--loop")
    frames = frames_of("x.wav")
    assert len(frames) == 3 * SAMPLE_RATE
    beats = [np.abs(frames[round(second * SAMPLE_RATE) :][: SAMPLE_RATE // 8]).max() for second in (0, 0.5, 1, 2.5)]
    assert min(beats[:3]) > 0.2 > 0.1 > beats[3], "every repetition has both tempi"


def test_sound_is_that_of_the_file_that_is_written(run: Run) -> None:
    """Half of a song is faded out; its sound beside it has the fade, too."""
    fade = meta(2 * 1920, 1) + event(0, 0xB0, 7, 1) + meta(6 * 1920, 1)
    Path("song.mid").write_bytes(smf(fade, tune(EIGHTHS * 4)))
    assert run("vary", "song.mid", "-n", 1, "--whole", "--amount", 0.1, "--seed", 1, "--wav", "-o", "x.mid").code == 0
    assert Path("x.wav").read_bytes() == wav_bytes(Path("x.mid").read_bytes())
    frames = frames_of("x.wav")
    assert np.abs(frames[: 3 * SAMPLE_RATE]).max() > 20 * np.abs(frames[6 * SAMPLE_RATE :]).max()


def test_what_is_whole_of_a_damaged_file_is_heard(run: Run, tunes: tuple[str, str]) -> None:
    Path("cut.mid").write_bytes(Path("a.mid").read_bytes()[:-40])
    done = run("render", "cut.mid", "-o", "cut.wav")
    assert "cut.mid is damaged" in done.err and "what is whole is rendered" in done.err
    assert 14.0 < len(frames_of("cut.wav")) / SAMPLE_RATE < 20.0


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
        (("compose", "--chords", "C", "--own-instruments", "--instrument", "piano"), "omit one"),
        (("render", "a.mid", "-o", "x.svg", "--loop"), "x.svg is a picture"),
    ],
)
def test_contradictions_are_usage_errors(run: Run, words: tuple[str, ...], why: str) -> None:
    done = run(*words)
    assert done.code == 2 and why in done.err


@pytest.mark.parametrize(
    "words",
    [
        ("sample",),
        ("vary", "a.mid"),
        ("continue", "a.mid"),
        ("attribute", "--add", "density"),
        ("interpolate", "a.mid", "b.mid", "--whole"),
    ],
)
def test_one_clip_goes_to_stdout_and_more_are_refused_at_once(
    run: Run, tunes: tuple[str, str], monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setattr("musicae.model.load", None)
    done = run(*words, "-o", "-")
    assert done.code == 2 and done.out == ""


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
    for name in ("a", "b"):
        frames = frames_of(f"heard/{name}.wav")
        assert 16.0 <= len(frames) / SAMPLE_RATE < 16.0 + TAIL_SECONDS, "eight bars"
        assert np.abs(frames).max() == pytest.approx(PEAK, abs=1e-3)
        assert Path(f"heard/{name}.wav").read_bytes() == wav_bytes(Path(f"{name}.mid").read_bytes())
    assert Path("heard/a.wav").read_bytes() != Path("heard/b.wav").read_bytes()
    assert_fails(run("render", "a.mid", "-o", "heard/a.wav"), "--force")
    assert run("render", "a.mid", "b.mid", "-o", "one.wav").code == 2


def test_sound_stands_beside_its_file(run: Run, tunes: tuple[str, str]) -> None:
    for name in ("x/a.mid", "y/a.mid"):
        Path(name).parent.mkdir()
        Path(name).write_bytes(Path("a.mid").read_bytes())
    done = run("render", "x/a.mid", "y/a.mid", "b.mid", "--svg")
    assert [str(path) for path in done.paths] == ["x/a.wav", "x/a.svg", "y/a.wav", "y/a.svg", "b.wav", "b.svg"]
    assert not Path("a.wav").exists()


def test_a_piped_path_is_a_file_to_stand_beside(
    run: Run, tunes: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("x").mkdir()
    Path("x/a.mid").write_bytes(Path("a.mid").read_bytes())
    for given, written in ((b"x/a.mid\n", "x/a"), (Path("a.mid").read_bytes(), "stdin")):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
        assert [str(path) for path in run("render", "-").paths] == [f"{written}.wav"]
    done = run("render", "a.mid", "-o", "p.svg", "--png")
    assert [str(path) for path in done.paths] == ["p.svg", "p.png"] and not Path("p.wav").exists()


def test_the_recipe_of_a_clip_is_not_in_the_way_of_its_sound(run: Run) -> None:
    run("sample", "-n", 1, "-o", "x.mid")
    recipe = Path("x.json").read_bytes()
    assert run("render", "x.mid").code == 0 and Path("x.wav").exists() and Path("x.json").read_bytes() == recipe


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("x/a.mid", "b.mid", "a.mid", "-o", "heard/"), "heard/a.wav would be the sound of x/a.mid and of a.mid"),
        (("b.mid", "b.mid", "-o", "heard/"), "of b.mid and of b.mid; render one of them with another -o"),
        (("b.mid", "b.midi", "--force"), "b.wav would be the sound of b.mid and of b.midi"),
        (("a.mid", "-o", "-"), "not written to stdout"),
        (("a.mid", "-o", ""), "-o names a file or a folder"),
    ],
)
def test_no_sound_is_written_in_the_place_of_another(
    run: Run, tunes: tuple[str, str], words: tuple[str, ...], why: str
) -> None:
    Path("x").mkdir()
    for name in ("x/a.mid", "b.midi"):
        Path(name).write_bytes(Path("a.mid").read_bytes())
    done = run("render", *words)
    assert done.code == 2 and why in " ".join(done.err.replace("│", " ").split()) and done.out == ""
    assert not [*Path().rglob("*.wav")]
