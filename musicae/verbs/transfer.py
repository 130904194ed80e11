"""Music in another class: the label beside a code is another one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
import torch.nn.functional as F
from jaxtyping import Int64
from torch import Tensor

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
    label = torch.tensor([class_of(model, to)])
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
    if not knows_classes(model):
        message = f"model {model.name} has no class beside its codes"
        raise MusicaeError(message, "choose a model that was trained to have one", kind="no-classes")
    if name not in labels:
        raise unknown_name("class", name, labels)
    return labels.index(name)


def knows_classes(model: Model) -> bool:
    """Whether the classes of the labels that it was trained with stand beside the codes of a model."""
    labels = model.config.labels
    return bool(labels) and model.autoencoder.latent.classes == len(labels)


def relabeled(z: Codes, labels: Int64[Tensor, " window"], classes: int) -> Codes:
    """Codes with other classes, for certain; the rest stays."""
    return torch.cat([F.one_hot(labels, classes).to(z), z[:, classes:]], 1)
