"""Music to codes on paper, and back: codes that can be kept, edited and decoded."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from jaxtyping import Float
from torch import Tensor

from musicae.clips.clip import Clips
from musicae.clips.code_source import unless_whole
from musicae.clips.coordinates import with_coordinates
from musicae.clips.edits import with_edits
from musicae.clips.recipe import Part, Recipe
from musicae.clips.recipe_json import read_recipe
from musicae.clips.render import recipe_of
from musicae.clips.source import Music, model_for, part_of, source_for
from musicae.clips.style import Style
from musicae.model import Model
from musicae.seeds import fresh_seed


def encode(model: Model | str | Path, music: Music, *, named: bool = False) -> Recipe:
    """The recipe of the music's reconstruction, which holds its code as `z` [1 size].

    Args:
        named: with names for the code (`clips.names`) that can be edited, and words for what they do; it takes as long
            as some 200 reconstructions.
    """
    model = model_for(model)
    source = source_for(model, music)
    part = part_of(model, source)
    return recipe_of(
        model,
        "encode",
        [with_coordinates(model, part) if named else part],
        seed=None,
        temperature=0.0,
        style=source.style,
        arguments={"source": source.label},
        origin=source.name,
    )


def decode(
    model: Model | str | Path,
    codes: Recipe | bytes | str | Path | Float[Tensor, "part size"],
    *,
    temperature: float = 0.0,
    seed: int | None = None,
    tempo_qpm: float | None = None,
) -> Clips:
    """A clip for every code, whatever model and verb it comes from; edited codes are as they were edited.

    What counts as edited, and what is done then, is the rule of `clips.edits`.

    Args:
        codes: a recipe, its JSON's bytes or path, or codes alone.
        tempo_qpm: without it, the recipe's own.

    Raises:
        MusicaeError: there is no such file, or the codes do not fit the model.
    """
    model = model_for(model)
    recipe, _ = with_edits(model, _recipe(model, codes))
    run = recipe_of(
        model,
        "decode",
        [
            Part(part.z, number, part.chords, forced_tokens=unless_whole(part.forced_tokens))
            for number, part in enumerate(recipe.parts)
        ],
        seed=fresh_seed(seed) if temperature else None,
        temperature=temperature,
        style=replace(recipe.style, tempo_qpm=recipe.style.tempo_qpm if tempo_qpm is None else tempo_qpm),
        arguments={"made_by": recipe.verb, **recipe.arguments},
        origin=recipe.origin,
    )
    return Clips.of(model, *run.split())


def _anew(part: Part, number: int) -> Part:
    """What a part is decoded from by itself; what it forces stands, unless that leaves nothing to its code."""
    return Part(part.z, number, part.chords, forced_tokens=unless_whole(part.forced_tokens))


def _recipe(model: Model, codes: Recipe | bytes | str | Path | Float[Tensor, "part size"]) -> Recipe:
    if isinstance(codes, Recipe):
        return codes
    if isinstance(codes, bytes | str | Path):
        return read_recipe(codes)
    parts = [Part(z) for z in codes.float().cpu()]
    return recipe_of(model, "python", parts, seed=None, temperature=0.0, style=Style(), arguments={})
