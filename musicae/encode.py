"""Music to codes on paper, and back: codes that can be kept, edited and decoded."""

from __future__ import annotations

from dataclasses import replace

from musicae.clip import Clip, Recipe, Source, make
from musicae.clip import encode as posterior_mean
from musicae.model import Model


def encode(model: Model, source: Source) -> Recipe:
    """The recipe of the source's reconstruction, which holds its code."""
    z = posterior_mean(model, source)
    return Recipe.of(model, "encode", z, seed=0, temperature=0.0, style=source.style, source=source.label)


def decode(
    model: Model, recipe: Recipe, *, temperature: float = 0.0, seed: int = 0, tempo_qpm: float | None = None
) -> list[Clip]:
    """A clip for every code of a recipe, whatever model and verb it comes from, at its own tempo unless one is given.

    Raises:
        MusicaeError: the codes do not fit the model.
    """
    style = replace(recipe.style, tempo_qpm=tempo_qpm or recipe.style.tempo_qpm)
    asked = {"made_by": recipe.verb, **recipe.arguments}
    run = Recipe.of(model, "decode", recipe.z, seed=seed, temperature=temperature, style=style, **asked)
    return [make(model, part) for part in run.parts()]
