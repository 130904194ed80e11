"""What verbs draw by chance. Every draw has a seed of its own, so that the first ones are the same for every `n`."""

from __future__ import annotations

import numpy as np
import torch

from musicae.model import Codes, Model
from musicae.music.chords import Chord, of_class
from musicae.seeds import child_seeds


def draw(model: Model, n: int, seed: int) -> Codes:
    """`n` codes from the prior; the first ones are the same for every `n`."""
    return torch.cat([model.sample_codes(1, child_seeds(seed, number)[0]) for number in range(n)])


def draw_chords(model: Model, n: int, seed: int) -> list[tuple[Chord, ...]]:
    """`n` times a random major or minor chord, the same for all bars; no chords where the model has none."""
    if not model.representation.has_chords:
        return [()] * n
    drawn = [of_class(int(np.random.default_rng((seed, number)).integers(1, 25))) for number in range(n)]
    return [(chord,) * model.representation.bars for chord in drawn]
