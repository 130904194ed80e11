"""Piano rolls as images: a hundred sixteenths of which pitches sound, and which begin."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool

from musicae.corpus.discover import discover
from musicae.errors import MusicaeError
from musicae.experiments.images.image_task import Images
from musicae.music.meter import SIXTEENTHS
from musicae.music.midi import read_midi
from musicae.music.score import Score
from musicae.networks.types import ClassLabel

ROLL_PITCHES = range(24, 102)
"""That a roll has room for."""

ROLL_STEPS, COLUMNS = 100, 2 * len(ROLL_PITCHES)
"""Of a window."""

TEST_PIECES = 0.2
"""The share of pieces that no window to learn from is of."""

HELD_OUT_WINDOWS = 500

LONGEST = 20_000
"""Sixteenths of a piece, an hour or so: what is longer holds stray notes, and would fill the memory."""

Roll = Bool[np.ndarray, "step column"]


def roll_of(score: Score) -> Roll:
    """A column a pitch for what sounds in each sixteenth, then a column a pitch for what begins in it; no drums."""
    step = _step(score)
    spans = [
        (round(start / step), max(round(end / step), round(start / step) + 1), pitch - ROLL_PITCHES.start)
        for track in score.tracks
        if not track.is_drum
        for start, end, pitch, _ in track.notes.rows()
        if pitch in ROLL_PITCHES
    ]
    roll = np.zeros((max((end for _, end, _ in spans), default=0), 2, len(ROLL_PITCHES)), dtype=bool)
    for start, end, pitch in spans:
        roll[start:end, 0, pitch] = roll[start, 1, pitch] = True
    return roll.reshape(len(roll), COLUMNS)


def _step(score: Score) -> float:
    """Ticks of a sixteenth."""
    return SIXTEENTHS.ticks(score.ticks_per_quarter) / SIXTEENTHS.steps


@dataclass(frozen=True, eq=False)
class Pieces:
    """Rolls of whole pieces: those to learn from, and others."""

    train: Sequence[Roll]
    test: Sequence[Roll]

    @property
    def digest(self) -> str:
        """What tells these pieces from others."""
        return hashlib.sha256(b"".join(roll.tobytes() for roll in (*self.train, *self.test))).hexdigest()[:16]

    def draw(self, n: int, source: torch.Generator) -> tuple[Images, ClassLabel]:
        """n windows to learn from: a piece at random, then a place in it."""
        chosen = torch.randint(len(self.train), (n,), generator=source).tolist()
        shares = torch.rand(n, generator=source).tolist()
        return _windows([self.train[i] for i in chosen], shares), torch.full((n,), -1)

    def held_out(self) -> Images:
        """Windows of the other pieces, as many of each, at equal distances around its middle."""
        places = max(HELD_OUT_WINDOWS // len(self.test), 1)
        shares = [(i + 0.5) / places for i in range(places)] * len(self.test)
        return _windows([roll for roll in self.test for _ in range(places)], shares)


def read_pieces(folder: Path) -> Pieces:
    """The pieces of at least a window's length in a folder of MIDI files; what cannot be read is left out.

    They are split in the order of their digests, so that the same pieces are held out wherever they lie.

    Raises:
        MusicaeError: there are not two pieces.
    """
    rolls = [roll for file in discover([folder], None).sources for roll in _rolls_of(file.path)]
    if len(rolls) < 2:
        hint = f"name one with MIDI files that last {ROLL_STEPS} sixteenths or more"
        raise MusicaeError(f"{folder} holds {len(rolls)} pieces to learn from, and none to test with", hint)
    test = max(round(TEST_PIECES * len(rolls)), 1)
    return Pieces(rolls[test:], rolls[:test])


def _windows(rolls: Sequence[Roll], shares: Sequence[float]) -> Images:
    """A window of each roll, at a share of the way from its first to its last, as pixels from -1 to 1."""
    starts = [round(share * (len(roll) - ROLL_STEPS)) for roll, share in zip(rolls, shares, strict=True)]
    cut = np.stack([roll[start : start + ROLL_STEPS] for roll, start in zip(rolls, starts, strict=True)])
    return 2 * torch.from_numpy(cut.astype(np.float32))[:, None] - 1


def _rolls_of(path: Path) -> Iterator[Roll]:
    """The roll of a file, if it can be read and is as long as music is."""
    try:
        score = read_midi(path)
    except MusicaeError:
        return
    if score.end <= LONGEST * _step(score):
        roll = roll_of(score)
        if len(roll) >= ROLL_STEPS:
            yield roll
