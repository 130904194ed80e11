"""Scores built in code, in sixteenths, for the tests of representations."""

from collections.abc import Iterable
from pathlib import Path

from musicae.music.midi import midi_bytes
from musicae.music.representations.base import TokenArray
from musicae.music.score import Meter, Notes, Score, Track

STEP = 24
BAR = 16 * STEP
"""In ticks of the scores built here: 96 to a quarter."""


def track(notes: Iterable[tuple[int, int, int]], program: int = 0, is_drum: bool = False, name: str = "") -> Track:
    """A track from notes as (step, step, pitch)."""
    rows = [(start * STEP, end * STEP, pitch, 64) for start, end, pitch in notes]
    return Track(Notes.of(rows), program, is_drum, name)


def score(*tracks: Track, bars: int = 2, meters: tuple[Meter, ...] = (Meter(0, 4, 4),)) -> Score:
    return Score(4 * STEP, tracks, end=bars * BAR, meters=meters)


def scale(bars: int, first: int = 0) -> list[tuple[int, int, int]]:
    """A quarter note on every beat, from the bar `first` on."""
    return [(4 * k, 4 * k + 4, 60 + k % 12) for k in range(4 * first, 4 * bars)]


def band(notes: list[tuple[int, int, int]]) -> tuple[Track, ...]:
    """The same notes as melody, bass and drums, so that every representation finds something to read."""
    return track(notes), track(notes, program=33), track([(a, b, 36) for a, b, _ in notes], is_drum=True)


def same(a: TokenArray, b: TokenArray) -> bool:
    return a.shape == b.shape and bool((a == b).all())


def write_midi(score: Score, path: str | Path) -> None:
    """A MIDI file of the score, in a folder that is made if need be."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes(midi_bytes(score))
