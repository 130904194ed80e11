"""From one clip to another in steps that change about the same share of the notes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch
from jaxtyping import Float

from musicae import geometry
from musicae.clips.clip import Clips
from musicae.clips.limits import MOST_CLIPS, require_one_of, require_whole
from musicae.clips.reading import Source, joined, rests
from musicae.clips.recipe import Part, PartCode
from musicae.clips.render import likeliest_windows, recipe_of
from musicae.clips.song import WholeSong
from musicae.clips.source import (
    AnySource,
    Material,
    at_sounding_pitch,
    encode_source,
    end_of,
    forced_tokens_of,
    frame_of,
    kinds,
    label_of,
    model_for,
    sources_for,
    window_count,
)
from musicae.errors import MusicaeError
from musicae.model import Model
from musicae.music.note_distance import Onsets, note_f1, onsets_of
from musicae.music.representations.base import FieldTokens, TokenArray
from musicae.seeds import fresh_seed

Even = Literal["notes", "z"]
"""What all steps change by about as much: the notes that are decoded, or the code."""

POINTS_PER_STEP = 8
"""Points of a path among which its steps are chosen."""

STEP_LENGTHS = np.linspace(0.05, 1, 20)
"""Shares of the notes that a step may change."""

EVEN = 1.6
"""Times the mean that the largest step may be, for steps to be called even."""

FLIPS = 1.2
"""Mean unlikelihood of a path between whose ends a decoder has nothing to say: it flips from the one to the other."""

UNLIKELY = 0.02
"""What an unlikelihood of 1 costs, beside the squared distance of a gap from the length that it should have."""

Gaps = Float[np.ndarray, "point other_point"]
Unlikelihoods = Float[np.ndarray, " point"]


def interpolate(
    model: Model | str | Path,
    a: Material,
    b: Material,
    *,
    steps: int = 5,
    even_in: Even = "notes",
    linear: bool = False,
    exact_ends: bool = False,
    temperature: float = 0.0,
    seed: int | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Clips:
    """A clip for every step; `Clips.joined` is all of them in a row.

    The path is a great circle (`geometry.slerp`), or a line if `linear`. Steps stand on it where what is decoded by
    argmax changes by about as many notes from each to the next, and the decoder is sure of it; or at equal distances of
    codes (`even_in`). Where a decoder changes most notes at once, or has nothing to say on the way, the path takes a
    detour over the codes of music whose beginning is that of what comes after the change, and whose end is that of
    what comes before it. The first and the last are the reconstructions of a and b, or their own notes if `exact_ends`.
    Tempo and programs are those of a. Codes that are transposed are taken at their sounding pitch.
    Chords, where the model has any, are those of a in the first half of the path, then those of b.

    Of two whole songs every clip is a song: that of a, in which each window is equally far on its way to the window of
    b with the same number, of those in which something is played; where b has fewer of them, a ends as it was.

    Args:
        progress: is called with how many pairs of windows the steps were found since the last call.

    Raises:
        MusicaeError: one is a whole song, and the other a window; or there are fewer than 2 steps.
    """
    require_whole("steps", steps, 2, MOST_CLIPS)
    require_one_of("even_in", even_in, get_args(Even))
    model = model_for(model)
    windows = [sources_for(model, music) for music in (a, b)]
    sounding = iter(at_sounding_pitch(model, [source for some in windows for source in some]))
    starts, ends = ([next(sounding) for _ in some] for some in windows)
    whole = isinstance(a, WholeSong)
    if whole != isinstance(b, WholeSong):
        raise MusicaeError("one is a whole song, and the other one a window", "read both alike")
    pairs = list(zip(starts, ends, strict=False))
    found: dict[tuple[int, int], list[Part]] = {}
    order = list(zip(kinds(starts), kinds(ends), strict=False))
    for kind, (start, end) in zip(order, pairs, strict=True):
        if kind not in found:
            place = len(found)
            parts = _steps(_Path(model, start, end, linear), steps, even_in, exact_ends)
            found[kind] = [replace(part, draw=place * steps + number) for number, part in enumerate(parts)]
        progress(1)
    run = recipe_of(
        model,
        "interpolate",
        found[order[0]],
        seed=fresh_seed(seed) if temperature else None,
        temperature=temperature,
        style=starts[0].style,
        arguments={"a": label_of(a, starts), "b": label_of(b, ends), "linear": linear, "even_in": even_in},
        origin="-".join(source.name for source in (starts[0], ends[0]) if source.name),
        frame=frame_of(a) if whole else None,
    )
    return Clips.of(model, *(run.of(*(found[kind][step] for kind in order)) for step in range(steps)))


def pairs_of(a: AnySource | WholeSong, b: AnySource | WholeSong) -> int:
    """How many windows of one thing go to one of the other."""
    return min(window_count(a), window_count(b))


def _steps(path: _Path, steps: int, even_in: Even, exact_ends: bool) -> list[Part]:
    """The parts of all steps of a path."""
    even = even_in == "notes" and steps > 2
    parts = _even(path, steps) if even else [path.part(float(place)) for place in np.linspace(0, 1, steps)]
    return _with_ends(path.model, parts, path.start, path.end) if exact_ends else parts


@dataclass(frozen=True, eq=False)
class _Point:
    """Something that lies between two windows, and what is decoded there.

    Attributes:
        place: from 0 to 1.
        window: all columns.
        nll: of the window, in nats.
    """

    place: float
    part: Part
    window: TokenArray
    notes: Onsets
    nll: float


class _Path:
    """All that lies between two windows."""

    def __init__(self, model: Model, start: AnySource, end: AnySource, linear: bool) -> None:
        self.model, self.start, self.end = model, start, end
        self.between = geometry.lerp if linear else geometry.slerp
        (self.first,), (self.last,) = (encode_source(model, source) for source in (start, end))
        self.ends = end_of(model, start), end_of(model, end)

    def part(self, place: float) -> Part:
        """What is decoded at a place of the path itself."""
        return self._with(place, self.between(self.first, self.last, place))

    def points(self, places: Sequence[float]) -> list[_Point]:
        """The path at some places."""
        return self._decoded(places, [self.part(place) for place in places])

    def denser(self, a: _Point, b: _Point) -> list[_Point]:
        """Points of the path between two others."""
        return self.points(np.linspace(a.place, b.place, POINTS_PER_STEP + 1)[1:-1].tolist())

    def detour(self, a: _Point, b: _Point) -> list[_Point]:
        """Codes of mixtures of two points, each of which has a little more of the second one (`mixture`)."""
        shares = np.linspace(0, 1, POINTS_PER_STEP + 1)[1:-1].tolist()
        mixed = [self.model.representation.mixture(a.window, b.window, share) for share in shares]
        codes = self.model.encode_each(np.stack(list({one.tobytes(): one for one in mixed}.values())))
        places = np.linspace(a.place, b.place, len(codes) + 2)[1:-1].tolist()
        return self._decoded(places, [self._with(place, z) for place, z in zip(places, codes, strict=True)])

    def _decoded(self, places: Sequence[float], parts: Sequence[Part]) -> list[_Point]:
        if not parts:
            return []
        windows = likeliest_windows(self.model, parts)
        notes = [onsets_of(score) for score in self.model.scores(windows)]
        nll = self.model.nll(torch.stack([part.z for part in parts]), windows).tolist()
        return [_Point(*point) for point in zip(places, parts, windows, notes, nll, strict=True)]

    def _with(self, place: float, z: PartCode) -> Part:
        chords = self.start.chords if place <= 0.5 else self.end.chords
        ended = rests(self.model.representation, self._ends(place))
        return Part(z, chords=chords, forced_tokens=joined(ended, self._stays()))

    def _stays(self) -> FieldTokens | None:
        """What stays all the way: parts that rest in both windows of songs, and the instruments of the first."""
        first, last = (source.stays if isinstance(source, Source) else None for source in (self.start, self.end))
        if first is None or last is None or self.model.representation.keeps_programs:
            return first
        return np.where(first == last, first, -1)

    def _ends(self, place: float) -> float | None:
        """Where the music ends, on the way from the one end to the other."""
        if self.ends == (None, None):
            return None
        representation = self.model.representation
        whole = representation.bars * representation.grid.quarters
        first, last = (whole if one is None else one for one in self.ends)
        return (1 - place) * first + place * last


def _even(path: _Path, steps: int) -> list[Part]:
    """Parts, the ends among them, between whose neighbors about as many notes change.

    They are chosen among `POINTS_PER_STEP` points a step, those of a detour if the decoder flips, and as many more
    wherever the chosen ones differ most.
    """
    points = path.points(np.linspace(0, 1, POINTS_PER_STEP * (steps - 1) + 1).tolist())
    if points[0].notes == points[-1].notes:
        return [point.part for point in points[::POINTS_PER_STEP]]
    if _unlikelihoods(points).mean() > FLIPS:
        points = sorted([*points, *path.detour(points[0], points[-1])], key=lambda point: point.place)
    for look in (path.denser, path.detour, path.detour):
        gaps = _gaps(points)
        chosen = _evenest(gaps, _unlikelihoods(points), steps)
        found = {_widest(gaps, first, last) for first, last in pairwise(chosen)}
        worst = sorted(found, key=lambda place: -gaps[place, place + 1])[: max(steps // 2, 1)]
        for place in sorted(worst, reverse=True):
            points[place + 1 : place + 1] = look(points[place], points[place + 1])
    return [points[place].part for place in _evenest(_gaps(points), _unlikelihoods(points), steps)]


def _unlikelihoods(points: Sequence[_Point]) -> Unlikelihoods:
    """How much less likely what is decoded at every point is, given its code, than at the ends: the ratio of the nll to
    the mean of theirs, less 1, and 0 where it is as likely.

    It says where what is decoded is hardly music: 5-gram costs of windows on great circles correlate with it by .8.
    """
    nll = np.array([point.nll for point in points])
    return np.maximum(nll / max((nll[0] + nll[-1]) / 2, 1e-9) - 1, 0)


def _gaps(points: Sequence[_Point]) -> Gaps:
    """The note distance between what is decoded at any two points."""
    gaps = np.zeros((len(points), len(points)))
    for i, one in enumerate(points):
        gaps[i, i + 1 :] = [1 - note_f1([(one.notes, other.notes)]) for other in points[i + 1 :]]
    return gaps


def _widest(gaps: Gaps, first: int, last: int) -> int:
    """The point between two others, or the first of them, after which most notes change at once."""
    return max(range(first, last), key=lambda point: gaps[point, point + 1])


def _evenest(gaps: Gaps, unlikely: Unlikelihoods, steps: int) -> list[int]:
    """Points from the first to the last whose largest gap is least, of those that are even; else the most even ones.
    Unlikely points count as larger gaps.

    What gaps add up to is not what lies between the ends: one leap is shorter than the way around. So the length that
    all of them should have is not known, and several are tried.
    """

    def unevenness(points: list[int]) -> tuple[float, float]:
        between = np.array([gaps[first, last] for first, last in pairwise(points)])
        ratio = between.max() / max(between.mean(), 1e-9) if between.min() > 0 else np.inf
        return max(ratio, EVEN), between.max() + np.sqrt(UNLIKELY) / 2 * unlikely[points].mean()

    return min((_at_distances(gaps, unlikely, steps, length) for length in STEP_LENGTHS), key=unevenness)


def _at_distances(gaps: Gaps, unlikely: Unlikelihoods, steps: int, length: float) -> list[int]:
    """Points from the first to the last so that the gaps between them deviate least from a length, and are likely.

    By dynamic programming: best[n, j] = min over i < j of best[n - 1, i] + (gaps[i, j] - length)^2 + c unlikely[j].
    """
    count = len(gaps)
    cost = (gaps - length) ** 2 + UNLIKELY * unlikely
    forward = np.where(np.arange(count)[:, None] < np.arange(count), cost, np.inf)
    best, before = forward[0], []
    for _ in range(steps - 2):
        total = best[:, None] + forward
        before.append(total.argmin(0))
        best = total.min(0)
    chosen = [count - 1]
    for predecessor in reversed(before):
        chosen.append(int(predecessor[chosen[-1]]))
    return [0, *reversed(chosen)]


def _with_ends(model: Model, parts: Sequence[Part], start: AnySource, end: AnySource) -> list[Part]:
    """Parts of which the first and the last have the notes of the ends; a code has none besides those it decodes to."""
    first, *between, last = parts
    return [
        replace(first, forced_tokens=forced_tokens_of(model, start)),
        *between,
        replace(last, forced_tokens=forced_tokens_of(model, end)),
    ]
