"""Music window by window, each after all that was there: the end of a piece goes on, and a piece grows from a draw.

Windows are drawn independently, and what follows a window is not: real melodies come back to what stood four
and eight bars before, in the same key and in nearly the same rhythm. So a window lies on the great circle from the code
of such a window to that of new music in the key, and of many the one is taken that fits best after all that was there
(`music.continuity`), and over the chords that play on. Instruments of a band repeat what they played in that earlier
window where that fits much better, as those of real bands do more often than not.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import cycle, islice

import numpy as np
import torch

from musicae import geometry
from musicae.clips.ending import Ending
from musicae.clips.final_bar import KeyMode, with_final_bar
from musicae.clips.recipe import Part, PartCode
from musicae.errors import MusicaeError
from musicae.model import Codes, Model, WindowTokens
from musicae.music.arrangement import scale_of, share_outside_chords
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
"""By how much what is wrong with a window must fall for an instrument to repeat itself. So bars of bands are as unlike
all bars before (.36) as what really follows (.37; .53 without repeats)."""

OUTSIDE_WEIGHT = 3.0
"""Of `share_outside_chords`."""

PROGRESSION = 4
"""Bars whose chords are played again."""


def onward(
    model: Model,
    ending: Ending,
    bars: int,
    n: int = 1,
    *,
    accompaniment: Sequence[Chord] = (),
    final_bar: bool = False,
    mode: KeyMode | None = None,
    temperature: float,
    seed: int,
) -> list[tuple[Part, ...]]:
    """`n` ways to go on from the end of some music for a number of bars, as parts, the one that fits best first.

    Chords, where the model has any, are those of the accompaniment, and where it has none those of the last four bars,
    again and again; the instruments of a band are those that played where a window comes from.

    Args:
        accompaniment: chords of what plays on, bar by bar, `NO_CHORD` where nothing does.
        final_bar, mode: whether one bar more ends them, and in which mode (`clips.final_bar`).
    """
    size, found = model.representation.bars, []
    search = _Search(model, ending, accompaniment, temperature, seed)
    for way in search.ways(bars, n):
        *new, last = way.parts
        parts = (*new, replace(last, bars=_whole_or(bars - size * len(new), size)))
        if final_bar:
            whole = way.score.until(search.begun.score.end + bars * search.bar)
            parts = with_final_bar(model, parts, way.windows, whole, mode, ending.source.piece)
        found.append(parts)
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

    def __init__(
        self, model: Model, ending: Ending, accompaniment: Sequence[Chord], temperature: float, seed: int
    ) -> None:
        self.model, self.representation = model, model.representation
        self.temperature, self.seed = temperature, seed
        size, last = self.representation.bars, self.representation.decode(ending.source.tokens)
        self.bar = last.end // size
        score = concatenate([*map(self.representation.decode, ending.earlier), last.until(self.bar * ending.bars)])
        windows = (*ending.earlier, _repeated(ending, self.representation.shape.segments // size))
        self.begun, self.accompaniment = _Way(windows, score), accompaniment
        self.key = Excerpt(score, self.bar).key
        self.scale = self.key.scale if self.key else scale_of(accompaniment)
        self.new = self._in_key(model.sample_codes(DRAWS, child_seeds(seed, 0)[0]))

    def ways(self, bars: int, n: int) -> list[_Way]:
        """`n` continuations of at least that many bars, the best first."""
        found = [self.begun] * n
        for step in range(-(-bars // self.representation.bars)):
            found = self._onward(found, step)
        return sorted(found, key=lambda way: way.cost)

    def _in_key(self, codes: Codes) -> Codes:
        """Codes of the same music in the key of what is there, if it has one."""
        if self.key is None:
            return codes
        windows = {}
        for place, score in enumerate(self.model.scores(self.model.decode(codes, temperature=0.0))):
            _, semitones = semitones_into([score], self.key)
            with suppress(MusicaeError):  # silence, and what leaves the range of the model, cannot be read again
                windows[place] = self.representation.encode(moved_into(score, semitones, self.key).score)
        moved = codes.clone()
        if windows:
            moved[list(windows)] = self.model.encode_each(np.stack(list(windows.values())))
        return moved

    def _onward(self, ways: Sequence[_Way], step: int) -> list[_Way]:
        """Every way with one window more: of `TRIED_WINDOWS` the one that fits best."""
        accompaniment = self.accompaniment[step * self.representation.bars :][: self.representation.bars]
        chords = self._chords(ways[0].windows, accompaniment)
        lags = self._lags(ways[0].windows, chords)
        old = [way.windows[-lag] for way in ways for lag in lags]
        codes = torch.cat([self._codes(way.windows, lags, (step, number)) for number, way in enumerate(ways)])
        windows = self._decoded(codes, chords, np.stack(old), step)
        scores, found = self.model.scores(windows), []
        for number, way in enumerate(ways):
            first, before = number * TRIED_WINDOWS, Excerpt(way.score, self.bar)
            costs = [self._cost(before, one, accompaniment) for one in scores[first : first + TRIED_WINDOWS]]
            best = first + int(np.argmin(costs))
            window, cost = windows[best], min(costs)
            if self.representation.chords_of(old[best]) == chords:
                window, cost = self._with_repeats(window, old[best], cost, before, accompaniment)
            fields = window[..., : len(self.representation.shape.fields)]
            parts = (*way.parts, Part(codes[best], len(way.parts) + 1, chords, forced_tokens=fields))
            score = concatenate([way.score, self.representation.decode(window)])
            found.append(_Way((*way.windows, window), score, parts, way.cost + cost))
        return found

    def _cost(self, before: Excerpt, score: Score, accompaniment: Sequence[Chord]) -> float:
        """How little the music of a window fits after other music, and over chords."""
        outside = share_outside_chords(score, accompaniment, self.scale, self.bar)
        return discontinuity(before, Excerpt(score, self.bar)) + OUTSIDE_WEIGHT * outside

    def _with_repeats(
        self, window: TokenArray, old: TokenArray, cost: float, before: Excerpt, accompaniment: Sequence[Chord]
    ) -> tuple[TokenArray, float]:
        """A window in which instruments repeat what they played in an older one, where that makes it fit better by
        `REPEAT_GAIN`, and what is wrong with it.

        Args:
            old: over the same chords, with the same instruments in the same places.
            cost: what is wrong with the window as it is.
        """
        for place in self._instruments():
            mixed = window.copy()
            mixed[place] = old[place]
            mended = self._cost(before, self.representation.decode(mixed), accompaniment)
            if mended < cost - REPEAT_GAIN:
                window, cost = mixed, mended
        return window, cost

    def _instruments(self) -> list[tuple[slice | int, slice, int]]:
        """Where the instruments of a band are among the tokens: rows of every bar, or fields, whose notes may sound on
        over bar lines; none where only one plays."""
        shape = self.representation.shape
        fields = range(len(shape.fields))
        if shape.segments > self.representation.bars:
            return [(row, slice(None), field) for row in range(shape.segments) for field in fields]
        return [(slice(None), slice(None), field) for field in fields] if len(fields) > 1 else []

    def _lags(self, windows: Sequence[TokenArray], chords: tuple[Chord, ...]) -> list[int]:
        """How many windows before the next one those stood that it comes from, with its chords if any have them: one
        for each of `TRIED_WINDOWS`."""
        back = [min(max(lag // self.representation.bars, 1), len(windows)) for lag in LAGS]
        same = [lag for lag in back if self.representation.chords_of(windows[-lag]) == chords]
        return list(islice(cycle(same or back), TRIED_WINDOWS))

    def _codes(self, windows: Sequence[TokenArray], lags: Sequence[int], place: tuple[int, int]) -> Codes:
        """Codes between windows that stood so many windows before and new music."""
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

    def _chords(self, windows: Sequence[TokenArray], accompaniment: Sequence[Chord]) -> tuple[Chord, ...]:
        """The chords of the next window: those that play on, and where none do those `PROGRESSION` bars before."""
        last = [chord for window in windows for chord in self.representation.chords_of(window)][-PROGRESSION:]
        again = islice(cycle(last), self.representation.bars) if last else ()
        others = (*accompaniment, *[NO_CHORD] * self.representation.bars)
        return tuple(chord if other == NO_CHORD else other for chord, other in zip(again, others, strict=False))


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
