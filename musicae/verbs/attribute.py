"""More or less of an attribute, in music or in a draw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from musicae.clips.attribute_search import with_attributes
from musicae.clips.clip import Clips
from musicae.clips.draws import draw, draw_chords
from musicae.clips.recipe import Part
from musicae.clips.render import recipe_of
from musicae.clips.source import Music, model_for, part_of, source_for
from musicae.clips.style import Style
from musicae.model import Model
from musicae.seeds import fresh_seed
from musicae.training.attribute_vectors import require_vectors


def attribute(
    model: Model | str | Path,
    amounts: Mapping[str, float],
    music: Music | None = None,
    *,
    keep: float = 0.0,
    temperature: float = 0.0,
    seed: int | None = None,
    tempo_qpm: float = 120.0,
) -> Clips:
    """The clip "before", and the clip "after" its attributes are changed.

    Codes are sought around the sum of the attribute vectors (`clips.attribute_search`).

    Args:
        amounts: per attribute by how many of its own standard deviations over music it is to change.
        music: what to change; without it, a draw from the prior at `tempo_qpm`.
        keep: share of the notes that stay, at least, where there is a choice.

    Raises:
        MusicaeError: the model has no such vector.
    """
    model, drawn = model_for(model), fresh_seed(seed)
    require_vectors(model, amounts)
    source = None if music is None else source_for(model, music)
    part = part_of(model, source) if source else Part(draw(model, 1, drawn)[0], chords=draw_chords(model, 1, drawn)[0])
    label = source.label if source else "a draw from the prior"
    before = recipe_of(
        model,
        "attribute",
        [part],
        seed=drawn if source is None or temperature else None,
        temperature=temperature,
        style=source.style if source else Style(tempo_qpm),
        arguments={"source": label, "amounts": {}},
        origin=source.name if source else "",
    )
    moved = with_attributes(model, part, amounts, keep=keep)
    after = replace(before, parts=(moved,), arguments={"source": label, "amounts": dict(amounts)}, label="after")
    return Clips.of(model, replace(before, label="before"), after)
