"""From one clip to another in equal steps."""

from __future__ import annotations

from dataclasses import replace

from musicae import walk
from musicae.clip import Clip, Recipe, Source, encode, make
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
) -> list[Clip]:
    """All steps in a row as one clip labelled "joined", then every step as a clip of its own.

    The way is a great circle (`walk.slerp`), or a line if `linear`. The first and the last step are the
    reconstructions of a and b, or their own notes if `exact_ends`. Tempo and programs are those of a.
    """
    codes = walk.path(encode(model, a)[0], encode(model, b)[0], steps, walk.lerp if linear else walk.slerp)
    asked = {"a": a.label, "b": b.label, "linear": linear}
    run = Recipe.of(model, "interpolate", codes, seed=seed, temperature=temperature, style=a.style, **asked)
    if exact_ends:
        run = replace(run, exact={0: a.tokens, steps - 1: b.tokens})
    return [make(model, run, "joined"), *(make(model, part) for part in run.parts())]
