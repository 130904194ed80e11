"""Drums: on every sixteenth, which of nine kinds of drum are hit.

Vocabulary (512), as Magenta's MusicVAE: the sum of 2^class over the classes hit; 0 is a rest. Classes are those of
Roberts et al. 2018 (arXiv:1803.05428) and Magenta's `REDUCED_DRUM_PITCH_CLASSES`. Lengths and velocities are not kept.

A bar of rock, kick (1) and snare (2) in quarters with a closed hat (4) on every eighth, one token a sixteenth:

    5 0 4 0  6 0 4 0  5 0 4 0  6 0 4 0
"""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
from jaxtyping import Integer

from musicae.music.meter import COMMON_TIME, SIXTEENTHS, meter_argument
from musicae.music.representations.base import SHIFTS, Field, Refusal, Representation, Stream, TokenArray
from musicae.music.representations.streams import Line, bar_shape, decoded, opening, stream
from musicae.music.representations.time_grid import TICKS_PER_STEP, VELOCITY, TimeGrid
from musicae.music.score import Notes, Score, Track


class Drums(Representation):
    """`bars` bars of drums: segments are bars, one field of 512 tokens with ten features (nine hits and a no-hit).

    All drum tracks of a score are read as one.
    """

    name = "drums"

    def __init__(self, *, bars: int, meter: str = COMMON_TIME) -> None:
        self.bars, self.grid = bars, SIXTEENTHS.with_meter(meter)
        self.arguments = {"bars": bars, **meter_argument(self.grid)}
        self.shape = bar_shape(bars, drum_field(), steps=self.grid.steps)

    def encode(self, score: Score) -> TokenArray:
        return opening(score, self)

    def decode(self, tokens: TokenArray) -> Score:
        notes = drum_notes(tokens.reshape(-1))
        return decoded(Track(notes, is_drum=True, name="drums"), bars=len(tokens), grid=self.grid)

    def streams(
        self, score: Score, asked: int | None = None, *, partial: bool = False
    ) -> tuple[list[Stream], list[Refusal]]:
        grid = TimeGrid(score, self.grid)
        lines, tracks = drum_lines(score, grid), list(enumerate(score.tracks))
        refusals = [replace(_NOT_DRUMS, track=index) for index, track in tracks if not track.is_drum]
        if not lines:
            refusals += [replace(_NO_HITS, track=index) for index, track in tracks if track.is_drum]
        return [stream(score, grid, [line]) for line in lines], grid.refusals + refusals

    def mixture(self, a: TokenArray, b: TokenArray, share: float) -> TokenArray:
        """Of the hits in which the windows differ, a share is as in `b`: one kind of drum after another, what keeps
        time first and the kick last, in all bars alike, so that a groove stays one."""
        kinds = 1 << np.arange(len(DRUM_CLASSES))[::-1, None, None]
        ours, theirs = ((window[..., 0].T & kinds).reshape(-1) for window in (a, b))  # [kind step bar]
        places = np.flatnonzero(ours != theirs)
        taken = places[: round(share * len(places))]
        ours[taken] = theirs[taken]
        hits = ours.reshape(len(kinds), *a.shape[1::-1])
        return hits.sum(0).T.astype(a.dtype)[..., None]

    def generate(self, generator: np.random.Generator) -> Score:
        notes = random_drums(generator, self.window)
        return decoded(Track(notes, is_drum=True, name="drums"), bars=self.bars, grid=self.grid)


def drum_field() -> Field:
    """The field of drums: a feature a class, one for no hit at all, and transpositions that change nothing."""
    tokens = np.arange(DRUM_VOCABULARY)
    hits = tokens[:, None] >> np.arange(len(DRUM_CLASSES)) & 1
    return Field(
        name="drums",
        vocabulary=DRUM_VOCABULARY,
        features=np.column_stack([hits, tokens == 0]).astype(np.float32),
        transposition=np.tile(tokens, (len(SHIFTS), 1)),
        onsets=range(1, DRUM_VOCABULARY),
    )


def drum_lines(score: Score, grid: TimeGrid) -> list[Line]:
    """All drum tracks of a score as one line; none if no note of theirs is of the nine classes."""
    tracks = tuple(index for index, track in enumerate(score.tracks) if track.is_drum)
    tokens = np.zeros(grid.time, dtype=np.int16)
    for spans in grid.quantize(*(score.tracks[track] for track in tracks)):
        np.bitwise_or.at(tokens, spans.start, _TOKEN_OF_PITCH[spans.pitch])
    return [Line(tracks, tokens, tokens.reshape(-1, grid.steps_per_bar).max(axis=1) == 0)] if tokens.any() else []


