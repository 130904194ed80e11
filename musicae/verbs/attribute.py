"""More or less of an attribute, in music or in a draw."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from musicae.clips.attribute_search import with_attributes
from musicae.clips.clip import Clips
from musicae.clips.draws import draw, draw_chords
from musicae.clips.limits import require_amounts, require_within
from musicae.clips.reading import Source
from musicae.clips.recipe import Part
from musicae.clips.render import recipe_of
from musicae.clips.source import Material, frame_of, kinds, label_of, model_for, part_of, sources_for
from musicae.clips.style import Style
from musicae.model import Model
from musicae.seeds import fresh_seed
from musicae.training.attribute_vectors import require_vectors


def attribute(
    model: Model | str | Path,
    amounts: Mapping[str, float],
    music: Material | None = None,
    *,
    keep: float = 0.0,
    temperature: float = 0.0,
    seed: int | None = None,
    tempo_qpm: float = 120.0,
    progress: Callable[[int], None] = lambda _: None,
) -> Clips:
    """The clip "before", and the clip "after" its attributes are changed.

    Codes are sought around the sum of the attribute vectors (`clips.attribute_search`).

    Amounts, and the notes that stay, are counted from what was read, which "before" is: the window, the song, or the
    music of the code. Of a song every window is changed by the same amounts, and stays as it is where nothing is found.

    Args:
        amounts: per attribute by how many of its own standard deviations over music it is to change.
        music: what to change; without it, a sample at `tempo_qpm`.
        keep: least share of the notes that stay; where that many cannot be kept, nothing changes.
        progress: is called with how many windows were changed since the last call.

    Raises:
        MusicaeError: the model has no such vector, or a number is out of its range.
    """
    require_amounts(amounts)
    require_within("keep", keep, 0, 1)
    model, actual_seed = model_for(model), fresh_seed(seed)
    require_vectors(model, amounts)
    sources = () if music is None else sources_for(model, music)
    windows = [source for source in sources if isinstance(source, Source)]
    if windows:
        before, after = _window_parts(model, windows, amounts, keep, progress)
    else:
        before = [part_of(model, source) for source in sources] or [_drawn_part(model, actual_seed)]
        after = [with_attributes(model, part, amounts, keep=keep) for part in before]
    label = label_of(music, sources) if music is not None else "a sample"
    run = recipe_of(
        model,
        "attribute",
        before,
        seed=actual_seed if music is None or temperature else None,
        temperature=temperature,
        style=sources[0].style if sources else Style(tempo_qpm),
        arguments={"source": label, "amounts": {}},
        origin=sources[0].name if sources else "",
        frame=None if music is None else frame_of(music),
    )
    moved = replace(run.of(*after), arguments={"source": label, "amounts": dict(amounts)}, label="after")
    return Clips.of(model, replace(run, label="before"), moved)


def _drawn_part(model: Model, seed: int) -> Part:
    return Part(draw(model, 1, seed)[0], chords=draw_chords(model, 1, seed)[0])


def _window_parts(
    model: Model,
    sources: Sequence[Source],
    amounts: Mapping[str, float],
    keep: float,
    progress: Callable[[int], None],
) -> tuple[list[Part], list[Part]]:
    """Windows as they are, and as they are moved; those with the same notes alike."""
    free = bool(OF_INSTRUMENTS & amounts.keys()) and model.representation.keeps_programs
    before, after = [], []
    found: dict[int, Part] = {}
    for kind, source in zip(kinds(sources), sources, strict=True):
        part = replace(part_of(model, replace(source, stays=None) if free else source), draw=kind)
        still = replace(part, forced_tokens=source.fields)
        if kind not in found:
            reference = model.representation.decode(source.tokens)
            moved = with_attributes(model, part, amounts, before=reference, notes=source.fields, keep=keep)
            found[kind] = still if moved is part else moved
        before.append(still)
        after.append(found[kind])
        progress(1)
    return before, after


OF_INSTRUMENTS = {"tracks", "strings", "drums"}
"""Attributes that no music changes that has the same instruments."""
