"""More or less of an attribute: codes moved along attribute vectors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from musicae import geometry
from musicae.clips.draws import draw, draw_chords
from musicae.clips.recipe import Recipe, Style
from musicae.clips.render import Clip, encode, make
from musicae.clips.source import Source
from musicae.errors import MusicaeError
from musicae.model import Model
from musicae.music.attributes import ATTRIBUTES
from musicae.storage import catalog
from musicae.training.attribute_vectors import vectors_of


def attribute(
    model: Model,
    amounts: Mapping[str, float],
    source: Source | None = None,
    *,
    temperature: float = 0.0,
    seed: int = 0,
    tempo_qpm: float = 120.0,
) -> tuple[Clip, Clip]:
    """The clip before, and the clip with its attributes changed.

    Args:
        amounts: per attribute how much of its vector is added; 1 goes as far as it takes to change
            most music (`fit.Fit`).
        source: what to change; without it, a draw from the prior at `tempo_qpm`.

    Raises:
        MusicaeError: the model has no such vector.
    """
    vectors = vectors_of(model)
    for name in amounts:
        if name in ATTRIBUTES and name not in vectors:
            raise _never_varies(model, name)
    z = encode(model, source) if source else draw(model, 1, seed)
    asked = {"source": source.label if source else "a draw from the prior"}
    run = Recipe.of(
        model,
        "attribute",
        z,
        {**asked, "amounts": {}},
        seed=seed,
        temperature=temperature,
        style=source.style if source else Style(tempo_qpm),
        chords=[source.chords] if source else draw_chords(model, 1, seed),
        origin=source.name if source else "",
        drawn=source is None,
    )
    before = replace(run, label="before")
    moved = geometry.move(z, vectors, amounts)
    after = replace(run, label="after", z=moved, arguments={**asked, "amounts": dict(amounts)})
    return make(model, before), make(model, after)


def _never_varies(model: Model, name: str) -> MusicaeError:
    others = [found.name for found in catalog.described()[0] if name in found.attributes]
    hint = f"another model moves it: {others[0]}" if others else "no installed model moves it"
    message = f"{name} is always the same in the music of model {model.name}"
    return MusicaeError(message, hint, kind="constant-attribute", models=others)
