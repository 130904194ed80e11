"""From one clip to another in equal steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from musicae import geometry
from musicae.clips.recipe import Recipe
from musicae.clips.render import Clip, encode, make_each
from musicae.clips.source import Source
from musicae.model import Model


def interpolate(
    model: Model,
    a: Source,
    b: Source,
    *,
    steps: int = 5,
    linear: bool = False,
    exact_ends: bool = False,
    temperature: float = 0.0,
    seed: int = 0,
) -> Iterator[Clip]:
    """All steps in a row as one clip labelled "joined", then every step as a clip of its own.

    The way is a great circle (`geometry.slerp`), or a line if `linear`. The first and the last step are the
    reconstructions of a and b, or their own notes if `exact_ends`. Tempo and programs are those of a. Chords,
    where the model is told any, are those of a in the first half of the way, then those of b.
    """
    run = Recipe.of(
        model,
        "interpolate",
        geometry.path(encode(model, a)[0], encode(model, b)[0], steps, geometry.lerp if linear else geometry.slerp),
        {"a": a.label, "b": b.label, "linear": linear},
        seed=seed,
        temperature=temperature,
        style=a.style,
        chords=[a.chords] * (steps - steps // 2) + [b.chords] * (steps // 2),
        origin="-".join(name for name in (a.name, b.name) if name),
    )
    if exact_ends:
        run = replace(run, exact={0: a.tokens, steps - 1: b.tokens})
    return make_each(model, [replace(run, label="joined"), *run.parts()])
