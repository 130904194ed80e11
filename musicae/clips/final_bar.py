"""A last bar, in which a piece comes to rest on its home."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, get_args

import numpy as np
import torch

from musicae.clips.limits import require_one_of
from musicae.clips.recipe import Part
from musicae.model import Model
from musicae.music.arrangement import arranged, at_rest, final_bar, resting_chord, scale_of
from musicae.music.key import key_like, key_of_piece
from musicae.music.representations.base import TokenArray
from musicae.music.score import Score, concatenate

KeyMode = Literal["major", "minor"]
"""Of the key on whose tonic music comes to rest: that of the key into which it is then moved."""


def require_key_mode(mode: KeyMode | None) -> None:
    """Make sure that a mode is one, if there is any.

    Raises:
        MusicaeError: it is not.
    """
    if mode is not None:
        require_one_of("mode", mode, get_args(KeyMode))


def with_final_bar(
    model: Model,
    parts: Sequence[Part],
    windows: Sequence[TokenArray],
    score: Score,
    mode: KeyMode | None = None,
    piece: Score | None = None,
) -> tuple[Part, ...]:
    """Parts with one bar more, in which every line holds the tonic that is nearest, and drums hit the kick and the
    crash; in models of chords, the instruments of the last bar hold its home chord.

    Args:
        windows: all columns of what sounds so far, at least of the last part.
        score: what sounds so far.
        mode: of the key; None for that of the key that fits best.
        piece: whose key it is, if it is not that of what sounds so far.
    """
    *earlier, last = parts
    size = model.representation.bars
    if model.representation.has_chords:
        return (*parts, _home_chord(model, last, windows))
    known = model.representation.decode(windows[-1])
    bar = known.end // size
    whole = score if piece is None else piece
    key = key_of_piece(whole) if mode is None else key_like(whole, minor=mode == "minor")
    rest = at_rest(score, bar, key)
    if last.bars is None:
        return (*parts, _played(model, rest, last.draw + 1, 1))
    both = concatenate([known.until(last.bars * bar), rest])
    return (*earlier, _played(model, both, last.draw, last.bars + 1))


def _played(model: Model, score: Score, draw: int, bars: int) -> Part:
    """A part that is played as it is."""
    window = model.representation.encode(score)
    (z,) = model.encode(torch.from_numpy(window)[None])
    return Part(
        z, draw, forced_tokens=window.astype(np.int64), bars=None if bars == model.representation.bars else bars
    )


def _home_chord(model: Model, last: Part, windows: Sequence[TokenArray]) -> Part:
    """A part of one bar, under the chord on which those of some windows come to rest."""
    representation = model.representation
    chords = [chord for window in windows for chord in representation.chords_of(window)]
    home = (resting_chord(chords),) * representation.bars
    pitched = [window for window in windows if not all(t.is_drum for t in representation.decode(window).tracks)]
    (window,) = model.decode(
        last.z[None],
        representation.condition_of(home)[None],
        forced=representation.programs((pitched or windows)[-1])[None],
        temperature=0.0,
    )
    score = representation.decode(window)
    held = arranged(final_bar(score, score.end // representation.bars), home, scale_of(chords)).score
    fields = representation.encode(held)[..., : len(representation.shape.fields)]
    bars = None if representation.bars == 1 else 1
    return replace(last, draw=last.draw + 1, chords=home, forced_tokens=fields.astype(np.int64), bars=bars)
