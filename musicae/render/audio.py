"""Sound: MIDI files as WAV files, played by the General MIDI soundfont that comes inside pretty_midi.

The synthesizer (midirenderer) knows no gain. A file that reaches full scale is rendered again with the expression of
all channels turned down, and every file is brought to the same peak.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import tempfile
import wave
from pathlib import Path

import midirenderer
import numpy as np
import pretty_midi  # type: ignore[import-untyped]
from jaxtyping import Float, Int16

from musicae.errors import MusicaeError
from musicae.render.performance import LONGEST_SECONDS, Performance

SAMPLE_RATE = 48_000
"""Of what is rendered, in frames a second; two channels of 16 bits."""

PEAK = 10 ** (-1 / 20)
"""-1 dB below full scale, to which all sound is brought."""

EXPRESSIONS = (127, 90, 64, 32, 16)
"""MIDI expression that is tried, from full downwards, until nothing is clipped."""

SILENCE = 10 ** (-70 / 20)
"""Below this share of full scale, the end of a sound is cut off."""

TAIL_SECONDS = 4.0
"""How long notes may sound after the end."""

FADE_SECONDS = 0.02

REPETITIONS = 4
"""Of a loop while it is rendered: the last two have the tails of those before them."""

SEAM_SECONDS = 0.03
"""At the start of a loop, how long it takes to fade from the last repetition, which follows its end, to its own."""

Sound = Float[np.ndarray, "frame channel"]
Shorter = Float[np.ndarray, "kept channel"]


def wav_bytes(midi: bytes, *, soundfont: Path | None = None, loop: bool = False) -> bytes:
    """A WAV file of the bytes of a MIDI file: all that is in it, pedals and bends as well.

    Args:
        soundfont: an SF2 file; the small General MIDI one of pretty_midi if there is none.
        loop: to the bar line at which the music ends, to the frame, and what sounds beyond it sounds at the start, so
            that it repeats without a seam. Otherwise what sounds on is heard to its end.

    Raises:
        MusicaeError: the file, or the soundfont, cannot be read, or there is too much to render.
    """
    return _written(render_sound(midi, soundfont=soundfont, loop=loop))


def render_sound(midi: bytes, *, soundfont: Path | None = None, loop: bool = False) -> Sound:
    """The frames of `wav_bytes`, from -1 to 1."""
    font, performance = _read_soundfont(soundfont), Performance.of(midi, loop=loop)
    repetitions = REPETITIONS if loop else 1
    if performance.seconds * repetitions > LONGEST_SECONDS:
        most = LONGEST_SECONDS // 60 // repetitions
        message = f"{performance.seconds / 60:.0f} minutes of {'a loop' if loop else 'music'} are too long to render"
        raise MusicaeError(message, f"cut it to at most {most} minutes")
    sound, length = _loudest(performance, repetitions, font), performance.seconds * SAMPLE_RATE
    if not loop:
        return _normalized(_without_silence(sound, round(length)))
    start, end = (round(count * length) for count in (REPETITIONS - 2, REPETITIONS - 1))
    seam = min(round(SEAM_SECONDS * SAMPLE_RATE), end - start)
    share = np.linspace(1, 0, seam)[:, None]
    begin = share * sound[end : end + seam] + (1 - share) * sound[start : start + seam]
    return _normalized(np.concatenate([begin, sound[start + seam : end]]))


def play(wav: bytes) -> None:
    """Plays a WAV file through the first player of the system, and waits for its end.

    Raises:
        MusicaeError: there is none, or it fails.
    """
    player = next((command for command in PLAYERS if shutil.which(command[0])), None)
    if player is None:
        names = ", ".join(command[0] for command in PLAYERS)
        raise MusicaeError(f"there is no player: none of {names} is installed", "write a WAV file", kind="no-player")
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        file.write(wav)
        file.flush()
        done = subprocess.run([*player, file.name], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise MusicaeError(f"{player[0]} cannot play", "write a WAV file", kind="no-player")


def _read_soundfont(path: Path | None) -> bytes:
    chosen = path or Path(pretty_midi.__file__).parent / "TimGM6mb.sf2"
    try:
        return chosen.read_bytes()
    except OSError as error:
        raise MusicaeError(f"cannot read the soundfont {chosen}: {error.strerror}", "name an SF2 file") from error


def _loudest(performance: Performance, repetitions: int, font: bytes) -> Sound:
    """What is rendered at the highest expression at which nothing is clipped."""
    for expression in EXPRESSIONS:
        midi = performance.midi(repetitions=repetitions, expression=expression, tail_seconds=TAIL_SECONDS)
        sound = _rendered(midi, font)
        if max(int(sound.max(initial=0)), -int(sound.min(initial=0))) < np.iinfo(np.int16).max:
            break
    return sound / np.float32(-np.iinfo(np.int16).min)


def _rendered(midi: bytes, font: bytes) -> Int16[np.ndarray, "frame channel"]:
    try:
        found = midirenderer.render_wave_from(font, midi)
    except RuntimeError as error:
        raise MusicaeError(f"the soundfont cannot be used: {error}", "name another SF2 file") from error
    with wave.open(io.BytesIO(bytes(found))) as file:
        frames = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return frames.reshape(-1, file.getnchannels())


def _without_silence(sound: Sound, least: int) -> Shorter:
    """Sound without the silence at its end, but so many frames at least, faded out."""
    loud = np.flatnonzero(((sound > SILENCE) | (sound < -SILENCE)).any(1))
    kept = sound[: max(int(loud[-1]) + 1 if len(loud) else 0, least)]
    if least > len(kept):
        kept = np.pad(kept, ((0, least - len(kept)), (0, 0)))
    fade = min(round(FADE_SECONDS * SAMPLE_RATE), len(kept))
    kept[len(kept) - fade :] *= np.linspace(1, 0, fade)[:, None]
    return kept


def _normalized(sound: Sound) -> Sound:
    peak = max(float(sound.max(initial=0)), -float(sound.min(initial=0)))
    if peak:
        sound *= PEAK / peak
    return sound


def _written(sound: Sound) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(sound.shape[1])
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        for first in range(0, len(sound), FRAMES_AT_ONCE):
            some = sound[first : first + FRAMES_AT_ONCE] * np.iinfo(np.int16).max
            file.writeframes(np.round(some).astype("<i2").tobytes())
    return out.getvalue()


FRAMES_AT_ONCE = 2**20
"""That are written: minutes of sound take as much memory as seconds."""

PLAYERS = (
    ("pw-play",),
    ("paplay",),
    ("aplay",),
    ("afplay",),
    ("ffplay", "-nodisp", "-autoexit", "-loglevel", "quiet"),
    ("play",),
)
"""Programs that play a WAV file, and their options."""
