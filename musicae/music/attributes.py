"""What can be measured of a score and moved in the latent space: ATTRIBUTES, functions from scores to numbers.

After Roberts et al. 2018 (arXiv:1803.05428), appendix, on a grid of sixteenths counted from the start of the score,
whatever its meters, with two changes: what they count in C major is counted in the score's own scale, and syncopation
of drums is counted drum by drum, since a hit between the beats is one whatever else sounds around it. Pitches are those
of the first pitched track that has notes, so that a trio's attributes are its melody's; at each onset its highest note
counts. Others are of all tracks together, as those of Simon et al. 2018 (arXiv:1806.00195). A score of drums only has
rhythm but no pitches. Everything is 0 where nothing is there to be measured.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Integer, Shaped

from musicae.music.key import scale_share
from musicae.music.representations.time_grid import STEPS_PER_QUARTER, Spans, skyline, to_steps
from musicae.music.score import Notes, Score, Track

STRINGS = (*range(40, 47), *range(48, 52))
"""General MIDI programs from violin to harp, and string ensembles; the timpani between them are none."""


def diatonic(score: Score) -> float:
    """Share of the notes that are in the major scale, on whatever tonic, that has most of them."""
    return scale_share(_line(score).pitch)


def density(score: Score) -> float:
    """Onsets per sixteenth of the score's length."""
    steps = -(-score.end * STEPS_PER_QUARTER // score.ticks_per_quarter)
    return len(_onsets(score)) / steps if steps else 0.0


def interval(score: Score) -> float:
    """Mean absolute interval between consecutive notes, in semitones."""
    return _mean(np.abs(np.diff(_line(score).pitch)))


def syncopation16(score: Score) -> float:
    """Share of the onsets that fall between eighths without an onset on the eighth before: steps 1, 3, 5, ...

    Of drums, share of the hits, each beside those of its own drum.
    """
    return _mean(np.concatenate([(x % 2 == 1) & ~np.isin(x - 1, x) for x in _layers(score)]))


def syncopation8(score: Score) -> float:
    """Share of the onsets that fall between quarters with no onset in the two sixteenths before: steps 2, 6, 10, ..."""
    layers = _layers(score)
    return _mean(np.concatenate([(x % 4 == 2) & ~np.isin(x - 1, x) & ~np.isin(x - 2, x) for x in layers]))


def strings(score: Score) -> float:
    """Share of the tracks that play strings (`STRINGS`); 1 where nothing else plays."""
    return _mean(np.array([not track.is_drum and track.program in STRINGS for track in _playing(score)]))


def tracks(score: Score) -> float:
    """Number of tracks that play."""
    return float(len(_playing(score)))


def polyphony(score: Score) -> float:
    """Pitched notes that sound at once, on average over the time in which any does."""
    notes = [track.notes for track in _playing(score) if not track.is_drum]
    if not notes:
        return 0.0
    start, end = (np.concatenate([getattr(some, side) for some in notes]) for side in ("start", "end"))
    moments = np.unique(np.concatenate([start, end]))
    order = [np.searchsorted(np.sort(ticks), moments, side="right") for ticks in (start, end)]
    sounding = (order[0] - order[1])[:-1] > 0
    return float((end - start).sum() / np.diff(moments)[sounding].sum())


def drums(score: Score) -> float:
    """1 where drums play."""
    return float(any(track.is_drum for track in _playing(score)))


def velocity(score: Score) -> float:
    """Mean MIDI velocity of the notes."""
    return _mean(np.concatenate([np.zeros(0), *(track.notes.velocity for track in _playing(score))]))


def pitch_range(score: Score) -> float:
    """Semitones from the lowest pitched note to the highest."""
    pitches = [track.notes.pitch for track in _playing(score) if not track.is_drum]
    return float(np.ptp(np.concatenate(pitches))) if pitches else 0.0


def varying(representation: str) -> list[str]:
    """The names of the attributes that can differ between windows of a representation, which is named as well."""
    return [name for name in ATTRIBUTES if name not in CONSTANT.get(representation, ())]


def _playing(score: Score) -> list[Track]:
    return [track for track in score.tracks if len(track.notes)]


def _line(score: Score) -> Spans:
    """The highest notes of the first pitched track that has notes, in steps."""
    notes = next((track.notes for track in _playing(score) if not track.is_drum), Notes.of([]))
    start, end = (to_steps(ticks, score.ticks_per_quarter) for ticks in (notes.start, notes.end))
    return skyline(Spans(start, np.maximum(end, start + 1), notes.pitch))


def _onsets(score: Score) -> Integer[np.ndarray, " onset"]:
    """The steps at which something starts: in the line whose pitches count, or in the drums if there is none."""
    line = _line(score)
    beaten = [track.notes.start for track in score.tracks if track.is_drum]
    if len(line) or not beaten:
        return line.start
    return np.unique(to_steps(np.concatenate(beaten), score.ticks_per_quarter))


def _layers(score: Score) -> list[Integer[np.ndarray, " onset"]]:
    """The steps at which something starts, drum by drum where drums are all there is."""
    beaten = [track.notes for track in score.tracks if track.is_drum]
    line = _line(score)
    if len(line) or not beaten:
        return [line.start]
    starts, pitches = (np.concatenate([getattr(notes, name) for notes in beaten]) for name in ("start", "pitch"))
    steps = to_steps(starts, score.ticks_per_quarter)
    return [np.unique(steps[pitches == pitch]) for pitch in np.unique(pitches)] or [steps]


def _mean(values: Shaped[np.ndarray, " value"]) -> float:
    return float(values.mean()) if len(values) else 0.0


ATTRIBUTES: dict[str, Callable[[Score], float]] = {
    "diatonic": diatonic,
    "density": density,
    "interval": interval,
    "syncopation16": syncopation16,
    "syncopation8": syncopation8,
    "strings": strings,
    "tracks": tracks,
    "polyphony": polyphony,
    "drums": drums,
    "velocity": velocity,
    "range": pitch_range,
}

CONSTANT = {
    "melody": ("strings", "tracks", "polyphony", "drums", "velocity"),
    "drums": ("diatonic", "interval", "strings", "tracks", "polyphony", "drums", "velocity", "range"),
    "trio": ("strings", "velocity"),
}
"""By representation, the attributes that are the same in all of its music, silence apart."""
