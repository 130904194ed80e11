"""Music to codes on paper, and back: codes that can be kept, edited and decoded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from musicae.clips.recipe import Recipe
from musicae.clips.render import Clip, make_each
from musicae.clips.render import encode as posterior_mean
from musicae.clips.source import Source
from musicae.model import Model


def encode(model: Model, source: Source) -> Recipe:
    """The recipe of the source's reconstruction, which holds its code."""
    return Recipe.of(
        model,
        "encode",
        posterior_mean(model, source),
        {"source": source.label},
        seed=0,
        temperature=0.0,
        style=source.style,
        chords=[source.chords],
        origin=source.name,
    )


def decode(
    model: Model, recipe: Recipe, *, temperature: float = 0.0, seed: int = 0, tempo_qpm: float | None = None
) -> Iterator[Clip]:
    """A clip for every code of a recipe, whatever model and verb it comes from, at its own tempo unless one is given.

    Raises:
        MusicaeError: the codes do not fit the model.
    """
    run = Recipe.of(
        model,
        "decode",
        recipe.z,
        {"made_by": recipe.verb, **recipe.arguments},
        seed=seed,
        temperature=temperature,
        style=replace(recipe.style, tempo_qpm=tempo_qpm or recipe.style.tempo_qpm),
        chords=recipe.chords,
        origin=recipe.origin,
    )
    run.check(model)
    return make_each(model, run.parts())
