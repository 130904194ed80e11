"""Windows as the model understands them: encoded, and decoded again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from musicae.clips.clip import Clips
from musicae.clips.render import recipe_of
from musicae.clips.source import Material, frame_of, kinds, label_of, model_for, part_of, sources_for
from musicae.model import Model
from musicae.seeds import fresh_seed


def reconstruct(
    model: Model | str | Path, music: Material, *, temperature: float = 0.0, seed: int | None = None
) -> Clips:
    """One clip, decoded from the posterior mean of some music; at temperature 0 the likeliest note of every step.

    Of a whole song, every window is; windows with the same notes come back alike.
    """
    model = model_for(model)
    sources = sources_for(model, music)
    parts = [replace(part_of(model, source), draw=kind) for source, kind in zip(sources, kinds(sources), strict=True)]
    recipe = recipe_of(
        model,
        "reconstruct",
        parts,
        seed=fresh_seed(seed) if temperature else None,
        temperature=temperature,
        style=sources[0].style,
        arguments={"source": label_of(music, sources)},
        origin=sources[0].name,
        frame=frame_of(music),
    )
    return Clips.of(model, recipe)
