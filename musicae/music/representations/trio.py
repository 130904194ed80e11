"""Trios: a melody, a bass and drums, as Magenta's MusicVAE reads them (Roberts et al. 2018, arXiv:1803.05428).

The first half of a bar, one row a sixteenth: a whole note C over a C in half notes and a rock beat.

    melody  41 0 0 0  0 0 0 0
    bass    17 0 0 0  0 0 0 0
    drums    5 0 4 0  6 0 4 0
"""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np

from musicae.music.meter import COMMON_TIME, SIXTEENTHS, meter_argument
from musicae.music.representations.base import Refusal, Representation, Stream, TokenArray
from musicae.music.representations.drums import (
    drum_field,
    drum_lines,
    drum_notes,
    random_drums,
)
from musicae.music.representations.melody import (
    BASS_PROGRAM,
    MELODY_PROGRAM,
    LinePart,
    bass_parts,
    line_field,
    line_notes,
    melody_parts,
    no_leading_note_off,
    random_line,
)
from musicae.music.representations.streams import Line, bar_shape, decoded, opening, stream
from musicae.music.representations.time_grid import TimeGrid
from musicae.music.score import Notes, Score, Track

MOST_MELODIES, MOST_BASSES = 4, 2
"""At most this many of a score's melodies and basses are combined, the best first: orchestras have dozens."""


class Trio(Representation):
    """`bars` bars of melody (90), bass (90) and drums (512): segments are bars, three fields.

    A stream for each of the (at most 4) best melodies with each of the (at most 2) best basses, and all drums as one;
    which melodies and basses are best, `Melody` says; a track that is asked for is among them. Streams need all three;
    partial ones have rests for what is missing, so that what a model wrote can always be read again.
    """

    name = "trio"

    def __init__(self, *, bars: int, meter: str = COMMON_TIME) -> None:
        self.bars, self.grid = bars, SIXTEENTHS.with_meter(meter)
        self.arguments = {"bars": bars, **meter_argument(self.grid)}
        self.shape = bar_shape(
            bars,
            line_field("melody"),
            line_field("bass"),
            drum_field(),
            constraints=(no_leading_note_off(0), no_leading_note_off(1)),
            steps=self.grid.steps,
        )

    def encode(self, score: Score) -> TokenArray:
        return opening(score, self)

    def decode(self, tokens: TokenArray) -> Score:
        melody, bass, drums = tokens.reshape(-1, len(self.shape.fields)).T
        return self._score(line_notes(melody), line_notes(bass), drum_notes(drums), bars=len(tokens))

    def streams(
        self, score: Score, asked: int | None = None, *, partial: bool = False
    ) -> tuple[list[Stream], list[Refusal]]:
        grid = TimeGrid(score, self.grid)
        parts, refusals = _parts(score, grid, asked)
        if partial and any(parts):
            rest = Line((), np.zeros(grid.time, dtype=np.int16), np.ones(len(grid.bars), dtype=bool))
            parts = [lines or [rest] for lines in parts]
        return [stream(score, grid, lines) for lines in itertools.product(*parts)], grid.refusals + refusals

    def generate(self, generator: np.random.Generator) -> Score:
        melody, bass = random_line(generator, self.window), random_line(generator, self.window)
        return self._score(melody, bass, random_drums(generator, self.window), self.bars)

    def _score(self, melody: Notes, bass: Notes, drums: Notes, bars: int) -> Score:
        return decoded(
            Track(melody, MELODY_PROGRAM, name="melody"),
            Track(bass, BASS_PROGRAM, name="bass"),
            Track(drums, is_drum=True, name="drums"),
            bars=bars,
            grid=self.grid,
        )


def _parts(score: Score, grid: TimeGrid, asked: int | None = None) -> tuple[list[list[Line]], list[Refusal]]:
    """The lines to choose from for melody, bass and drums; what is missing, and which tracks no part can read."""
    basses = bass_parts(score, grid)
    is_bass = any(asked == part.track for part in basses)
    melodies, drums = melody_parts(score, grid, None if is_bass else asked), drum_lines(score, grid)
    best = (_best(melodies, MOST_MELODIES, asked), _best(basses, MOST_BASSES, asked))
    parts = [*([part.line(grid) for part in some] for some in best), drums]
    missing = [refusal for lines, refusal in zip(parts, _MISSING, strict=True) if not lines]
    read = {part.track for part in (*melodies, *basses)} | {track for line in drums for track in line.tracks}
    unread = [replace(_NO_PART, track=track) for track in range(len(score.tracks)) if track not in read]
    return parts, missing + unread


def _best(parts: list[LinePart], most: int, asked: int | None) -> list[LinePart]:
    return [part for rank, part in enumerate(parts) if rank < most or asked == part.track]


_MISSING = (
    Refusal(-1, "no melody", "needs a melody (program 0 to 111 but 32 to 39)"),
    Refusal(-1, "no bass", "needs a bass (program 32 to 39)"),
    Refusal(-1, "no drums", "needs drums (MIDI channel 10)"),
)
_NO_PART = Refusal(-1, "no part", "has no notes that a melody, a bass or drums could take in bars that are read")
