"""Sound, measured: as long as it should be, not silent, not clipped, and without a seam where it is to repeat."""

from __future__ import annotations

import io
import wave
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from musicae.errors import MusicaeError
from musicae.music.midi import midi_bytes
from musicae.music.score import Notes, Score, Tempo, Track
from musicae.render import audio
from musicae.render.audio import PEAK, SAMPLE_RATE, Sound, play, render_sound, wav_bytes
from musicae.render.performance import seconds_of
from tests.helpers.midi_bytes import event, meta, smf, tempo

QUARTER = 480


def sound_of(score: Score, *, loop: bool = False) -> Sound:
    """What is heard of a score."""
    return render_sound(midi_bytes(score), loop=loop)


def bar(program: int = 0, tempo_qpm: float = 120.0, chord: int = 1, velocity: int = 90) -> Score:
    """Four quarters, the last of which lasts to the bar line."""
    rows = [
        (i * QUARTER, (i + 1) * QUARTER, 60 + 2 * i + 3 * voice, velocity) for i in range(4) for voice in range(chord)
    ]
    return Score(QUARTER, (Track(Notes.of(rows), program),), 4 * QUARTER, (Tempo(0, tempo_qpm),))


def loudness(sound: np.ndarray) -> float:
    return float(np.abs(sound).max(initial=0.0))


def test_a_wav_file_holds_what_was_rendered() -> None:
    with wave.open(io.BytesIO(wav_bytes(midi_bytes(bar())))) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (SAMPLE_RATE, 2, 2)
        frames = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    np.testing.assert_allclose(frames / 32767, sound_of(bar()), atol=1 / 32767)


@pytest.mark.parametrize("tempo_qpm", [60.0, 97.0, 240.0])
def test_sound_lasts_as_long_as_the_score_and_its_tail(tempo_qpm: float) -> None:
    score = bar(tempo_qpm=tempo_qpm)
    assert seconds_of(score) == pytest.approx(240 / tempo_qpm)
    sound = sound_of(score)
    assert seconds_of(score) < len(sound) / SAMPLE_RATE < seconds_of(score) + audio.TAIL_SECONDS + 1
    assert loudness(sound[-10:]) < 1e-3, "nothing is cut off"


def test_tempo_changes_count() -> None:
    score = replace(bar(), tempi=(Tempo(0, 120.0), Tempo(2 * QUARTER, 60.0)))
    assert seconds_of(score) == pytest.approx(1.0 + 2.0)


@pytest.mark.parametrize(("chord", "velocity"), [(1, 20), (1, 127), (8, 127)])
def test_sound_is_at_one_level_and_never_clipped(chord: int, velocity: int) -> None:
    sound = sound_of(bar(chord=chord, velocity=velocity))
    assert loudness(sound) == pytest.approx(PEAK, abs=1e-3)
    assert (np.abs(sound) > 0.999 * PEAK).sum() < 20


def test_silence_is_silent() -> None:
    nothing = Score(QUARTER, (), 4 * QUARTER)
    assert loudness(sound_of(nothing)) == 0
    assert len(sound_of(nothing)) == 2 * SAMPLE_RATE


@pytest.mark.parametrize("program", [0, 48])
def test_a_loop_repeats_without_a_seam(program: int) -> None:
    score = bar(program, tempo_qpm=97.0)
    loop, once = sound_of(score, loop=True), sound_of(score)
    assert len(loop) == round(seconds_of(score) * SAMPLE_RATE)
    twice = np.concatenate([loop, loop])
    seam = np.abs(np.diff(twice, axis=0))[len(loop) - 48 : len(loop) + 48]
    assert seam.max() <= np.abs(np.diff(loop, axis=0)).max(), "no click within a millisecond of the seam"
    assert loudness(loop[:480]) > loudness(once[:480]) / 2


CHORD = b"".join(event(0, 0x90, pitch, 100) for pitch in (48, 52, 55))
RELEASE = event(240, 0x80, 48, 0) + event(0, 0x80, 52, 0) + event(0, 0x80, 55, 0)
ORGAN = event(0, 0xC0, 19)
SECOND = 2 * QUARTER
"""Ticks, at 120 quarters a minute."""


def rms(sound: Sound, first: float, end: float) -> Any:
    """How loud both channels are between two seconds."""
    return np.sqrt(np.square(sound[round(first * SAMPLE_RATE) : round(end * SAMPLE_RATE)]).mean(0))


def test_a_pedal_is_heard() -> None:
    dry, held = (
        render_sound(smf(ORGAN + pedal + CHORD + RELEASE + meta(SECOND, 1))) for pedal in (b"", event(0, 0xB0, 64, 127))
    )
    assert rms(dry, 0.8, 1.2).max() < 0.01 < 0.05 < rms(held, 0.8, 1.2).min()


@pytest.mark.parametrize("controller", [7, 11])
def test_volume_and_expression_are_heard(controller: int) -> None:
    softer = event(SECOND - 240, 0xB0, controller, 32)
    sound = render_sound(
        smf(ORGAN + CHORD + event(240, 0xB0, 1, 0) + softer + RELEASE.replace(b"\x81\x70", b"\x87\x40"))
    )
    assert 10 * rms(sound, 1.2, 1.8).max() < rms(sound, 0.2, 0.8).min()


