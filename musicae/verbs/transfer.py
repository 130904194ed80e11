"""Music in another class: the label beside a code is another one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from musicae.clips.clip import Clips
from musicae.clips.recipe import Part
from musicae.clips.render import recipe_of
from musicae.clips.source import Music, encode_source, model_for, source_for
from musicae.errors import MusicaeError, unknown_name
from musicae.model import Codes, Model
from musicae.seeds import fresh_seed


def transfer(
    model: Model | str | Path, music: Music, to: str, *, temperature: float = 0.0, seed: int | None = None
) -> Clips:
    """The clip "before", as the model plays the music back, and the clip "after", in another class.

    Args:
        to: the name of the class.

    Raises:
        MusicaeError: the model knows no classes, or none of that name.
    """
    model = model_for(model)
    label = class_of(model, to)
    drawn = fresh_seed(seed)
    source = source_for(model, music)
    z = encode_source(model, source)
    said = {"source": source.label, "from": model.config.labels[int(z[0, : len(model.config.labels)].argmax())]}
    before = recipe_of(
        model,
        "transfer",
        [Part(z[0], chords=source.chords)],
        seed=drawn if temperature else None,
        temperature=temperature,
        style=source.style,
        arguments=said,
        origin=source.name,
    )
    moved = (Part(relabeled(z, label, len(model.config.labels))[0], chords=source.chords),)
    after = replace(before, parts=moved, arguments=said | {"to": to}, label="after")
    return Clips.of(model, replace(before, label="before"), after)


def class_of(model: Model, name: str) -> int:
    """The number of a class that stands beside the codes of a model.

    Raises:
        MusicaeError: the model knows no classes, or none of that name.
    """
    labels = model.config.labels
    if not labels or model.autoencoder.latent.classes != len(labels):
        message = f"model {model.name} has no class beside its codes"
        raise MusicaeError(message, "choose a model that was trained to have one", kind="no-classes")
    if name not in labels:
        raise unknown_name("class", name, labels)
    return labels.index(name)


def relabeled(z: Codes, label: int, classes: int) -> Codes:
    """Codes with another class, for certain; the rest stays."""
    moved = z.clone()
    moved[:, :classes] = 0.0
    moved[:, label] = 1.0
    return moved
