"""What verbs are given, as windows of the kind that a model reads, and as codes."""

from __future__ import annotations

from pathlib import Path

from musicae.clips.reading import Music, Source, read, rests
from musicae.clips.recipe import Part
from musicae.errors import MusicaeError
from musicae.model import Codes, Model, load


def source_for(model: Model, music: Music) -> Source:
    """The window of some music that a verb works on.

    Raises:
        MusicaeError: as `read`; or it is a window of another representation.
    """
    if not isinstance(music, Source):
        return read(music, model.representation)
    if music.representation != model.representation:
        message = f"{music.label} is {music.representation}, and {model.name} reads {model.representation}"
        raise MusicaeError(message, "read the piece again for this model")
    return music


def model_for(model: Model | str | Path) -> Model:
    """The model, or the one of that name or folder.

    Raises:
        MusicaeError: there is none.
    """
    return model if isinstance(model, Model) else load(model)


def part_of(model: Model, source: Source) -> Part:
    """A window as what it is decoded from again: its code, its chords, and the rests that are known."""
    (z,) = encode_source(model, source)
    return Part(z, chords=source.chords, forced_tokens=rests(model.representation, source.ends))


def encode_source(model: Model, source: Source) -> Codes:
    """The posterior mean of a window, as the only row."""
    return model.encode(source.tokens[None])
