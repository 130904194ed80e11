"""What verbs are given, as windows of the kind that a model reads or codes of it, and what they are decoded from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from musicae.clips.clip import Clip, Clips
from musicae.clips.code_source import CodeSource, is_code, is_whole, read_code, unless_whole
from musicae.clips.edits import with_edited_code
from musicae.clips.frame import Frame
from musicae.clips.reading import Source, joined, read, rests
from musicae.clips.recipe import Part, Recipe
from musicae.clips.recipe_fields import ForcedTokens
from musicae.clips.render import check_recipe, likeliest_windows
from musicae.clips.song import WholeSong
from musicae.clips.style import style_of_codes
from musicae.errors import MusicaeError, error_context
from musicae.model import Model, load
from musicae.music.representations.base import Representation
from musicae.music.score import Score
from musicae.music.transposition import OCTAVE, moved_into

AnySource = Source | CodeSource

Music = AnySource | Recipe | Clip | Clips | Score | bytes | str | Path
"""What a verb reads: a window or a code; a score, a clip, or a MIDI file's bytes or its path, of which it reads the
best window; or a recipe, or its JSON's bytes or path, of which it reads the first code."""

Material = Music | WholeSong
"""What verbs work on that work on whole songs, too."""


def source_for(model: Model, music: Material) -> AnySource:
    """The window of some music, or the code, that a verb works on.

    Raises:
        MusicaeError: as `read` and `read_code`; or it is a window of another representation, a whole song, several
            clips, or no music.
    """
    if isinstance(music, WholeSong):
        raise MusicaeError(f"{music.label} is a whole song, and one window is needed", "read a window of the piece")
    if isinstance(music, Clips):
        if len(music) != 1:
            raise MusicaeError(f"these are {len(music)} clips, and one is needed", "choose one of them")
        music = music[0]
    if isinstance(music, Clip):
        return read(music.score, model)
    if isinstance(music, Recipe):
        return _first_code(music)
    if isinstance(music, CodeSource):
        return music
    if is_code(music):
        return read_code(music)
    if isinstance(music, Score | bytes | str | Path):
        return read(music, model)
    if not isinstance(music, Source):
        hint = "give a MIDI file or the JSON of a code, a score, a clip, or what was read of one"
        raise MusicaeError(f"{music!r:.60} is not music", hint)
    _require(music.representation, music.label, model)
    return music


def sources_for(model: Model, music: Material) -> tuple[AnySource, ...]:
    """The windows of some music that a verb works on: of a song all of them, of anything else one.

    Raises:
        MusicaeError: as `source_for`.
    """
    if not isinstance(music, WholeSong):
        return (source_for(model, music),)
    _require(music.representation, music.label, model)
    return music.windows


def window_count(music: Material | None) -> int:
    """How many windows a verb works on."""
    return len(music.windows) if isinstance(music, WholeSong) else 1


def frame_of(music: Material) -> Frame | None:
    """What clips that are made of some music are spliced into."""
    return music.frame if isinstance(music, Source | WholeSong) else None


def piece_of(music: Material | None) -> Score | None:
    """All of the piece that a window is of; None for anything else."""
    return music.piece if isinstance(music, Source) else None


def label_of(music: Material, sources: Sequence[AnySource]) -> str:
    """What was read, in words.

    Args:
        sources: the windows of the music.
    """
    return music.label if isinstance(music, WholeSong) else sources[0].label


def kinds(sources: Sequence[AnySource]) -> list[int]:
    """For every window a number that all windows with the same tokens have, from 0 in the order that they come."""
    numbers: dict[object, int] = {}
    keys = ((source.tokens.tobytes(), source.ends) if isinstance(source, Source) else source for source in sources)
    return [numbers.setdefault(key, len(numbers)) for key in keys]


def _require(representation: Representation, label: str, model: Model) -> None:
    if representation != model.representation:
        message = f"{label} is {representation}, and {model.name} reads {model.representation}"
        raise MusicaeError(message, "read the piece again for this model")


def model_for(model: Model | str | Path) -> Model:
    """The model, or the one of that name or folder.

    Raises:
        MusicaeError: there is none.
    """
    return model if isinstance(model, Model) else load(model)


def require_own_code(model: Model, name: str, hash: str) -> None:
    """Make sure that codes are of a model; to another one they mean other music, if any.

    Args:
        name, hash: of the model that made them; the hash is empty if that is not known.

    Raises:
        MusicaeError: they are of another one.
    """
    if hash not in ("", model.hash):
        message = f"made by model {name} {hash}, and {model.name} here is {model.hash}"
        hint = "choose the model that made it; to another one its codes mean other music"
        raise MusicaeError(message, hint, kind="wrong-model", model=name)


