"""musicae: learn a latent space of music and move through it.

Every verb is a function here, which is imported when it is first asked for:

    clips = musicae.interpolate("melody-2bar", "a.mid", "b.mid", steps=5)
    clips.save("ideas/")

Models are `Model`s (`musicae.load`) or names; music is a path, the bytes of a MIDI file, a `Score`, a clip, a window
that was chosen with `musicae.read`, or a code: a recipe, or its JSON. attribute, continuation, interpolate,
reconstruct, transfer and vary also take the whole songs that `musicae.read_song` reads; compose takes a progression or
a `musicae.Song`. Whatever is drawn is drawn from `seed`, or from a fresh one that the recipe keeps. Whatever goes wrong
is a `MusicaeError`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from musicae.cpu import prepare_for_torch

if TYPE_CHECKING:
    from musicae.clips.reading import read as read
    from musicae.clips.song import read_song as read_song
    from musicae.errors import MusicaeError as MusicaeError
    from musicae.model import Model as Model
    from musicae.model import load as load
    from musicae.music.score import Score as Score
    from musicae.training.attribute_vectors import fit as fit
    from musicae.verbs.attribute import attribute as attribute
    from musicae.verbs.codes import decode as decode
    from musicae.verbs.codes import encode as encode
    from musicae.verbs.compose import Song as Song
    from musicae.verbs.compose import compose as compose
    from musicae.verbs.continuation import continuation as continuation
    from musicae.verbs.interpolate import interpolate as interpolate
    from musicae.verbs.pack import pack as pack
    from musicae.verbs.reconstruct import reconstruct as reconstruct
    from musicae.verbs.replay import replay as replay
    from musicae.verbs.sample import sample as sample
    from musicae.verbs.train import train as train
    from musicae.verbs.transfer import transfer as transfer
    from musicae.verbs.traverse import traverse as traverse
    from musicae.verbs.vary import vary as vary

prepare_for_torch()

__version__ = "0.1.0"

_HOMES = {
    "Model": "musicae.model",
    "MusicaeError": "musicae.errors",
    "Score": "musicae.music.score",
    "Song": "musicae.verbs.compose",
    "attribute": "musicae.verbs.attribute",
    "compose": "musicae.verbs.compose",
    "continuation": "musicae.verbs.continuation",
    "decode": "musicae.verbs.codes",
    "encode": "musicae.verbs.codes",
    "fit": "musicae.training.attribute_vectors",
    "interpolate": "musicae.verbs.interpolate",
    "load": "musicae.model",
    "pack": "musicae.verbs.pack",
    "read": "musicae.clips.reading",
    "read_song": "musicae.clips.song",
    "reconstruct": "musicae.verbs.reconstruct",
    "replay": "musicae.verbs.replay",
    "sample": "musicae.verbs.sample",
    "train": "musicae.verbs.train",
    "transfer": "musicae.verbs.transfer",
    "traverse": "musicae.verbs.traverse",
    "vary": "musicae.verbs.vary",
}
"""The module that each public name lives in."""


def __getattr__(name: str) -> object:
    """Import what is asked for when it is asked for: `import musicae` stays light."""
    if name not in _HOMES:
        raise AttributeError(f"module 'musicae' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


__all__ = list(_HOMES)


def __dir__() -> list[str]:
    return sorted([*_HOMES, "__version__"])