def test_expression_of_the_file_is_turned_down_with_the_rest() -> None:
    loud = b"".join(event(0, 0x90 | channel, 40 + 3 * n, 127) for channel in range(8) for n in range(12))
    full = b"".join(event(0, 0xB0 | channel, 11, 127) for channel in range(8))
    organs = b"".join(event(0, 0xC0 | channel, 19) for channel in range(8))
    sound = render_sound(smf(organs + full + loud + meta(SECOND, 1)))
    assert (np.abs(sound) > 0.999 * PEAK).sum() < 20


def test_pan_and_bends_are_heard() -> None:
    left = rms(render_sound(smf(ORGAN + event(0, 0xB0, 10, 0) + CHORD + RELEASE)), 0.0, 0.2)
    assert left[0] > 10 * left[1]

    def hertz(bend: bytes) -> float:
        one = render_sound(smf(event(0, 0xC0, 80) + bend + event(0, 0x90, 69, 100) + event(SECOND, 0x80, 69, 0)))
        return float(np.argmax(np.abs(np.fft.rfft(one[:SAMPLE_RATE, 0]))))

    assert hertz(event(0, 0xE0, 127, 127)) / hertz(b"") == pytest.approx(2 ** (2 / 12), rel=0.01)


def test_drums_on_any_channel_are_heard_as_drums() -> None:
    hits = [event(0, 0x90 | channel, 42, 100) + event(SECOND, 0x80 | channel, 42, 0) for channel in (9, 10)]
    usual, declared = (render_sound(smf(event(0, 0xB0 | int(hit[1] & 15), 0, 127) + hit)) for hit in hits)
    np.testing.assert_allclose(usual, declared, atol=1e-3)


def test_a_note_without_end_ends() -> None:
    more = event(4 * SECOND, 0x90, 72, 1) + event(240, 0x80, 72, 0) + meta(4 * SECOND, 1)
    sound = render_sound(smf(ORGAN + event(0, 0x90, 60, 90) + more))
    assert rms(sound, 5.0, 7.0).max() < 0.01 < 0.05 < rms(sound, 0.2, 1.8).min()


def test_a_loop_with_a_final_rest_and_two_tempi_ends_on_the_bar_line() -> None:
    """A bar of two quarters and a rest, of which the second half is at half the tempo."""
    tempi = tempo(0, 500_000) + tempo(2 * QUARTER, 1_000_000) + meta(2 * QUARTER, 1)
    data = smf(tempi, ORGAN + event(0, 0x90, 60, 100) + event(2 * QUARTER, 0x80, 60, 0))
    sound = render_sound(data, loop=True)
    assert len(sound) == 3 * SAMPLE_RATE
    assert rms(sound, 0.05, 0.95).min() > 0.05 and rms(sound, 1.8, 2.9).max() < 0.01


@pytest.mark.parametrize(
    ("end", "bars"), [(SECOND, 1), (2 * SECOND - 30, 1), (2 * SECOND, 1), (2 * SECOND + 30, 1), (2 * SECOND + 300, 2)]
)
def test_a_loop_ends_on_a_bar_line_wherever_its_file_ends(end: int, bars: int) -> None:
    data = smf(event(0, 0x90, 60, 100) + event(480, 0x80, 60, 0) + meta(end - 480, 1))
    assert len(render_sound(data, loop=True)) == 2 * bars * SAMPLE_RATE


def test_what_is_said_late_in_a_loop_does_not_last() -> None:
    """A file that fades out, and ends with its pedal down, bent, and on another program, begins as it began."""
    late = b"".join(event(0, *data) for data in ((0xB0, 7, 0), (0xB0, 64, 127), (0xE0, 127, 127), (0xC0, 0)))
    plain, changed = (
        render_sound(smf(ORGAN + CHORD + RELEASE + meta(2 * SECOND - 480, 1) + said + meta(240, 1)), loop=True)
        for said in (b"", late)
    )
    np.testing.assert_allclose(plain[:SAMPLE_RATE], changed[:SAMPLE_RATE], atol=0.02)


def test_music_without_end_is_refused_and_rests_without_end_are_left_out() -> None:
    far = meta(2**28 - 1, 1)
    assert len(render_sound(smf(ORGAN + CHORD + RELEASE + far))) < 6 * SAMPLE_RATE
    with pytest.raises(MusicaeError, match="too long to render"):
        render_sound(smf(CHORD + RELEASE + far + CHORD + RELEASE))


def test_a_soundfont_that_is_none_says_so(tmp_path: Path) -> None:
    with pytest.raises(MusicaeError, match="cannot read the soundfont"):
        render_sound(midi_bytes(bar()), soundfont=tmp_path / "missing.sf2")
    (tmp_path / "wrong.sf2").write_bytes(b"RIFF")
    with pytest.raises(MusicaeError, match="cannot be used"):
        render_sound(midi_bytes(bar()), soundfont=tmp_path / "wrong.sf2")


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
