"""What promises are measured on: a model, and music that it was not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from musicae.clips.ending import BARS_BEFORE
from musicae.clips.reading import Source
from musicae.clips.style import Style
from musicae.evaluation.ngram import WindowNGram
from musicae.model import Model
from musicae.music.score import Score

PromiseRow = dict[str, float | int | str]


FOLLOWING = 4
"""Bars in which what music goes on with is compared with what really follows, in whole windows."""


@dataclass(frozen=True, eq=False)
class HeldOut:
    """A model and windows that it was not trained on.

    Attributes:
        sources: two at least.
        scores: their music.
        runs: windows of one piece, one behind the other, `run_length` of them in each.
        ngram: of training windows; None where there is none.
    """

    model: Model
    sources: Sequence[Source]
    scores: Sequence[Score]
    runs: Sequence[Sequence[Source]] = ()
    ngram: WindowNGram | None = None

    @classmethod
    def of(cls, model: Model, windows: Any, runs: Any = (), ngram: WindowNGram | None = None) -> HeldOut:
        """The windows [window, segment, step, column], and those of runs [run, window, ...], as sources."""

        def sources(some: Any) -> list[Source]:
            return [Source(one, model.representation, Style(), f"window {number}") for number, one in enumerate(some)]

        return cls(model, sources(windows), model.scores(windows), [sources(run) for run in runs], ngram)


def run_length(model: Model) -> tuple[int, int]:
    """Windows of a run that music goes on from, and those in which it does."""
    bars = model.representation.bars
    return 1 + BARS_BEFORE // bars, -(-FOLLOWING // bars)
