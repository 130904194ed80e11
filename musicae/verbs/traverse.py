"""A row of clips along a direction of the latent space, or with ever more of an attribute."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from musicae.clips.attribute_search import with_attributes
from musicae.clips.clip import Clips
from musicae.clips.directions import directions_of, require_names
from musicae.clips.limits import MOST_CLIPS, require_whole
from musicae.clips.names import DIRECTION_NAMES
from musicae.clips.recipe import Part
from musicae.clips.render import recipe_of
from musicae.clips.source import Material, frame_of, model_for, part_of, source_for
from musicae.model import Model
from musicae.seeds import fresh_seed

REACH = 2.0
"""Standard deviations over music to either side of the clip."""


def traverse(
    model: Model | str | Path,
    music: Material,
    along: str,
    n: int = 5,
    *,
    temperature: float = 0.0,
    seed: int | None = None,
) -> Clips:
    """`n` clips from low to high at even steps, `REACH` standard deviations to either side of some music.

    In the middle of an odd number stands its reconstruction; one clip is that alone.

    Args:
        along: an attribute, whose amounts are sought as those of `attribute`, or a principal direction
            (`clips.directions`).

    Raises:
        MusicaeError: the model has nothing of that name, or no clip is asked for.
    """
    require_whole("n", n, 1, MOST_CLIPS)
    model = model_for(model)
    amounts = np.linspace(-REACH, REACH, n).tolist() if n > 1 else [0.0]
    require_names(model, [along])
    source = source_for(model, music)
    part = part_of(model, source)
    run = recipe_of(
        model,
        "vary",
        [replace(_moved(model, part, along, amount), draw=number) for number, amount in enumerate(amounts)],
        seed=fresh_seed(seed) if temperature else None,
        temperature=temperature,
        style=source.style,
        arguments={"source": source.label, "along": along},
        origin=source.name,
        frame=frame_of(source),
    )
    clips = zip(run.split(), amounts, strict=True)
    return Clips.of(model, *(replace(recipe, label=f"{along}{amount:+.2g}") for recipe, amount in clips))


def _moved(model: Model, part: Part, along: str, amount: float) -> Part:
    if along in DIRECTION_NAMES:
        return replace(part, z=directions_of(model).move(part.z, {along: amount}))
    return with_attributes(model, part, {along: amount}) if amount else part
