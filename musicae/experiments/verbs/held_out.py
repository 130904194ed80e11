"""What promises are measured on: a model, and music that it was not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from musicae.clips.reading import Source
from musicae.clips.style import Style
from musicae.model import Model
from musicae.music.score import Score

PromiseRow = dict[str, float | int | str]


@dataclass(frozen=True, eq=False)
class HeldOut:
    """A model and windows that it was not trained on.

    Attributes:
        sources: two at least.
        scores: their music.
    """

    model: Model
    sources: Sequence[Source]
    scores: Sequence[Score]

    @classmethod
    def of(cls, model: Model, windows: Any) -> HeldOut:
        """The windows [window, segment, step, column] as sources."""
        sources = [
            Source(window, model.representation, Style(), f"window {number}") for number, window in enumerate(windows)
        ]
        return cls(model, sources, model.scores(windows))
