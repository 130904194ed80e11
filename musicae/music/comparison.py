"""What is different about some music, in words: "lower and sparser"."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from musicae.music.attributes import ATTRIBUTES
from musicae.music.representations.drums import NAMES
from musicae.music.score import Score

TELLING = 0.5
"""Spreads by which something has to change to be worth a word."""

WORDS_A_SIDE = 3

SAME, SILENT, OTHER = "nothing", "silence", "other notes"
"""What is said of the same notes, of none, and where nothing changes that has a word."""


@dataclass(frozen=True)
class Feature:
    """Something that scores have more or less of.

    Attributes:
        more, less: what a score is called that has more of it than another one, or less.
    """

    measure: Callable[[Score], float]
    more: str
    less: str


def in_comparison(changed: Mapping[str, float]) -> str:
    """Changes of features, in spreads, in words, the largest first; empty where none is `TELLING`."""
    telling = sorted((name for name in changed if abs(changed[name]) >= TELLING), key=lambda name: -abs(changed[name]))
    features = [(FEATURES[name], changed[name]) for name in telling[:WORDS_A_SIDE]]
    words = [feature.more if change > 0 else feature.less for feature, change in features]
    return ", ".join(words[:-1]) + (" and " if len(words) > 1 else "") + words[-1] if words else ""


def both_ways(up: str, down: str) -> str:
    """What moving up by 2 spreads does and what moving down does, in one text."""
    return f"+2: {up or OTHER}; -2: {down or OTHER}"


def all_features(score: Score) -> dict[str, float]:
    """Every feature of a score."""
    return {name: float(feature.measure(score)) for name, feature in FEATURES.items()}


def mean_pitch(score: Score) -> float:
    """Mean MIDI pitch of the pitched notes; 0 where there are none."""
    return _mean_over_notes(score, lambda track: track.notes.pitch)


def note_length(score: Score) -> float:
    """Mean length of the pitched notes in quarters; 0 where there are none."""
    return _mean_over_notes(score, lambda track: track.notes.end - track.notes.start) / score.ticks_per_quarter


def _mean_over_notes(score: Score, values: Callable[..., np.ndarray]) -> float:
    found = [values(track) for track in score.tracks if not track.is_drum and len(track.notes)]
    return float(np.concatenate(found).mean()) if found else 0.0


def _hits(*classes: str) -> Callable[[Score], float]:
    """How many hits there are of some classes of drums."""

    def hits(score: Score) -> float:
        pitches = (int(pitch) for track in score.tracks if track.is_drum for pitch in track.notes.pitch)
        return float(sum(NAMES.get(pitch) in classes for pitch in pitches))

    return hits


_OF_ATTRIBUTES = {
    "diatonic": ("more diatonic", "more chromatic"),
    "density": ("denser", "sparser"),
    "interval": ("with larger leaps", "with smaller leaps"),
    "syncopation16": ("with more sixteenths off the beat", "with fewer sixteenths off the beat"),
    "syncopation8": ("with more eighths off the beat", "with fewer eighths off the beat"),
    "strings": ("with more strings", "with fewer strings"),
    "tracks": ("for more instruments", "for fewer instruments"),
    "polyphony": ("in fuller chords", "in thinner chords"),
    "drums": ("with drums", "without drums"),
    "velocity": ("louder", "softer"),
    "range": ("over a wider range", "over a narrower range"),
}

FEATURES: dict[str, Feature] = {
    **{name: Feature(measure, *_OF_ATTRIBUTES[name]) for name, measure in ATTRIBUTES.items()},
    "pitch": Feature(mean_pitch, "higher", "lower"),
    "length": Feature(note_length, "with longer notes", "with shorter notes"),
    "kick": Feature(_hits("kick"), "with more kick", "with less kick"),
    "snare": Feature(_hits("snare"), "with more snare", "with less snare"),
    "hats": Feature(_hits("closed hat", "open hat"), "with more hi-hat", "with less hi-hat"),
    "toms": Feature(_hits("low tom", "mid tom", "high tom"), "with more toms", "with fewer toms"),
    "cymbals": Feature(_hits("crash", "ride"), "with more cymbals", "with fewer cymbals"),
}
"""What there are words for."""
