"""A classifier of scores, trained on real music alone: what says whether a transfer arrived where it should."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor, nn

from musicae.music.representations.time_grid import STEPS_PER_BAR, STEPS_PER_QUARTER
from musicae.music.score import Score
from musicae.seeds import child_seeds, generator, seeded

UPDATES, BATCH, LEARNING_RATE, WEIGHT_DECAY = 1_500, 64, 3e-3, 0.01

PATTERNS, PROFILES = 32, 64
"""Channels of the convolutions: of patterns, of pitches and of rhythm, and of their profiles over pitch classes."""

SOUNDING, ONSET, DRUM = range(3)
"""Channels of a roll: pitches that sound, those that are struck, and drums that are."""

PitchClassRolls = Float[Tensor, "score 3 12 step"]
ScoreClasses = Int64[Tensor, " score"]


class ScoreClassifier(nn.Module):
    """The logits of every class, from how often patterns of pitch classes and rhythm occur, in whatever key.

    Patterns span all pitch classes and three steps. Both convolutions of pitches run around the circle of pitch
    classes, and of the second one the tonic at which it fits best counts; drums, which no transposition moves, have one
    of their own over time: the classes of a transposed score are those of the score.

    Args:
        bars: of every score; what follows is not read.
    """

    def __init__(self, classes: int, bars: int) -> None:
        super().__init__()
        self.bars = bars
        self.patterns = nn.Conv2d(2, PATTERNS, (12, 3), padding=(0, 1))
        self.profiles = nn.Conv1d(PATTERNS, PROFILES, 12)
        self.beats = nn.Conv1d(12, PATTERNS, 3, padding=1)
        self.output = nn.Linear(PROFILES + PATTERNS, classes)

    def forward(self, rolls: PitchClassRolls) -> Float[Tensor, "score class"]:
        pitched, drums = rolls.split([2, 1], 1)
        often = F.relu(self.patterns(around(pitched, 2))).mean(3)  # [score, pattern, tonic]
        profiles = F.relu(self.profiles(around(often, 2))).amax(2)
        beats = F.relu(self.beats(drums.squeeze(1))).mean(2)
        return self.output(torch.cat([profiles, beats], 1))

    @torch.no_grad()
    def classify(self, scores: Sequence[Score]) -> ScoreClasses:
        """The likeliest class of every score."""
        return torch.cat([self(part).argmax(1) for part in pitch_class_rolls(scores, self.bars).split(1024)])


def around(x: Float[Tensor, "*shape"], dim: int) -> Float[Tensor, "*longer"]:
    """All but the last place of a circle once more, behind it."""
    return torch.cat([x, x.narrow(dim, 0, x.shape[dim] - 1)], dim)


def pitch_class_rolls(scores: Sequence[Score], bars: int) -> PitchClassRolls:
    """What sounds, is struck, and is hit on drums, per pitch class and sixteenth."""
    steps = bars * STEPS_PER_BAR
    rolls = np.zeros((len(scores), 3, 12, steps), np.float32)
    for roll, score in zip(rolls, scores, strict=True):
        step = score.ticks_per_quarter / STEPS_PER_QUARTER
        for track in score.tracks:
            for start, end, pitch, _ in track.notes.rows():
                first, last = int(start / step), ceil(end / step)
                if first < steps:
                    roll[DRUM if track.is_drum else ONSET, pitch % 12, first] = 1
                if not track.is_drum:
                    roll[SOUNDING, pitch % 12, first:last] = 1
    return torch.from_numpy(rolls)


def train_classifier(scores: Sequence[Score], labels: ScoreClasses, classes: int, bars: int) -> ScoreClassifier:
    """A classifier of scores whose classes are known."""
    rolls, source = pitch_class_rolls(scores, bars), generator(0, 1)
    with seeded(child_seeds(0, 0)[0]):
        classifier = ScoreClassifier(classes, bars)
    optimizer = torch.optim.AdamW(classifier.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    for _ in range(UPDATES):
        some = torch.randint(len(rolls), (BATCH,), generator=source)
        optimizer.zero_grad()
        F.cross_entropy(classifier(rolls[some]), labels[some]).backward()
        optimizer.step()
    return classifier


def share_of(classifier: ScoreClassifier, scores: Sequence[Score], classes: ScoreClasses) -> float:
    """The share of scores that the classifier takes for these classes."""
    return float((classifier.classify(scores) == classes).double().mean())
