"""The same again: a clip from its recipe, byte for byte."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from musicae.clips.clip import Clips
from musicae.clips.recipe import Recipe
from musicae.clips.recipe_json import read_recipe
from musicae.clips.source import model_for, require_own_code
from musicae.errors import MusicaeError
from musicae.model import Model, load
from musicae.networks.device import precision_name


def replay(
    recipe: Recipe | bytes | str | Path, model: Model | str | Path | None = None, *, force: bool = False
) -> Clips:
    """The one clip that a recipe made; the same bytes on the same device in the same precision.

    Args:
        recipe: or its JSON's bytes or path.
        model: without it, the one that the recipe names, on its device and in its precision.
        force: let another model than the one that made it make what it will.

    Raises:
        MusicaeError: there is no such file, or the model is not there or not the one that made it; or somebody edited
            the names of a code.
    """
    if not isinstance(recipe, Recipe | bytes | str | Path):
        raise MusicaeError(
            f"{recipe!r:.60} is not a recipe", "give the recipe of a clip, its JSON's bytes, or its path"
        )
    recipe = recipe if isinstance(recipe, Recipe) else read_recipe(recipe)
    model = original(recipe.model, recipe.device, recipe.precision) if model is None else model_for(model)
    if any(part.names and part.names.edits for part in recipe.parts):
        message = "names of the code were edited, and a replay is made only from z"
        raise MusicaeError(message, "decode it", kind="edited-names")
    if not force:
        require_own_code(model, recipe.model, recipe.hash)
    device, precision = str(model.device), precision_name(model.precision)
    return Clips.of(model, replace(recipe, model=model.name, hash=model.hash, device=device, precision=precision))


def original(name: str | Path, device: str, precision: str = "auto") -> Model:
    """The model that made a recipe.

    Raises:
        MusicaeError: there is none of that name here; another folder may hold it.
    """
    try:
        return load(name, device, precision)
    except MusicaeError as error:
        hint = f"name the folder of the model that made it; or {error.hint}"
        raise MusicaeError(error.message, hint, kind="no-original", model=str(name), otherwise=error.hint) from None
