"""Variations: clips in which a share of the notes is another one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Float
from torch import Tensor

from musicae import geometry
from musicae.clips.clip import Clips
from musicae.clips.draws import draw
from musicae.clips.recipe import Part
from musicae.clips.render import likeliest, recipe_of
from musicae.clips.source import Music, model_for, part_of, source_for
from musicae.model import Model
from musicae.music.note_distance import note_distance
from musicae.seeds import child_seeds, fresh_seed

TARGETS = 3
"""Draws towards which a variation is looked for at most; on some ways too many notes change at once."""

NEAR_ENOUGH = False, False, 0.05
"""From the amount; then no other way is tried."""

POINTS_A_WAY = 8
"""Points between clip and draw that are decoded at once, first on the whole way, then where the amount is passed."""

TOO_FAR = 1.5
"""Times the amount that no more than that share of the notes may change, where there is a choice."""

OneCode = Float[Tensor, " size"]
Places = Float[np.ndarray, " point"]
Cost = tuple[bool, bool, float]


def vary(
    model: Model | str | Path,
    music: Music,
    n: int = 4,
    *,
    amount: float = 0.3,
    temperature: float = 0.0,
    seed: int | None = None,
) -> Clips:
    """`n` clips that differ from the reconstruction of some music in about a share `amount` of their notes.

    Each lies on a great circle that leads to a draw from the prior, where the note distance (`music.note_distance`) of
    what is decoded by argmax comes nearest to the amount. Amount 0 is the reconstruction, amount 1 new music.
    """
    model, seed = model_for(model), fresh_seed(seed)
    source = source_for(model, music)
    part, targets = part_of(model, source), draw(model, n, seed)
    parts = [_varied(model, part, target, amount, (seed, number)) for number, target in enumerate(targets)]
    run = recipe_of(
        model,
        "vary",
        [replace(part, draw=number) for number, part in enumerate(parts)],
        seed=seed,
        temperature=temperature,
        style=source.style,
        arguments={"source": source.label, "amount": amount},
        origin=source.name,
    )
    return Clips.of(model, *run.split())


def _varied(model: Model, part: Part, target: OneCode, amount: float, seeds: tuple[int, int]) -> Part:
    """A variation of a part on the way to a code, or to others where that comes nearer to the amount."""
    if amount in (0, 1):
        return replace(part, z=geometry.slerp(part.z, target, amount))
    others = (draw(model, 1, child)[0] for child in child_seeds(*seeds, n=TARGETS - 1))
    best = _nearest(model, part, target, amount)
    for other in others:
        if best[0] <= NEAR_ENOUGH:
            break
        best = min(best, _nearest(model, part, other, amount), key=lambda one: one[0])
    return best[1]


def _nearest(model: Model, part: Part, target: OneCode, amount: float) -> tuple[Cost, Part]:
    """Of the points on the way to a code the one in which about so many notes are others, and how good it is.

    What is best is least: no change is worse than one that is much too large, and that is worse than any other.
    """
    (reference,) = likeliest(model, [part])

    def changes(places: Places) -> tuple[list[Part], Places]:
        parts = [replace(part, z=geometry.slerp(part.z, target, float(place))) for place in places]
        return parts, np.array([note_distance(reference, score) for score in likeliest(model, parts)])

    places = np.arange(1, POINTS_A_WAY + 1) / POINTS_A_WAY
    parts, changed = changes(places)
    passed = int(np.argmax(changed >= amount)) if (changed >= amount).any() else POINTS_A_WAY - 1
    low = places[passed - 1] if passed else 0.0
    between = low + (places[passed] - low) * np.arange(1, POINTS_A_WAY) / POINTS_A_WAY
    more, beside = changes(between)
    every, shares = [*parts, *more], np.concatenate([changed, beside])
    costs = [(bool(share == 0), bool(share > TOO_FAR * amount), abs(float(share) - amount)) for share in shares]
    best = min(range(len(every)), key=costs.__getitem__)
    return costs[best], every[best]
