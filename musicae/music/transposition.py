"""Music moved into a key: transposed as a whole by the shorter way, and what is still outside moved inside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from musicae.music.arrangement import scale_of, without_doubles
from musicae.music.chords import Chord
from musicae.music.key import Key, key_like
from musicae.music.score import Notes, Score, Track

OCTAVE = 12
HIGHEST_PITCH = 127
_EVERY = np.arange(HIGHEST_PITCH + 1)


@dataclass(frozen=True)
class Transposed:
    """Music in another place.

    Attributes:
        moved: pitched notes that were outside of the key, of `pitched`.
    """

    score: Score
    moved: int = 0
    pitched: int = 0


def shorter_way(start: Key, end: Key) -> int:
    """Semitones from a key to another one of its mode: from -5 to 6."""
    return (end.tonic - start.tonic + OCTAVE // 2 - 1) % OCTAVE - (OCTAVE // 2 - 1)


def semitones_into(scores: Sequence[Score], end: Key, already: int = 0) -> tuple[Key | None, int]:
    """The key of the mode of `end` that scores are in together (`key_like`), and by how many semitones they come to
    `end`: the shorter way from there, or from where they are moved already.

    Without pitches there is no key, and no way.
    """
    start = key_like(replace(scores[0], tracks=tuple(track for score in scores for track in score.tracks)), end.minor)
    return start, already if start is None else already + shorter_way(start.transpose(already), end)


def moved_into(score: Score, semitones: int, key: Key | None = None) -> Transposed:
    """The score with its pitched notes moved by semitones, then those outside of a key to its nearest note, the lower
    of two. What would leave MIDI's pitches moves by octaves; drums stay."""
    tracks, moved, pitched = [], 0, 0
    places = _places_in(key)
    for track in score.tracks:
        if not track.is_drum and len(track.notes):
            pitch = _within(track.notes.pitch + semitones)
            inside = places[pitch]
            moved, pitched = moved + int((inside != pitch).sum()), pitched + len(pitch)
            track = _at(track, inside, doubled=bool((inside != track.notes.pitch + semitones).any()))
        tracks.append(track)
    return Transposed(replace(score, tracks=tuple(tracks)), moved, pitched)


def pitches_into(semitones: int, key: Key | None = None) -> list[int]:
    """Where `moved_into` takes every pitch, from 0 to 127."""
    found: list[int] = _places_in(key)[_within(_EVERY + semitones)].tolist()
    return found


def chords_into(chords: Sequence[Chord], end: Key) -> tuple[list[Chord], Key | None, int]:
    """Chords moved into a key by the shorter way, the key of its mode that they were in, and by how many semitones.

    That key has the notes of their scale (`arrangement.scale_of`). Where no chord sounds there is none, and no way.
    """
    if all(chord.root < 0 for chord in chords):
        return list(chords), None, 0
    scale = scale_of(chords)
    start = next(key for tonic in range(OCTAVE) if (key := Key(tonic, end.minor)).scale == scale)
    semitones = shorter_way(start, end)
    return [chord.transpose(semitones) for chord in chords], start, semitones


def _places_in(key: Key | None) -> np.ndarray:
    """Of every pitch the nearest one in a key, the lower of two."""
    within = _EVERY if key is None else _EVERY[np.isin(_EVERY % OCTAVE, sorted(key.tones))]
    return np.asarray(within[np.abs(within - _EVERY[:, None]).argmin(1)])


def _within(pitch: np.ndarray) -> np.ndarray:
    """Pitches within MIDI's, moved by octaves."""
    above = np.maximum(-(-(pitch - HIGHEST_PITCH) // OCTAVE), 0)
    below = np.maximum(-(pitch // OCTAVE), 0)
    return np.asarray(pitch + OCTAVE * (below - above))


def _at(track: Track, pitch: np.ndarray, doubled: bool) -> Track:
    """A track with other pitches, of which some may have become equal."""
    old = track.notes
    notes = Notes(old.start, old.end, pitch.astype(old.pitch.dtype), old.velocity)
    return replace(track, notes=without_doubles(notes) if doubled else Notes.of(notes.rows()))
