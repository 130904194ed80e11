"""The same again: a clip from its recipe, byte for byte."""

from __future__ import annotations

from dataclasses import replace

from musicae.clips.recipe import Recipe
from musicae.clips.render import Clip, make
from musicae.errors import MusicaeError
from musicae.model import Model, load


def original(name: str, device: str, precision: str = "auto") -> Model:
    """The model that made a recipe.

    Raises:
        MusicaeError: there is none of that name here; another folder may hold it.
    """
    try:
        return load(name, device, precision)
    except MusicaeError as error:
        hint = f"name the folder of the model that made it; or {error.hint}"
        raise MusicaeError(error.message, hint, kind="no-original", model=name, otherwise=error.hint) from None


def replay(model: Model, recipe: Recipe, *, force: bool = False) -> Clip:
    """The clip that the recipe made; the same bytes on the same device. With `force`, what another model makes of it.

    Raises:
        MusicaeError: the model is not the one that made it, unless `force`.
    """
    if model.hash != recipe.hash and not force:
        raise MusicaeError(
            f"the recipe was made by model {recipe.model} {recipe.hash}; {model.name} here is {model.hash}",
            "name the model that made it, or force this one",
            kind="wrong-model",
            model=recipe.model,
        )
    if model.hash != recipe.hash:
        recipe = replace(recipe, model=model.name, hash=model.hash, device=str(model.device))
    return make(model, recipe)