def drum_like(score: Score) -> list[int]:
    """The tracks that look like drums and are not said to be: by their names, or by pitches that make a drum kit.

    A kit has a kick, a snare and a hi-hat; more than two thirds of its notes are these or cymbals, a quarter hi-hats.
    Only programs that nobody chose, or percussion, may be one: a bass line in B minor has these pitches, too.
    """
    return [index for index, track in enumerate(score.tracks) if _looks_like_drums(track)]


def _looks_like_drums(track: Track) -> bool:
    if track.is_drum or not len(track.notes):
        return False
    if _DRUM_NAMES.search(track.name):
        return True
    if track.program not in _KIT_PROGRAMS:
        return False
    kit = set(_CLASS_OF_PITCH[track.notes.pitch].tolist())
    common = np.isin(track.notes.pitch, _KIT)
    hats = np.isin(track.notes.pitch, _HATS)
    return {0, 1, 2} <= kit and bool(common.mean() > 2 / 3 and hats.mean() >= 1 / 4)


def drum_notes(tokens: Integer[np.ndarray, " time"]) -> Notes:
    """One note a hit, one step long, at the first pitch of its class."""
    step, kind = np.nonzero(tokens[:, None] >> np.arange(len(DRUM_CLASSES)) & 1)
    start, pitch = step * TICKS_PER_STEP, _PITCH_OF_CLASS[kind]
    order = np.lexsort((pitch, start))
    return Notes(start, start + TICKS_PER_STEP, pitch, np.full_like(pitch, VELOCITY))[order]


def random_drums(generator: np.random.Generator, steps: int) -> Notes:
    """At least one hit; hits of random classes, sparse or dense."""
    share = generator.uniform(0.05, 0.5)
    hit = generator.random((steps, len(DRUM_CLASSES))) < share
    hit[generator.integers(len(hit)), generator.integers(len(DRUM_CLASSES))] = True
    step, kind = np.nonzero(hit)
    start = step * TICKS_PER_STEP
    rows = zip(start.tolist(), _PITCH_OF_CLASS[kind].tolist(), strict=True)
    return Notes.of((tick, tick + TICKS_PER_STEP, pitch, VELOCITY) for tick, pitch in rows)


_DRUM_NAMES = re.compile(r"drum|percussion|\bperc\b|\bkit\b|schlagzeug|batterie|batter[ií]a", re.IGNORECASE)
_KIT_PROGRAMS = (0, *range(112, 120))
_HATS = (42, 44, 46)
_KIT = (35, 36, 38, 40, *_HATS, 49, 51, 57, 59)
_NOT_DRUMS = Refusal(-1, "not drums", "needs MIDI channel 10, that of the drums")
_NO_HITS = Refusal(-1, "no hits", "needs hits of the nine classes of drums in bars that are read")

DRUM_CLASSES = {
    "kick": (36, 35),
    "snare": (38, 27, 28, 31, 32, 33, 34, 37, 39, 40, 56, 65, 66, 75, 85),
    "closed hat": (42, 44, 54, 68, 69, 70, 71, 73, 78, 80, 22),
    "open hat": (46, 67, 72, 74, 79, 81, 26),
    "low tom": (45, 29, 41, 43, 61, 64, 84),
    "mid tom": (48, 47, 60, 63, 77, 86, 87),
    "high tom": (50, 30, 62, 76, 83),
    "crash": (49, 52, 55, 57, 58),
    "ride": (51, 53, 59, 82),
}
"""MIDI pitches of every class; the first one is what the class decodes to."""

NAMES = {pitch: name for name, pitches in DRUM_CLASSES.items() for pitch in pitches}
"""The class of every MIDI pitch that has one."""

DRUM_VOCABULARY = 2 ** len(DRUM_CLASSES)

_CLASSES_BY_PITCH = {pitch: kind for kind, pitches in enumerate(DRUM_CLASSES.values()) for pitch in pitches}
_PITCH_OF_CLASS = np.array([pitches[0] for pitches in DRUM_CLASSES.values()])
# One class more takes every other pitch.
_CLASS_OF_PITCH = np.array([_CLASSES_BY_PITCH.get(pitch, len(DRUM_CLASSES)) for pitch in range(128)])
_TOKEN_OF_PITCH = ((1 << _CLASS_OF_PITCH) % DRUM_VOCABULARY).astype(np.int16)