def part_of(model: Model, source: AnySource) -> Part:
    """What a source is decoded from again: its code, edited if it has names that were, its chords, and known rests.

    Raises:
        MusicaeError: a code is not of this model, or the model has not what was edited.
    """
    if isinstance(source, Source):
        (z,) = model.encode(source.tokens[None])
        return Part(z, chords=source.chords, forced_tokens=source.forced)
    forced = joined(rests(model.representation, end_of(model, source)), unless_whole(source.forced_tokens))
    part = Part(torch.from_numpy(source.z), chords=source.chords, forced_tokens=forced)
    with error_context(source.label):
        require_own_code(model, source.model, source.hash)
        check_recipe(model, Recipe("", source.model, source.hash, "", "", None, 0.0, source.style, (part,)))
    return part if source.names is None else with_edited_code(model, part, source.names).part


def encode_source(model: Model, source: AnySource) -> Float[Tensor, "1 size"]:
    """The code of a source, as the only row."""
    return part_of(model, source).z[None]


def at_sounding_pitch(model: Model, sources: Sequence[AnySource]) -> list[AnySource]:
    """Sources as they sound: of codes that are transposed the windows, to be played where they lie.

    Where something would leave the pitches that the model reads, all are read octaves from there, and played as many
    back.
    """
    if not any(source.style.semitones or source.style.key for source in sources):
        return list(sources)
    written = [model.representation.decode(tokens_of(model, source)) for source in sources]

    def lost(octaves: int) -> int:
        moved = (_sounding(*pair, octaves) for pair in zip(sources, written, strict=True))
        return sum(_unreadable(model.representation, score) for score in moved)

    octaves = min((0, OCTAVE, -OCTAVE, 2 * OCTAVE, -2 * OCTAVE), key=lost)
    return [_window(model, *pair, octaves) for pair in zip(sources, written, strict=True)]


def tokens_of(model: Model, source: AnySource) -> ForcedTokens:
    """The tokens of all fields of a source: those of its own notes, or what its code is decoded to by argmax."""
    forced = forced_tokens_of(model, source)
    if is_whole(forced):
        return forced.astype(np.int64)
    (window,) = likeliest_windows(model, [part_of(model, source)])
    return window[..., : len(model.representation.shape.fields)].astype(np.int64)


def _sounding(source: AnySource, written: Score, octaves: int) -> Score:
    """What is written so many semitones from where it sounds."""
    return moved_into(written, source.style.semitones + octaves, source.style.key).score


def _unreadable(representation: Representation, score: Score) -> int:
    """How many notes are lost when a score is read."""
    try:
        read = representation.decode(representation.encode(score))
    except MusicaeError:  # nothing is left
        read = replace(score, tracks=())
    return sum(len(track.notes) for track in score.tracks) - sum(len(track.notes) for track in read.tracks)


def _window(model: Model, source: AnySource, written: Score, octaves: int) -> AnySource:
    """The window that sounds, so many semitones from there, to be played as many back."""
    representation, style = model.representation, replace(source.style, semitones=-octaves, key=None)
    score = _sounding(source, written, octaves)
    if style == source.style or score.silent:
        return replace(source, style=style)
    try:
        fields = representation.encode(score)[..., : len(representation.shape.fields)]
    except MusicaeError as error:
        message = f"{source.label} lies too far from the other one: {model.name} reads no pitches so far apart"
        raise MusicaeError(message, "transpose one of them") from error
    condition = representation.condition_of([chord.transpose(source.style.semitones) for chord in source.chords])
    tokens = np.concatenate([fields, condition], axis=-1)
    return Source(tokens, representation, style, source.label, source.name, ends=end_of(model, source))


def forced_tokens_of(model: Model, source: AnySource) -> ForcedTokens | None:
    """The notes that a source has itself, as far as it has any, as tokens that stand whatever is decoded."""
    if isinstance(source, Source):
        return source.fields
    forced = source.forced_tokens if source.names is None else unless_whole(source.forced_tokens)
    return joined(rests(model.representation, end_of(model, source)), forced)


def end_of(model: Model, source: AnySource) -> float | None:
    """Quarters from a source's start on which nothing is left to sound; None if there may be something to its end."""
    if isinstance(source, Source):
        return source.ends
    representation, steps = model.representation, model.representation.grid.steps_per_quarter
    if source.bars is not None and source.bars < representation.bars:
        return float(source.bars * representation.grid.quarters)
    if source.forced_tokens is None:
        return None
    ends = (step / steps for step in range(representation.bars * representation.grid.steps))
    return next((end for end in ends if np.array_equal(representation.silence_from(end), source.forced_tokens)), None)


def _first_code(recipe: Recipe) -> CodeSource:
    part = recipe.parts[0]
    return CodeSource(
        part.z.numpy(),
        recipe.model,
        recipe.hash,
        style_of_codes(recipe.style, recipe.frame),
        str(recipe.arguments.get("source", "the code")),
        recipe.origin,
        part.chords,
        part.forced_tokens,
        part.bars,
        part.names,
    )
