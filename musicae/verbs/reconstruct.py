"""A window as the model understands it: encoded, and decoded again."""

from __future__ import annotations

from musicae.clips.recipe import Recipe
from musicae.clips.render import Clip, encode, make
from musicae.clips.source import Source
from musicae.model import Model


def reconstruct(model: Model, source: Source, *, temperature: float = 0.0, seed: int = 0) -> Clip:
    """The clip decoded from the posterior mean of the source; at temperature 0 the likeliest note of every step."""
    recipe = Recipe.of(
        model,
        "reconstruct",
        encode(model, source),
        {"source": source.label},
        seed=seed,
        temperature=temperature,
        style=source.style,
        chords=[source.chords],
        origin=source.name,
    )
    return make(model, recipe)
