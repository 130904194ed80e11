"""What verbs draw by chance. Every draw has a seed of its own, so that the first ones are the same for every `n`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from musicae.clips.recipe import Part
from musicae.clips.render import likeliest
from musicae.errors import MusicaeError
from musicae.model import Codes, Model
from musicae.music.attributes import ATTRIBUTES
from musicae.music.chords import Chord, of_class
from musicae.seeds import child_seeds
from musicae.training.attribute_vectors import require_vectors

LEVELS = {"low": -1, "high": 1}
"""How much of an attribute, beside what a model draws otherwise."""

CANDIDATES = 8
"""Draws of which the one with most, or least, of what is wanted is taken."""


def draw(model: Model, n: int, seed: int) -> Codes:
    """`n` codes that the sampler draws; the first ones are the same for every `n`."""
    return torch.cat([model.sample_codes(1, child_seeds(seed, number)[0]) for number in range(n)])


def draw_with(model: Model, n: int, seed: int, wanted: Mapping[str, str], chords: Sequence[tuple[Chord, ...]]) -> Codes:
    """`n` codes, each the one of `CANDIDATES` draws that, decoded by argmax, has most or least of some attributes.

    Of several attributes the places in their orders are added. The first codes are the same for every `n`.

    Args:
        chords: of every clip.

    Raises:
        MusicaeError: there is no such attribute or level, or the attribute is always the same in the model's music.
    """
    if not isinstance(wanted, Mapping):
        raise MusicaeError(f"{wanted!r:.60} is not a level of an attribute", "ask for one: {'density': 'high'}")
    require_vectors(model, wanted)
    for name, level in wanted.items():
        if level not in LEVELS:
            raise MusicaeError(f"{name}={level} is neither high nor low", f"ask for {name}=high or {name}=low")
    signs = {name: LEVELS[level] for name, level in wanted.items()}
    chosen = []
    for number, of_clip in enumerate(chords[:n]):
        codes = torch.cat([draw(model, 1, child) for child in child_seeds(seed, number, n=CANDIDATES)])
        scores = likeliest(model, [Part(z, chords=of_clip) for z in codes])
        values = np.array([[sign * ATTRIBUTES[name](score) for name, sign in signs.items()] for score in scores])
        places = (values[:, None] > values[None]).sum(1)  # how many candidates have less
        chosen.append(codes[int(places.sum(1).argmax())])
    return torch.stack(chosen)


def draw_chords(model: Model, n: int, seed: int) -> list[tuple[Chord, ...]]:
    """`n` times a random major or minor chord, the same for all bars; no chords where the model has none."""
    if not model.representation.has_chords:
        return [()] * n
    drawn = [of_class(int(np.random.default_rng((seed, number)).integers(1, 25))) for number in range(n)]
    return [(chord,) * model.representation.bars for chord in drawn]
