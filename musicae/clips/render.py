"""Follows recipes: what a model makes of codes, draws, chords and forced tokens.

Every part is decoded alone, with a seed of its own, so that a clip has the same notes whatever else is made in the same
run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Integer

from musicae.clips.frame import Frame
from musicae.clips.reading import joined
from musicae.clips.recipe import Part, Recipe
from musicae.clips.recipe_fields import ForcedTokens
from musicae.clips.song import open_song
from musicae.clips.style import Style, require_pitches
from musicae.errors import MusicaeError
from musicae.model import Model, WindowTokens
from musicae.music.chords import NO_CHORD
from musicae.music.score import Marker, Score, concatenate
from musicae.networks.device import precision_name
from musicae.seeds import child_seeds

WindowColumns = Integer[np.ndarray, "segment step column"]
"""A window: the tokens of its fields, then its conditions."""


def recipe_of(
    model: Model,
    verb: str,
    parts: Sequence[Part],
    *,
    seed: int | None,
    temperature: float,
    style: Style,
    arguments: Mapping[str, Any],
    origin: str = "",
    frame: Frame | None = None,
) -> Recipe:
    """The recipe of a run of a verb, which may be split into clips.

    Args:
        seed: None if nothing is drawn.
    """
    return Recipe(
        verb=verb,
        model=model.name,
        hash=model.hash,
        device=str(model.device),
        precision=precision_name(model.precision),
        seed=seed,
        temperature=temperature,
        style=style,
        parts=tuple(parts),
        arguments=arguments,
        origin=origin,
        frame=frame,
    )


def check_recipe(model: Model, recipe: Recipe) -> None:
    """Make sure that a model can follow a recipe.

    Raises:
        MusicaeError: a code, the chords, the bars or the tokens of a part are not of this model's kind, it takes its
            programs from a part that does not come before it, or there is no pitch to be in a key; or the song that the
            parts are spliced into cannot be read.
    """
    if recipe.style.key:
        require_pitches(model.representation, model.name)
    for number, part in enumerate(recipe.parts):
        if (part.bars or 1) > model.representation.bars:
            message = f"part {number} has {part.bars} bars, windows of {model.name} have {model.representation.bars}"
            raise MusicaeError(message, "give it at most as many, or remove bars")
        if len(part.z) != model.latent_size:
            message = f"the codes have {len(part.z)} numbers, those of {model.name} {model.latent_size}"
            hint = f"decode with the model that they come from: {recipe.model}"
            raise MusicaeError(message, hint, kind="other-codes", model=recipe.model)
        if part.chords:
            model.require_chords()
            model.representation.condition_of(part.chords)
        if part.programs_of is not None and not 0 <= part.programs_of < number:
            hint = "name an earlier part, counted from 0, or remove programs_of"
            raise MusicaeError(f"programs_of is {part.programs_of} in part {number}", hint)
        if part.forced_tokens is not None:
            _check_forced(model, part.forced_tokens, number)
    if recipe.frame is not None:
        count = len(open_song(recipe.frame, model.representation).playing)
        if len(recipe.parts) > count:
            message = f"the recipe has {len(recipe.parts)} parts, and its song {count} windows that are played in"
            raise MusicaeError(message, "give at most one part for each of them")


def written(model: Model, recipe: Recipe, windows: Sequence[WindowColumns]) -> Score:
    """The music of a recipe, as the model writes it: in no style yet.

    Args:
        windows: of its parts (`windows_of`).
    """
    pairs = zip(recipe.parts, windows, strict=True)
    whole = ((part.bars, model.representation.decode(window)) for part, window in pairs)
    return concatenate(
        [score if bars is None else score.until(score.end * bars // model.representation.bars) for bars, score in whole]
    )


def markers_of(recipe: Recipe, bar_ticks: int, bars: int) -> Iterator[Marker]:
    """Where sections begin and chords change, as they sound in the key of the recipe.

    Args:
        bar_ticks: ticks of a bar.
        bars: of a window.
    """
    start, before = 0, NO_CHORD
    for part in recipe.parts:
        if part.section:
            yield Marker(start, f"[{part.section.encode('utf-8', 'backslashreplace').decode()}]")
        for bar, chord in enumerate(part.chords[: part.bars]):
            if chord != before or (part.section and not bar):
                shown = chord.transpose(recipe.style.semitones) if recipe.style.semitones else chord
                yield Marker(start + bar * bar_ticks, str(shown))
            before = chord
        start += bar_ticks * (part.bars or bars)


def windows_of(model: Model, recipe: Recipe) -> list[WindowColumns]:
    """The windows of a recipe that has been checked, part by part."""
    windows: list[WindowColumns] = []
    made: dict[tuple[object, ...], WindowColumns] = {}
    for part in recipe.parts:
        programs = None if part.programs_of is None else model.representation.programs(windows[part.programs_of])
        forced = joined(part.forced_tokens, programs)
        key = (part.draw, part.chords, part.z.numpy().tobytes(), None if forced is None else forced.tobytes())
        if key not in made:  # songs repeat themselves
            made[key] = _columns(model, recipe, part, forced)
        windows.append(made[key])
    return windows


def with_own_code(model: Model, part: Part) -> Part:
    """A part that plays its tokens whatever is decoded, with their code."""
    assert part.forced_tokens is not None
    window = np.concatenate([part.forced_tokens, model.representation.condition_of(part.chords)], axis=-1)
    return replace(part, z=model.encode(window[None])[0])


def likeliest(model: Model, parts: Sequence[Part]) -> list[Score]:
    """The music of parts, each decoded by argmax with programs of its own, all at once."""
    return model.scores(likeliest_windows(model, parts))


def likeliest_windows(model: Model, parts: Sequence[Part]) -> WindowTokens:
    """The windows behind `likeliest`."""
    condition = np.stack([model.representation.condition_of(part.chords) for part in parts])
    forced = None
    if any(part.forced_tokens is not None for part in parts):
        free = np.full((*condition.shape[1:3], len(model.representation.shape.fields)), -1)
        forced = np.stack([free if part.forced_tokens is None else part.forced_tokens for part in parts])
    codes = torch.stack([part.z for part in parts])
    return model.decode(codes, condition, forced=forced, temperature=0.0)


def _check_forced(model: Model, tokens: ForcedTokens, number: int) -> None:
    shape = model.representation.shape
    vocabularies = [field.vocabulary for field in shape.fields]
    window = (shape.segments, shape.steps, len(vocabularies))
    hint = "leave forced_tokens as they were, or remove them"
    if tokens.shape != window:
        sizes = f"forced_tokens of part {number} have shape {tokens.shape}, windows of {model.name} {window}"
        raise MusicaeError(sizes, hint)
    wrong = tokens[(tokens < -1) | (tokens >= vocabularies)]
    if len(wrong):
        limits = f"they are below {vocabularies}, or -1 where the decoder is free"
        raise MusicaeError(f"{wrong[0]} in forced_tokens is not a token of {model.name}: {limits}", hint)


def _columns(model: Model, recipe: Recipe, part: Part, forced: ForcedTokens | None) -> WindowColumns:
    """The window of a part: its fields, then its conditions."""
    condition = model.representation.condition_of(part.chords)
    if forced is not None and (forced >= 0).all():
        return np.concatenate([forced, condition], axis=-1)
    _, seed = child_seeds(recipe.seed or 0, part.draw, n=2)
    columns: WindowColumns = model.decode(
        part.z[None],
        condition[None],
        forced=None if forced is None else forced[None],
        temperature=recipe.temperature,
        seed=seed,
    )[0]
    return columns
