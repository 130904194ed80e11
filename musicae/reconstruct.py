"""A window as the model understands it: encoded, and decoded again."""

from __future__ import annotations

from musicae.clip import Clip, Recipe, Source, encode, make
from musicae.model import Model


def reconstruct(model: Model, source: Source, *, temperature: float = 0.0, seed: int = 0) -> Clip:
    """The clip decoded from the posterior mean of the source; at temperature 0 the likeliest note of every step."""
    z = encode(model, source)
    recipe = Recipe.of(
        model, "reconstruct", z, seed=seed, temperature=temperature, style=source.style, source=source.label
    )
    return make(model, recipe)
