"""From one clip to another in equal steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from musicae import geometry
from musicae.clips.clip import Clips
from musicae.clips.recipe import Part
from musicae.clips.render import recipe_of
from musicae.clips.source import Music, Source, encode_source, model_for, source_for
from musicae.model import Model
from musicae.seeds import fresh_seed


def interpolate(
    model: Model | str | Path,
    a: Music,
    b: Music,
    *,
    steps: int = 5,
    linear: bool = False,
    exact_ends: bool = False,
    temperature: float = 0.0,
    seed: int | None = None,
) -> Clips:
    """All steps in a row as one clip labelled "joined", then every step as a clip of its own.

    The path is a great circle (`geometry.slerp`), or a line if `linear`. The first and the last step are the
    reconstructions of a and b, or their own notes if `exact_ends`. Tempo and programs are those of a. Chords,
    where the model has any, are those of a in the first half of the path, then those of b.
    """
    model = model_for(model)
    start, end = source_for(model, a), source_for(model, b)
    between = geometry.lerp if linear else geometry.slerp
    codes = geometry.path(encode_source(model, start)[0], encode_source(model, end)[0], steps, between)
    chords = [start.chords] * (steps - steps // 2) + [end.chords] * (steps // 2)
    parts = [Part(z, number, chord) for number, (z, chord) in enumerate(zip(codes, chords, strict=True))]
    run = recipe_of(
        model,
        "interpolate",
        _with_ends(parts, start, end) if exact_ends else parts,
        seed=fresh_seed(seed) if temperature else None,
        temperature=temperature,
        style=start.style,
        arguments={"a": start.label, "b": end.label, "linear": linear},
        origin="-".join(source.name for source in (start, end) if source.name),
    )
    return Clips.of(model, replace(run, label="joined"), *run.split())


def _with_ends(parts: Sequence[Part], start: Source, end: Source) -> list[Part]:
    """Parts of which the first and the last have the notes of the ends."""
    first, *between, last = parts
    return [replace(first, forced_tokens=start.fields), *between, replace(last, forced_tokens=end.fields)]
