"""A window as the model understands it: encoded, and decoded again."""

from __future__ import annotations

from pathlib import Path

from musicae.clips.clip import Clips
from musicae.clips.render import recipe_of
from musicae.clips.source import Music, model_for, part_of, source_for
from musicae.model import Model
from musicae.seeds import fresh_seed


def reconstruct(model: Model | str | Path, music: Music, *, temperature: float = 0.0, seed: int | None = None) -> Clips:
    """One clip, decoded from the posterior mean of some music; at temperature 0 the likeliest note of every step."""
    model = model_for(model)
    source = source_for(model, music)
    recipe = recipe_of(
        model,
        "reconstruct",
        [part_of(model, source)],
        seed=fresh_seed(seed) if temperature else None,
        temperature=temperature,
        style=source.style,
        arguments={"source": source.label},
        origin=source.name,
    )
    return Clips.of(model, recipe)
