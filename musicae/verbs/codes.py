"""Music to codes on paper, and back: codes that can be kept, edited and decoded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from musicae.clips.clip import Clips
from musicae.clips.code_source import unless_whole
from musicae.clips.coordinates import with_coordinates
from musicae.clips.edits import with_edits
from musicae.clips.recipe import Part, Recipe
from musicae.clips.recipe_json import read_recipe
from musicae.clips.render import recipe_of
from musicae.clips.source import Music, model_for, part_of, require_own_code, source_for
from musicae.clips.style import Style, style_of_codes
from musicae.errors import MusicaeError
from musicae.model import Codes, Model
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


CodeRows = Float[Tensor, "part size"] | Float[np.ndarray, "part size"] | Sequence[Sequence[float]]
"""Plain codes, as rows."""


def decode(
    model: Model | str | Path,
    codes: Recipe | bytes | str | Path | CodeRows,
    *,
    temperature: float = 0.0,
    seed: int | None = None,
    tempo_qpm: float | None = None,
) -> Clips:
    """A clip for every code, whatever verb it comes from; edited codes are as they were edited.

    What counts as edited, and what is done then, is the rule of `clips.edits`. A recipe that was transposed is played
    as high; edited music is moved into its key anew.

    Args:
        codes: a recipe, its JSON's bytes or path, or plain codes, which have no key, tempo and instruments.
        tempo_qpm: without it, the recipe's own.

    Raises:
        MusicaeError: there is no such file, or the codes are not of the model.
    """
    model = model_for(model)
    recipe = _recipe(model, codes)
    require_own_code(model, recipe.model, recipe.hash)
    recipe, edited = with_edits(model, recipe)
    anew = bool(edited) and recipe.style.key is not None
    style = style_of_codes(recipe.style, recipe.frame)
    style = replace(style, semitones=0, key=None) if anew else style
    tempo_qpm = style.tempo_qpm if tempo_qpm is None else tempo_qpm
    run = recipe_of(
        model,
        "decode",
        [
            Part(part.z, number, part.chords, forced_tokens=unless_whole(part.forced_tokens), bars=part.bars)
            for number, part in enumerate(recipe.parts)
        ],
        seed=fresh_seed(seed) if temperature else None,
        temperature=temperature,
        style=replace(style, tempo_qpm=tempo_qpm),
        arguments={"made_by": recipe.verb, **recipe.arguments},
        origin=recipe.origin,
    )
    clips = Clips.of(model, *run.split())
    return clips.in_key(recipe.style.key) if anew and recipe.style.key else clips


def _recipe(model: Model, codes: Recipe | bytes | str | Path | CodeRows) -> Recipe:
    if isinstance(codes, Recipe):
        return codes
    if isinstance(codes, bytes | str | Path):
        return read_recipe(codes)
    parts = [Part(z) for z in _rows(codes)]
    return recipe_of(model, "python", parts, seed=None, temperature=0.0, style=Style(), arguments={})


def _rows(codes: CodeRows) -> Codes:
    """Plain codes as rows of a tensor.

    Raises:
        MusicaeError: they are not numbers, or not rows of them.
    """
    hint = "give a tensor, an array or a list with a row for every code"
    try:
        rows = torch.as_tensor(codes).detach().float().cpu()
    except (TypeError, ValueError, RuntimeError):
        raise MusicaeError(f"{codes!r:.60} is not a code", hint) from None
    if rows.ndim != 2:
        raise MusicaeError(f"the codes have shape {list(rows.shape)}, not [clips, numbers]", hint)
    return rows
