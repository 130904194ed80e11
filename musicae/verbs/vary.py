"""Variations: clips near another one."""

from __future__ import annotations

from pathlib import Path

from musicae import geometry
from musicae.clips.clip import Clips
from musicae.clips.draws import draw
from musicae.clips.recipe import Part
from musicae.clips.render import recipe_of
from musicae.clips.source import Music, encode_source, model_for, source_for
from musicae.model import Model
from musicae.seeds import fresh_seed


def vary(
    model: Model | str | Path,
    music: Music,
    n: int = 4,
    *,
    amount: float = 0.3,
    temperature: float = 0.0,
    seed: int | None = None,
) -> Clips:
    """`n` clips a share `amount` along the great circles from some music to as many draws from the prior.

    Amount 0 is the reconstruction, amount 1 new music.
    """
    model, seed = model_for(model), fresh_seed(seed)
    source = source_for(model, music)
    codes = geometry.slerp(encode_source(model, source), draw(model, n, seed), amount)
    run = recipe_of(
        model,
        "vary",
        [Part(z, number, source.chords) for number, z in enumerate(codes)],
        seed=seed,
        temperature=temperature,
        style=source.style,
        arguments={"source": source.label, "amount": amount},
        origin=source.name,
    )
    return Clips.of(model, *run.split())
