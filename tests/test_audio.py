"""Sound, measured: as long as it should be, not silent, not clipped, and without a seam where it is to repeat."""

from __future__ import annotations

import io
import wave
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from musicae.errors import MusicaeError
from musicae.music.score import Notes, Score, Tempo, Track
from musicae.render import audio
from musicae.render.audio import PEAK, SAMPLE_RATE, play, render_sound, seconds_of, wav_bytes

QUARTER = 480


def bar(program: int = 0, tempo_qpm: float = 120.0, chord: int = 1, velocity: int = 90) -> Score:
    """Four quarters, the last of which lasts to the bar line."""
    rows = [
        (i * QUARTER, (i + 1) * QUARTER, 60 + 2 * i + 3 * voice, velocity) for i in range(4) for voice in range(chord)
    ]
    return Score(QUARTER, (Track(Notes.of(rows), program),), 4 * QUARTER, (Tempo(0, tempo_qpm),))


def loudness(sound: np.ndarray) -> float:
    return float(np.abs(sound).max(initial=0.0))


def test_a_wav_file_holds_what_was_rendered() -> None:
    with wave.open(io.BytesIO(wav_bytes(bar()))) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (SAMPLE_RATE, 2, 2)
        frames = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    np.testing.assert_allclose(frames / 32767, render_sound(bar()), atol=1 / 32767)


@pytest.mark.parametrize("tempo_qpm", [60.0, 97.0, 240.0])
def test_sound_lasts_as_long_as_the_score_and_its_tail(tempo_qpm: float) -> None:
    score = bar(tempo_qpm=tempo_qpm)
    assert seconds_of(score) == pytest.approx(240 / tempo_qpm)
    sound = render_sound(score)
    assert seconds_of(score) < len(sound) / SAMPLE_RATE < seconds_of(score) + audio.TAIL_SECONDS + 1
    assert loudness(sound[-10:]) < 1e-3, "nothing is cut off"


def test_tempo_changes_count() -> None:
    score = replace(bar(), tempi=(Tempo(0, 120.0), Tempo(2 * QUARTER, 60.0)))
    assert seconds_of(score) == pytest.approx(1.0 + 2.0)


@pytest.mark.parametrize(("chord", "velocity"), [(1, 20), (1, 127), (8, 127)])
def test_sound_is_at_one_level_and_never_clipped(chord: int, velocity: int) -> None:
    sound = render_sound(bar(chord=chord, velocity=velocity))
    assert loudness(sound) == pytest.approx(PEAK, abs=1e-3)
    assert (np.abs(sound) > 0.999 * PEAK).sum() < 20


def test_silence_is_silent() -> None:
    nothing = Score(QUARTER, (), 4 * QUARTER)
    assert loudness(render_sound(nothing)) == 0
    assert len(render_sound(nothing)) == 2 * SAMPLE_RATE


@pytest.mark.parametrize("program", [0, 48])
def test_a_loop_repeats_without_a_seam(program: int) -> None:
    score = bar(program, tempo_qpm=97.0)
    loop, once = render_sound(score, loop=True), render_sound(score)
    assert len(loop) == round(seconds_of(score) * SAMPLE_RATE)
    twice = np.concatenate([loop, loop])
    seam = np.abs(np.diff(twice, axis=0))[len(loop) - 48 : len(loop) + 48]
    assert seam.max() <= np.abs(np.diff(loop, axis=0)).max(), "no click within a millisecond of the seam"
    assert loudness(loop[:480]) > loudness(once[:480]) / 2


def test_a_soundfont_that_is_none_says_so(tmp_path: Path) -> None:
    with pytest.raises(MusicaeError, match="cannot read the soundfont"):
        render_sound(bar(), soundfont=tmp_path / "missing.sf2")
    (tmp_path / "wrong.sf2").write_bytes(b"RIFF")
    with pytest.raises(MusicaeError, match="cannot be used"):
        render_sound(bar(), soundfont=tmp_path / "wrong.sf2")


def test_players_are_looked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MusicaeError, match="there is no player") as caught:
        play(b"")
    assert caught.value.kind == "no-player"
    for name, code in (("aplay", 0), ("pw-play", 1)):
        (tmp_path / name).write_text(f"#!/bin/sh\nexit {code}\n")
        (tmp_path / name).chmod(0o755)
        if code:
            with pytest.raises(MusicaeError, match="pw-play cannot play"):
                play(b"")
        else:
            play(b"")
