"""New music from nothing: codes drawn from the prior."""

from __future__ import annotations

from collections.abc import Iterator

from musicae.clips.draws import draw, draw_chords
from musicae.clips.recipe import Recipe, Style
from musicae.clips.render import Clip, make_each
from musicae.model import Model


def sample(
    model: Model, n: int = 4, *, temperature: float = 0.5, seed: int = 0, tempo_qpm: float = 120.0
) -> Iterator[Clip]:
    """`n` clips that the model makes up, each when it is asked for.

    Each is under a chord of its own, if the model is told chords. Temperature 0.5 is what MusicVAE's own tool samples
    with: more even than the training data, with fewer slips.
    """
    z = draw(model, n, seed)
    run = Recipe.of(
        model,
        "sample",
        z,
        {},
        seed=seed,
        temperature=temperature,
        style=Style(tempo_qpm),
        chords=draw_chords(model, n, seed),
        drawn=True,
    )
    return make_each(model, run.parts())
