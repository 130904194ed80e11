"""More or less of an attribute: codes moved along attribute vectors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from musicae import geometry
from musicae.clips.clip import Clips
from musicae.clips.draws import draw, draw_chords
from musicae.clips.recipe import Part, Style
from musicae.clips.render import recipe_of
from musicae.clips.source import Music, encode_source, model_for, source_for
from musicae.errors import MusicaeError
from musicae.model import Model
from musicae.music.attributes import ATTRIBUTES
from musicae.seeds import fresh_seed
from musicae.storage import catalog
from musicae.training.attribute_vectors import vectors_of


def attribute(
    model: Model | str | Path,
    amounts: Mapping[str, float],
    music: Music | None = None,
    *,
    temperature: float = 0.0,
    seed: int | None = None,
    tempo_qpm: float = 120.0,
) -> Clips:
    """The clip "before", and the clip "after" its attributes are changed.

    Args:
        amounts: per attribute how much of its vector is added; 1 goes as far as it takes to change most music
            (`training.attribute_vectors.Fit`).
        music: what to change; without it, a draw from the prior at `tempo_qpm`.

    Raises:
        MusicaeError: the model has no such vector.
    """
    model, drawn = model_for(model), fresh_seed(seed)
    vectors = vectors_of(model)
    for name in amounts:
        if name in ATTRIBUTES and name not in vectors:
            raise _constant(model, name)
    source = None if music is None else source_for(model, music)
    (z,) = encode_source(model, source) if source else draw(model, 1, drawn)
    (chords,) = [source.chords] if source else draw_chords(model, 1, drawn)
    label = source.label if source else "a draw from the prior"
    before = recipe_of(
        model,
        "attribute",
        [Part(z, chords=chords)],
        seed=drawn if source is None or temperature else None,
        temperature=temperature,
        style=source.style if source else Style(tempo_qpm),
        arguments={"source": label, "amounts": {}},
        origin=source.name if source else "",
    )
    moved = Part(geometry.move(z, vectors, amounts), chords=chords)
    after = replace(before, parts=(moved,), arguments={"source": label, "amounts": dict(amounts)}, label="after")
    return Clips.of(model, replace(before, label="before"), after)


def _constant(model: Model, name: str) -> MusicaeError:
    others = [found.name for found in catalog.described()[0] if name in found.attributes]
    hint = f"another model moves it: {others[0]}" if others else "no installed model moves it"
    message = f"{name} is always the same in the music of model {model.name}"
    return MusicaeError(message, hint, kind="constant-attribute", models=others)
