"""New music from nothing: codes drawn from the prior."""

from __future__ import annotations

from musicae.clip import Clip, Recipe, Style, draw, make
from musicae.model import Model


def sample(
    model: Model, n: int = 4, *, temperature: float = 0.5, seed: int = 0, tempo_qpm: float = 120.0
) -> list[Clip]:
    """`n` clips that the model makes up.

    Temperature 0.5 is what MusicVAE's own tool samples with: more even than the training data, with fewer slips.
    """
    z = draw(model, n, seed)
    run = Recipe.of(model, "sample", z, seed=seed, temperature=temperature, style=Style(tempo_qpm))
    return [make(model, part) for part in run.parts()]
