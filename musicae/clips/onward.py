"""Music window by window, each behind all that was there: the end of a piece goes on, and a piece grows from a draw.

Windows are independent under the prior, and what follows a window is not: real melodies come back to what stood four
and eight bars before, in the same key and in nearly the same rhythm. So a window lies on the great circle from the code
of such a window to that of new music in the key, and of many the one is taken that fits best behind all that was there
(`music.continuity`), and beside the chords of tracks that play on. Instruments of a band that would leave their roles
repeat what they played in that earlier window, as those of real bands do more often than not.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import cycle, islice, zip_longest

import numpy as np
import torch

from musicae import geometry
from musicae.clips.ending import Ending
from musicae.clips.recipe import Part, PartCode
from musicae.errors import MusicaeError
from musicae.model import Codes, Model, WindowTokens
from musicae.music.arrangement import foreign_to_chords, scale_of
from musicae.music.chords import NO_CHORD, Chord
from musicae.music.continuity import Excerpt, discontinuity
from musicae.music.representations.base import TokenArray
from musicae.music.score import Score, concatenate
from musicae.music.transposition import moved_into, semitones_into
from musicae.seeds import child_seeds

LAGS = (8, 4)
"""Bars: of 210 open melodies, .42 and .33 of the notes of two bars are those of the two that stood so long before, and
.16 those of the two before."""

NOVELTY = (0.2, 0.35, 0.5, 0.65)
"""How far windows lie on the way to new music."""

DRAWS = 48
"""New music to go towards."""

TRIED_WINDOWS = 32
"""Windows among which the next one is chosen."""

REPEAT_GAIN = 0.4
"""How much better a window fits at least that an instrument repeats itself in: with it, bars of bands are as unlike
all bars before (.36) as what really follows (.37; .53 without repeats)."""

FOREIGN_WEIGHT = 3.0
"""Of the share of the notes that do not fit what other tracks play."""

PROGRESSION = 4
"""Bars whose chords are played again."""


def onward(
    model: Model, ending: Ending, bars: int, n: int = 1, *, temperature: float, seed: int
) -> list[tuple[Part, ...]]:
    """`n` ways to go on from the end of some music for so many bars, as parts, the one that fits best first.

    Chords, where the model has any, are those of the four bars before, again and again; the instruments of a band are
    those that played where a window comes from.
    """
    size, found = model.representation.bars, []
    for way in _Search(model, ending, temperature, seed).ways(bars, n):
        *new, last = way.parts
        found.append((*new, replace(last, bars=_whole_or(bars - size * len(new), size))))
    return found


def known_part(ending: Ending, z: PartCode, draw: int = 0) -> Part:
    """What music goes on from, as the part before what is new: of that code, with its own notes."""
    source = ending.source
    return Part(
        z,
        draw,
        source.chords,
        forced_tokens=source.fields.astype(np.int64),
        bars=_whole_or(ending.bars, source.representation.bars),
    )


@dataclass(frozen=True, eq=False)
class _Way:
    """Music so far.

    Attributes:
        windows: all columns; what is there, then what is new.
        score: of all of it.
        parts: what is new.
        cost: what is wrong with it.
    """

    windows: tuple[TokenArray, ...]
    score: Score
    parts: tuple[Part, ...] = ()
    cost: float = 0.0


class _Search:
    """Looks for windows that go on from the end of some music."""

    def __init__(self, model: Model, ending: Ending, temperature: float, seed: int) -> None:
        self.model, self.representation = model, model.representation
        self.temperature, self.seed = temperature, seed
        size, last = self.representation.bars, self.representation.decode(ending.source.tokens)
        self.bar = last.end // size
        score = concatenate([*map(self.representation.decode, ending.earlier), last.until(self.bar * ending.bars)])
        windows = (*ending.earlier, _repeated(ending, self.representation.shape.segments // size))
        self.begun, self.beside = _Way(windows, score), ending.beside
        self.scale = scale_of(ending.beside)
        self.new = self._in_key(model.sample_codes(DRAWS, child_seeds(seed, 0)[0]))

    def ways(self, bars: int, n: int) -> list[_Way]:
        """`n` continuations of so many bars at least, the best first."""
        found = [self.begun] * n
        for step in range(-(-bars // self.representation.bars)):
            found = self._onward(found, step)
        return sorted(found, key=lambda way: way.cost)

    def _in_key(self, codes: Codes) -> Codes:
        """Codes of the same music in the key of what is there, if it has one."""
        key = Excerpt(self.begun.score, self.bar).key
        if key is None:
            return codes
        windows = {}
        for place, score in enumerate(self.model.scores(self.model.decode(codes, temperature=0.0))):
            _, semitones = semitones_into([score], key)
            with suppress(MusicaeError):  # silence, and what leaves the range of the model, cannot be read again
                windows[place] = self.representation.encode(moved_into(score, semitones, key).score)
        moved = codes.clone()
        if windows:
            moved[list(windows)] = self.model.encode_each(np.stack(list(windows.values())))
        return moved

    def _onward(self, ways: Sequence[_Way], step: int) -> list[_Way]:
        """Every way with one window more: of `TRIED_WINDOWS` the one that fits best."""
        beside = self.beside[step * self.representation.bars :][: self.representation.bars]
        chords = self._chords(ways[0].windows, beside)
        old = [way.windows[-lag] for way in ways for lag in self._lags(way.windows, chords)]
        codes = torch.cat([self._codes(way.windows, chords, (step, number)) for number, way in enumerate(ways)])
        windows = self._decoded(codes, chords, np.stack(old), step)
        scores, found = self.model.scores(windows), []
        for number, way in enumerate(ways):
            first, before = number * TRIED_WINDOWS, Excerpt(way.score, self.bar)
            costs = [self._cost(before, one, beside) for one in scores[first : first + TRIED_WINDOWS]]
            best = first + int(np.argmin(costs))
            window, cost = self._with_repeats(windows[best], old[best], before, beside, min(costs))
            fields = window[..., : len(self.representation.shape.fields)]
            parts = (*way.parts, Part(codes[best], len(way.parts) + 1, chords, forced_tokens=fields))
            score = concatenate([way.score, self.representation.decode(window)])
            found.append(_Way((*way.windows, window), score, parts, way.cost + cost))
        return found

    def _cost(self, before: Excerpt, score: Score, beside: Sequence[Chord]) -> float:
        """How little the music of a window fits behind other music, and beside the chords of other tracks."""
        foreign = foreign_to_chords(score, beside, self.scale, self.bar)
        return discontinuity(before, Excerpt(score, self.bar)) + FOREIGN_WEIGHT * foreign

    def _with_repeats(
        self, window: TokenArray, old: TokenArray, before: Excerpt, beside: Sequence[Chord], cost: float
    ) -> tuple[TokenArray, float]:
        """A window in which instruments of a band repeat what they played in an older one, wherever it fits better by
        `REPEAT_GAIN`; and what is wrong with it.

        Args:
            old: with the same instruments in the same places.
            cost: what is wrong with the window as it is.
        """
        shape = self.representation.shape
        layers = list(np.ndindex(shape.segments, len(shape.fields)))
        for segment, field in layers if len(layers) > self.representation.bars else ():
            mixed = window.copy()
            mixed[segment, :, field] = old[segment, :, field]
            mended = self._cost(before, self.representation.decode(mixed), beside)
            if mended < cost - REPEAT_GAIN:
                window, cost = mixed, mended
        return window, cost

    def _lags(self, windows: Sequence[TokenArray], chords: tuple[Chord, ...]) -> list[int]:
        """How many windows before the next one those stood that it comes from, with its chords if any have them: one
        for each of `TRIED_WINDOWS`."""
        back = [min(max(lag // self.representation.bars, 1), len(windows)) for lag in LAGS]
        same = [lag for lag in back if self.representation.chords_of(windows[-lag]) == chords]
        return list(islice(cycle(same or back), TRIED_WINDOWS))

    def _codes(self, windows: Sequence[TokenArray], chords: tuple[Chord, ...], place: tuple[int, int]) -> Codes:
        """Codes between windows that stood `LAGS` before and new music."""
        lags = self._lags(windows, chords)
        back = dict.fromkeys(lags)
        old = dict(zip(back, self.model.encode_each(np.stack([windows[-lag] for lag in back])), strict=True))
        chosen = np.random.default_rng((self.seed, *place)).permutation(len(self.new))[:TRIED_WINDOWS]
        amounts = np.resize(np.repeat(NOVELTY, len(LAGS)), TRIED_WINDOWS)
        ways = zip(lags, chosen.tolist(), amounts.tolist(), strict=True)
        return torch.stack([geometry.slerp(old[lag], self.new[end], amount) for lag, end, amount in ways])

    def _decoded(self, codes: Codes, chords: tuple[Chord, ...], old: WindowTokens, step: int) -> WindowTokens:
        """The windows of codes, of a band with the instruments of the windows that they come from."""
        condition = np.repeat(self.representation.condition_of(chords)[None], len(codes), 0)
        forced = np.stack([self.representation.programs(window) for window in old])
        (seed,) = child_seeds(self.seed, 1, step)
        return self.model.decode(
            codes,
            condition,
            forced=forced if self.representation.keeps_programs else None,
            temperature=self.temperature,
            seed=seed,
        )

    def _chords(self, windows: Sequence[TokenArray], beside: Sequence[Chord]) -> tuple[Chord, ...]:
        """The chords of the next window: those of other tracks, and where they have none those of the last bars."""
        last = [chord for window in windows for chord in self.representation.chords_of(window)][-PROGRESSION:]
        again = tuple(islice(cycle(last), self.representation.bars)) if last else ()
        given = zip_longest(again, beside[: len(again)], fillvalue=NO_CHORD)
        return tuple(other if other != NO_CHORD else chord for chord, other in given)


def _repeated(ending: Ending, segments: int) -> TokenArray:
    """The last window; if not all of its bars are there, those that are, again and again.

    Args:
        segments: of a bar.
    """
    there = ending.source.tokens[: ending.bars * segments]
    return np.resize(there, ending.source.tokens.shape)


def _whole_or(bars: int, size: int) -> int | None:
    """How many bars of a window of that size sound; None for all."""
    return None if bars == size else bars
