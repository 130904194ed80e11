"""Variations: clips near a given one."""

from __future__ import annotations

from collections.abc import Iterator

from musicae import geometry
from musicae.clips.draws import draw
from musicae.clips.recipe import Recipe
from musicae.clips.render import Clip, encode, make_each
from musicae.clips.source import Source
from musicae.model import Model


def vary(
    model: Model, source: Source, n: int = 4, *, amount: float = 0.3, temperature: float = 0.0, seed: int = 0
) -> Iterator[Clip]:
    """`n` clips that lie `amount` of the way from the source to as many draws from the prior, on great circles.

    Amount 0 is the reconstruction, amount 1 new music. Each is made when it is asked for.
    """
    z = geometry.slerp(encode(model, source), draw(model, n, seed), amount)
    run = Recipe.of(
        model,
        "vary",
        z,
        {"source": source.label, "amount": amount},
        seed=seed,
        temperature=temperature,
        style=source.style,
        chords=[source.chords],
        origin=source.name,
        drawn=True,
    )
    return make_each(model, run.parts())
