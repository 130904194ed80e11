"""Variations: clips near a given one."""

from __future__ import annotations

from musicae import walk
from musicae.clip import Clip, Recipe, Source, draw, encode, make
from musicae.model import Model


def vary(
    model: Model, source: Source, n: int = 4, *, amount: float = 0.3, temperature: float = 0.0, seed: int = 0
) -> list[Clip]:
    """`n` clips that lie `amount` of the way from the source to as many draws from the prior, on great circles.

    Amount 0 is the reconstruction, amount 1 new music.
    """
    z = walk.slerp(encode(model, source), draw(model, n, seed), amount)
    asked = {"source": source.label, "amount": amount}
    run = Recipe.of(model, "vary", z, seed=seed, temperature=temperature, style=source.style, **asked)
    return [make(model, part) for part in run.parts()]
