"""New music from nothing: codes drawn from the prior."""

from __future__ import annotations

from pathlib import Path

from musicae.clips.clip import Clips
from musicae.clips.draws import draw, draw_chords
from musicae.clips.recipe import Part, Style
from musicae.clips.render import recipe_of
from musicae.clips.source import model_for
from musicae.model import Model
from musicae.seeds import fresh_seed


def sample(
    model: Model | str | Path,
    n: int = 4,
    *,
    temperature: float = 0.5,
    seed: int | None = None,
    tempo_qpm: float = 120.0,
) -> Clips:
    """`n` clips that the model makes up; where it has chords, each under a random one of its own.

    Temperature 0.5 is what MusicVAE's own tool samples with: more even than the training data, with fewer slips.
    """
    model, seed = model_for(model), fresh_seed(seed)
    codes_and_chords = zip(draw(model, n, seed), draw_chords(model, n, seed), strict=True)
    run = recipe_of(
        model,
        "sample",
        [Part(z, number, chords) for number, (z, chords) in enumerate(codes_and_chords)],
        seed=seed,
        temperature=temperature,
        style=Style(tempo_qpm),
        arguments={},
    )
    return Clips.of(model, *run.split())
