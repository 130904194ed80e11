"""Music in another class: in minor instead of major by the mode vector of a model, or in any class that it knows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import torch
import torch.nn.functional as F
from jaxtyping import Int64
from torch import Tensor

from musicae.clips.clip import Clips
from musicae.clips.code_source import unless_whole
from musicae.clips.frame import Frame
from musicae.clips.mode_search import in_mode
from musicae.clips.recipe import Part
from musicae.clips.recipe_fields import ForcedTokens
from musicae.clips.render import recipe_of, with_own_code
from musicae.clips.song import WholeSong, framed_score, open_song
from musicae.clips.source import (
    Material,
    at_sounding_pitch,
    frame_of,
    kinds,
    label_of,
    model_for,
    part_of,
    piece_of,
    source_for,
    sources_for,
    tokens_of,
)
from musicae.corpus.labels import CLASSES
from musicae.errors import MusicaeError, unknown_name
from musicae.model import Codes, Model
from musicae.music.key import Key, key_of, key_of_piece
from musicae.music.midi_transformation import in_other_key
from musicae.music.parallel_mode import in_parallel_mode
from musicae.music.score import Notes, concatenate
from musicae.seeds import fresh_seed

MODES = CLASSES["mode"]
"""What a mode vector leads between."""


def transfer(
    model: Model | str | Path,
    music: Material,
    to: str,
    *,
    temperature: float = 0.0,
    seed: int | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Clips:
    """The clip "before", and the clip "after", in another class.

    In a model that knows classes the label beside the code is another one, and "before" is the music played back.
    Other models have a mode vector, between major and minor: every window is sought along it on its own tonic, around
    the notes that may stay (`clips.mode_search`); "before" is what was read. A window in which nothing is found stays.
    The tonic is that of the key into which a code is moved, or of the piece, or else of all windows together. Of a
    whole song the other tracks, and windows in which nothing is found, go along by the rule (`music.parallel_mode`).

    Args:
        to: the name of the class.
        temperature: of a model that knows classes.
        progress: is called with how many windows were changed since the last call.

    Raises:
        MusicaeError: the model knows no classes, or none of that name; or the music has no pitch.
    """
    model = model_for(model)
    require_class(model, to)
    if knows_classes(model):
        return _relabeled(model, music, to, temperature, seed)
    return _in_other_mode(model, music, to, progress)


def require_class(model: Model, name: str) -> None:
    """Make sure that a model plays music in a class.

    Raises:
        MusicaeError: it knows no classes, or none of that name, or its codes say nothing of them.
    """
    known = model.config.labels if knows_classes(model) else () if model.mode_vector is None else MODES
    if name in model.config.labels and name not in known:
        message = f"{model.name} was trained on windows of {name} music, but its codes have no class beside them"
        raise MusicaeError(message, "choose an objective whose codes have one", kind="no-class-beside-codes")
    if not known:
        raise MusicaeError(f"model {model.name} has no classes", "choose a model of melodies", kind="no-classes")
    if name not in known:
        raise unknown_name("class", name, known)


def knows_classes(model: Model) -> bool:
    """Whether the classes of the labels that it was trained with stand beside the codes of a model."""
    labels = model.config.labels
    return bool(labels) and model.autoencoder.latent.classes == len(labels)


def relabeled(z: Codes, labels: Int64[Tensor, " window"], classes: int) -> Codes:
    """Codes with other classes, for certain; the rest stays."""
    return torch.cat([F.one_hot(labels, classes).to(z), z[:, classes:]], 1)


def _relabeled(model: Model, music: Material, to: str, temperature: float, seed: int | None) -> Clips:
    label = torch.tensor([model.config.labels.index(to)])
    source = source_for(model, music)
    part = part_of(model, source)
    part = replace(part, forced_tokens=unless_whole(part.forced_tokens))
    z = part.z[None]
    arguments = {"source": source.label, "from": model.config.labels[int(z[0, : len(model.config.labels)].argmax())]}
    before = recipe_of(
        model,
        "transfer",
        [part],
        seed=fresh_seed(seed) if temperature else None,
        temperature=temperature,
        style=source.style,
        arguments=arguments,
        origin=source.name,
        frame=frame_of(music),
    )
    moved = replace(part, z=relabeled(z, label, len(model.config.labels))[0])
    after = replace(before, parts=(moved,), arguments=arguments | {"to": to}, label="after")
    return Clips.of(model, replace(before, label="before"), after)


def _in_other_mode(model: Model, music: Material, to: str, progress: Callable[[int], None]) -> Clips:
    given = sources_for(model, music)
    sources = at_sounding_pitch(model, given)
    before: list[Part] = []
    silences: list[ForcedTokens | None] = []
    for kind, source in zip(kinds(sources), sources, strict=True):
        part = replace(part_of(model, source), draw=kind)
        before.append(replace(part, forced_tokens=tokens_of(model, source)))
        silences.append(unless_whole(part.forced_tokens))
    whole = isinstance(music, WholeSong)
    piece = framed_score(music.frame) if isinstance(music, WholeSong) else piece_of(sources[0])
    windows = concatenate([model.representation.decode(_tokens(part)) for part in before])
    key = given[0].style.key or (key_of(windows) if piece is None else key_of_piece(piece))
    if key is None:
        raise MusicaeError(f"{label_of(music, sources)} is in no key: nothing in it has a pitch", "choose a melody")
    arguments = {"source": label_of(music, sources), "from": str(key)}
    run = recipe_of(
        model,
        "transfer",
        before,
        seed=None,
        temperature=0.0,
        style=sources[0].style,
        arguments=arguments,
        origin=sources[0].name,
        frame=frame_of(music),
    )
    after, found = [], dict[int, Part]()
    for part, silence in zip(before, silences, strict=True):
        if part.draw not in found:
            found[part.draw] = _part_in_mode(model, part, silence, key, to, whole=whole)
        after.append(found[part.draw])
        progress(1)
    moved = replace(run.of(*after), arguments=arguments | {"to": to}, label="after")
    if moved.frame is not None and whole and key.minor != (to == MODES[1]):
        moved = replace(moved, frame=_frame_in_mode(model, moved.frame, after, key))
    return Clips.of(model, replace(run, label="before"), moved)


def _part_in_mode(model: Model, part: Part, silence: ForcedTokens | None, key: Key, to: str, *, whole: bool) -> Part:
    """A part in a mode; the same one where it is in that mode, or where nothing is found and it is not of a song.

    Args:
        whole: what is left of the other mode goes by the rule, as the other tracks do.
    """
    minor = to == MODES[1]
    if key.minor == minor:
        return part
    found = in_mode(model, _tokens(part), key.tonic, minor=minor, silence=silence)
    if found is None and not whole:
        return part
    tokens = _tokens(part) if found is None else found
    if whole:
        music = model.representation.decode(tokens)
        own = [track.notes for track in music.tracks if not track.is_drum and found is not None]
        music = in_parallel_mode(music, key.tonic, minor=minor, melody=Notes.join([Notes.of(()), *own]))
        tokens = model.representation.encode(music)[..., : len(model.representation.shape.fields)]
    return with_own_code(model, replace(part, forced_tokens=tokens.astype("int64")))


def _frame_in_mode(model: Model, frame: Frame, after: Sequence[Part], key: Key) -> Frame:
    """A song in the other mode on the tonic of a key, for windows to be spliced into.

    Args:
        after: the windows in that mode.
    """
    reading, other = open_song(frame, model.representation), replace(key, minor=not key.minor)
    melody = reading.placed(reading.with_windows([_tokens(part) for part in after]))
    score = in_parallel_mode(reading.file.score, key.tonic, minor=other.minor, melody=melody)
    pairs = enumerate(zip(reading.file.score.tracks, score.tracks, strict=True))
    notes = {number: new.notes for number, (old, new) in pairs if new.notes != old.notes}
    beside = {number: changed for number, changed in notes.items() if number not in reading.stream.tracks}
    read = reading.stream
    track = frame.track or (read.tracks[0] + 1 if len(read.tracks) == 1 else None)
    for some in (notes, beside):
        moved = replace(frame, midi=in_other_key(reading.file, some, key, other), track=track)
        again = open_song(moved, model.representation).stream
        if (again.tracks, again.parts) == (read.tracks, read.parts):
            return moved
    return frame


def _tokens(part: Part) -> ForcedTokens:
    """Of a part that is played as it is known."""
    assert part.forced_tokens is not None
    return part.forced_tokens
