"""musicae: learn a latent space of music and move through it.

`load` gives a `Model`; the verbs are functions of it, each in the module of its name: `musicae.verbs.sample`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from musicae.cpu import wait_passively

if TYPE_CHECKING:
    from musicae.model import Model as Model
    from musicae.model import load as load
    from musicae.music.score import Score as Score

wait_passively()

__version__ = "0.1.0"

_HOMES = {"load": "musicae.model", "Model": "musicae.model", "Score": "musicae.music.score"}


def __getattr__(name: str) -> object:
    """Import what is asked for when it is asked for: `import musicae` stays light."""
    if name not in _HOMES:
        raise AttributeError(f"module 'musicae' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
