"""What every instrument does in every bar, and how far that is from what it did in other bars."""

from __future__ import annotations

from collections import Counter

import numpy as np
from jaxtyping import Float

from musicae.music.representations.drums import DRUM_CLASSES, NAMES
from musicae.music.score import Notes, Score

Instrument = tuple[int, int]
"""A program, or `DRUM_KIT`, and a number among the tracks with it."""

Roles = dict[Instrument, Float[np.ndarray, "_ aspect"]]
"""Row by row of every bar: whether anything starts; the mean pitch in octaves; the mean log2 of the length; log2 of how
many moments have notes; log2 of the notes a moment; the mean velocity in units of `LOUDER`; the shares of the hits by
kind. Of drums neither pitch, length nor notes a moment count, of others no kinds."""

LOUDER = 32
"""Velocities, about two dynamic marks."""

_KINDS = {kind: place for place, kind in enumerate((*DRUM_CLASSES, ""))}
_OTHERS, _OCTAVE = 6, 12


def roles_of(score: Score, bar: int) -> Roles:
    """The roles of all instruments that play.

    Args:
        bar: ticks of a bar.
    """
    found: Roles = {}
    met: Counter[int] = Counter()
    for track in score.tracks:
        if len(track.notes):
            inside = track.notes.start // bar
            bars = range(max(score.end // bar, 1))
            found[track.instrument, met[track.instrument]] = np.stack(
                [_aspects(track.notes[inside == number], track.is_drum) for number in bars]
            )
        met[track.instrument] += 1
    return found


def _aspects(notes: Notes, is_drum: bool) -> Float[np.ndarray, " aspect"]:
    kinds = np.zeros(len(_KINDS))
    if not len(notes):
        return np.concatenate([np.zeros(_OTHERS), kinds])
    pitch = length = thickness = 0.0
    moments = len(np.unique(notes.start))
    if is_drum:
        np.add.at(kinds, [_KINDS[NAMES.get(one, "")] for one in notes.pitch.tolist()], 1 / len(notes))
    else:
        pitch, length = float(notes.pitch.mean()) / _OCTAVE, float(np.log2(notes.end - notes.start).mean())
        thickness = float(np.log2(len(notes) / moments))
    loudness = float(notes.velocity.mean()) / LOUDER
    return np.array([1.0, pitch, length, np.log2(moments), thickness, loudness, *kinds])


def role_distance(before: Roles, after: Roles) -> dict[Instrument, Float[np.ndarray, " _"]]:
    """How far every bar of every instrument is from that bar before which is most like it, from 0 to 1: its largest
    difference in any aspect. An instrument that is not there rests."""
    bars = max((len(one) for one in after.values()), default=1)
    found = {}
    for instrument, old in before.items():
        new = after.get(instrument, np.zeros((bars, old.shape[1])))
        apart = np.abs(new[:, None] - old[None])
        kinds = apart[..., _OTHERS:].sum(-1, keepdims=True) / 2
        found[instrument] = np.concatenate([apart[..., :_OTHERS], kinds], -1).max(-1).min(1).clip(max=1.0)
    return found
