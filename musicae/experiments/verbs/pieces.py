"""What composed pieces promise: the chords that were asked for, one key, one grid, and bars that are related."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from musicae.clips.clip import Clip, Clips
from musicae.experiments.verbs.held_out import HeldOut, PromiseRow
from musicae.music.arrangement import DIVISIONS, allowed_under, scale_of
from musicae.music.note_distance import note_f1, rhythm_of
from musicae.verbs.compose import Song, compose

PIECE_CHORDS = ("C Am F G", "Dm Bb F C", "Em C G D")
PIECES, FORM = 20, "ABC"
"""Of 240 bars of which no two are the same music."""


def pieces(on: HeldOut) -> list[PromiseRow]:
    """Of pieces by a model that is conditioned on chords: share of the bars with a note outside chord and key, of the
    onsets that are neither on a sixteenth nor on a triplet, of the pitched notes that are tones of the chord, and of
    those that had to be moved inside; and F1 of the onsets of neighboring bars of a section, whatever their pitch."""
    if not on.model.representation.has_chords:
        return []
    foreign: list[bool] = []
    tones, off_grid, alike, moved = [], [], [], []
    for seed in range(PIECES):
        song = Song(PIECE_CHORDS[seed % len(PIECE_CHORDS)], form=FORM)
        (clip,) = compose(on.model, song, seed=seed)
        scale = scale_of(song.every_chord)
        bars = Clips.of(on.model, *clip.recipe.split())
        for bar in bars:
            (chord,) = set(bar.recipe.parts[0].chords)
            classes = _classes(bar)
            foreign.append(not set(classes) <= allowed_under(chord, scale))
            tones += [one in chord.tones for one in classes]
            off_grid += _off_grid(bar)
        length = len(song.sections["A"])
        sections = (bars[first : first + length] for first in range(0, len(bars), length))
        alike += [_rhythms_alike(pair) for section in sections for pair in pairwise(section)]
        moved.append(float(clip.recipe.arguments["moved_into_key"]))
    return [
        {
            "bars": len(foreign),
            "foreign": float(np.mean(foreign)),
            "off grid": float(np.mean(off_grid)),
            "chord tones": float(np.mean(tones)),
            "moved": float(np.mean(moved)),
            "neighbors alike": float(np.mean(alike)),
        }
    ]


def _classes(bar: Clip) -> list[int]:
    """The pitch classes of all pitched notes."""
    return [pitch % 12 for track in bar.score.tracks if not track.is_drum for pitch in track.notes.pitch.tolist()]


def _off_grid(bar: Clip) -> list[bool]:
    """Of every note, whether it starts between the places where notes may."""
    quarter = bar.score.ticks_per_quarter
    starts = [start for track in bar.score.tracks for start in track.notes.start.tolist()]
    return [all(start % (quarter // part) for part in DIVISIONS) for start in starts]


def _rhythms_alike(pair: Sequence[Clip]) -> float:
    a, b = pair
    return note_f1([(rhythm_of(a.score), rhythm_of(b.score))])
