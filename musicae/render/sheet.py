"""Clips as one picture: a piano roll each, under one another or side by side, with all that a musician reads off them.

Pitched notes stand on a keyboard whose C are named, drums on a line each below them. What one clip has and another one
does not can be marked.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import cycle

import resvg_py

from musicae.errors import MusicaeError
from musicae.music.midi import instrument_name
from musicae.music.note_distance import onsets_of
from musicae.music.representations.drums import DRUM_CLASSES, NAMES
from musicae.music.representations.time_grid import STEPS_PER_QUARTER, bar_lines
from musicae.music.score import PITCH_NAMES, Score, Track
from musicae.render.svg import LINE, PALETTE, Number, document, tag, text

PAGE = 960.0
"""Width of a picture, in pixels."""

ROW = 6.0
"""Height of a pitch, or of a drum."""

MARGIN = 58.0
"""Left of a roll, for names."""

BAR = 92.0
"""The least width of a bar: as many rolls stand side by side as have room for theirs."""

LINE_BARS = {32: 8, 128: 16}
"""Clips of at most so many bars, if they are longer than a line, are broken into lines of so many."""

MOST_LINE_BARS = 32
"""Of still longer ones."""

LEAST_BEAT = 10.0
"""The least width, in pixels, of a beat that has a line."""

ZOOM = 2.0
"""Pixels of a PNG for one of the picture."""

GAP = 18.0
LEAST_PITCHES = 13
BLACK = (1, 3, 6, 8, 10)
MARKED = "#111"
"""The outline of notes that another clip does not have."""


@dataclass(frozen=True)
class Panel:
    """A clip in a picture.

    Attributes:
        beside: another clip; notes that it does not have are marked, and what it had is shown as a shadow.
    """

    score: Score
    title: str = ""
    beside: Score | None = None

    @cached_property
    def bar_lines(self) -> list[int]:
        """As of `time_grid.bar_lines`."""
        return bar_lines(self.score)

    @property
    def bars(self) -> int:
        """How many it has, the last of which may not be full."""
        return len(self.bar_lines) - 1

    @property
    def line_bars(self) -> int:
        """How many bars a line has."""
        return next((bars for most, bars in LINE_BARS.items() if self.bars <= most), MOST_LINE_BARS)


def clip_sheet(panels: Sequence[Panel]) -> str:
    """One picture of some clips, which share pitches, drums and colors, as SVG.

    Raises:
        MusicaeError: there are none.
    """
    if not panels:
        raise MusicaeError("there is no clip to be drawn", "give one at least")
    axes = _Axes.of([panel.score for panel in panels])
    bars = max(min(panel.bars, panel.line_bars) for panel in panels)
    columns = max(1, min(len(panels), int(PAGE // (MARGIN + BAR * bars + GAP))))
    width = PAGE / columns - GAP
    height, body = axes.height + LINE * 2 + GAP, []
    lines = [line for panel in panels for line in _lines(panel, width)]
    for number, line in enumerate(lines):
        x, y = (width + GAP) * (number % columns), height * (number // columns)
        body.append(tag("g", _roll(line, axes), transform=f"translate({x:.1f} {y:.1f})"))
    foot = height * math.ceil(len(lines) / columns)
    legend, rows = axes.legend()
    body.append(tag("g", legend, transform=f"translate(0 {foot:.1f})"))
    return document(PAGE, foot + LINE * rows + 6, body)


@dataclass(frozen=True)
class _Axes:
    """What rolls have in common: pitches from low to high, drums, and a color for every instrument."""

    low: int
    high: int
    drums: tuple[str, ...]
    colors: Mapping[int, str]
    names: Mapping[int, str]

    @classmethod
    def of(cls, scores: Sequence[Score]) -> _Axes:
        tracks = [track for score in scores for track in score.tracks if len(track.notes)]
        pitches = [pitch for track in tracks if not track.is_drum for pitch in track.notes.pitch.tolist()]
        hit = {_drum(pitch) for track in tracks if track.is_drum for pitch in track.notes.pitch.tolist()}
        drums = tuple(name for name in (*DRUM_CLASSES, OTHER_DRUM) if name in hit)
        low, high = (min(pitches), max(pitches)) if pitches else (60, 59)
        if pitches and high - low + 1 < LEAST_PITCHES:
            low -= (LEAST_PITCHES - (high - low + 1)) // 2
            high = low + LEAST_PITCHES - 1
        names = {track.instrument: instrument_name(track) for track in tracks}
        return cls(low, high, drums, dict(zip(names, cycle(PALETTE), strict=False)), names)

    @property
    def pitched_height(self) -> float:
        return ROW * (self.high - self.low + 1)

    @property
    def height(self) -> float:
        return self.pitched_height + (ROW * 2 * len(self.drums) + ROW if self.drums else 0)

    def place(self, track: Track, pitch: int) -> tuple[float, float]:
        """How far down a note stands, and how high it is."""
        if not track.is_drum:
            return ROW * (self.high - pitch), ROW
        return self.pitched_height + ROW * (1 + 2 * self.drums.index(_drum(pitch))), ROW * 2

    def legend(self) -> tuple[str, int]:
        """Instruments in their colors, and how many lines they take."""
        parts, x, line = [], MARGIN, 0
        for number, color in self.colors.items():
            width = 28 + 6.2 * len(self.names[number])
            if x + width > PAGE and x > MARGIN:
                x, line = MARGIN, line + 1
            parts.append(tag("rect", x=f"{x:.1f}", y=2 + LINE * line, width=10, height=10, rx=2, fill=color))
            parts.append(text(self.names[number], x + 14, 11 + LINE * line))
            x += width
        return "".join(parts), line + 1


OTHER_DRUM = "other"


def _drum(pitch: int) -> str:
    return NAMES.get(pitch, OTHER_DRUM)


@dataclass(frozen=True)
class _Line:
    """Some bars of a clip in one row of a picture.

    Attributes:
        first: the number of its first bar, from 0.
        width: in pixels, names at its left included.
    """

    panel: Panel
    first: int
    bars: int
    width: float

    @property
    def start(self) -> int:
        return self.panel.bar_lines[self.first]

    @property
    def end(self) -> int:
        return max(min(self.panel.bar_lines[self.first + self.bars], self.panel.score.end), self.start + 1)

    def across(self, tick: Number) -> float:
        """Ticks to pixels from the left; what lies outside of the line is at its edge."""
        inside = (min(max(tick, self.start), self.end) - self.start) / (self.end - self.start)
        return MARGIN + (self.width - MARGIN) * inside


def _lines(panel: Panel, width: float) -> list[_Line]:
    """A clip that fits in one line; else lines on which a quarter is equally wide."""
    most = panel.line_bars
    counts = [(first, min(most, panel.bars - first)) for first in range(0, panel.bars, most)]
    lines = [_Line(panel, first, bars, width) for first, bars in counts]
    longest = max(line.end - line.start for line in lines)
    return [replace(one, width=MARGIN + (width - MARGIN) * (one.end - one.start) / longest) for one in lines]


def _roll(line: _Line, axes: _Axes) -> str:
    """Some bars of a clip, with title, names, markers and notes."""
    panel, score, top = line.panel, line.panel.score, LINE * 2.0
    body = [] if line.first else [text(panel.title, MARGIN, LINE - 4, font_weight="bold")]
    body += _rows(axes, line.width, top)
    wide = line.across(line.start + score.ticks_per_quarter) - MARGIN >= LEAST_BEAT
    for bar in range(line.first, line.first + line.bars):
        start, end = panel.bar_lines[bar : bar + 2]
        for beat in range(start + score.ticks_per_quarter, end, score.ticks_per_quarter) if wide else ():
            x = line.across(beat)
            body.append(tag("path", d=f"M{x:.1f} {top}v{axes.height}", stroke="#ddd", stroke_width=0.6))
        x = line.across(start)
        body.append(tag("path", d=f"M{x:.1f} {top - 4}v{axes.height + 4}", stroke="#888", stroke_width=0.9))
        body.append(text(str(bar + 1), x + 2, top - 4, font_size=9, fill_opacity=0.6))
    body.append(tag("path", d=f"M{line.width:.1f} {top - 4}v{axes.height + 4}", stroke="#888", stroke_width=0.9))
    body += _markers(line, top)
    if panel.beside is not None:
        body += _notes(panel.beside, axes, line, top, known=None, shadow=True)
    body += _notes(score, axes, line, top, known=panel.beside)
    return "".join(body)


def _markers(line: _Line, top: float) -> list[str]:
    """Sections and chords, those of one moment together: "[A] Am"."""
    words: dict[int, list[str]] = {}
    for marker in line.panel.score.markers:
        if line.start <= marker.tick < line.end:
            words.setdefault(marker.tick, []).append(marker.text)
    behind_numbers = 9 + 6 * len(str(line.first + line.bars))
    return [
        text(" ".join(word), line.across(tick) + behind_numbers, top - 4, font_weight="bold")
        for tick, word in words.items()
    ]


def _rows(axes: _Axes, width: float, top: float) -> list[str]:
    """The black keys, the names of all C, and the names of drums."""
    body = []
    for pitch in range(axes.low, axes.high + 1):
        y = top + ROW * (axes.high - pitch)
        if pitch % 12 in BLACK:
            body.append(tag("rect", x=MARGIN, y=f"{y:.1f}", width=f"{width - MARGIN:.1f}", height=ROW, fill="#f4f4f4"))
        beside = any(near % 12 in (0, 7) for near in range(pitch - 1, pitch + 2))
        if pitch % 12 in (0, 7) or (pitch in (axes.low, axes.high) and not beside):
            name = f"{PITCH_NAMES[pitch % 12]}{pitch // 12 - 1}"
            strong = {"font_weight": "bold"} if pitch % 12 == 0 else {"fill_opacity": 0.7}
            body.append(text(name, MARGIN - 5, y + ROW - 0.5, anchor="end", font_size=8, **strong))
    for number, name in enumerate(axes.drums):
        y = top + axes.pitched_height + ROW * (1 + 2 * number)
        body.append(tag("path", d=f"M{MARGIN} {y + ROW * 2:.1f}H{width:.1f}", stroke="#eee"))
        body.append(text(name, MARGIN - 5, y + ROW * 1.5, anchor="end", font_size=9))
    return body


def _notes(
    score: Score, axes: _Axes, line: _Line, top: float, *, known: Score | None, shadow: bool = False
) -> list[str]:
    """The notes of a line; those that a known one does not have are outlined."""
    before, hit = onsets_of(known) if known is not None else None, score.ticks_per_quarter // STEPS_PER_QUARTER
    body = []
    for track in score.tracks:
        for start, stop, pitch, velocity in track.notes.rows():
            if stop <= line.start or start >= line.end:
                continue
            y, height = axes.place(track, pitch)
            left = line.across(start)
            length = max(line.across(start + hit if track.is_drum else stop) - left - 1, 2.0)
            new = before is not None and not before[track.instrument, start, pitch]
            look = {
                "fill": "#bbb" if shadow else axes.colors[track.instrument],
                "fill_opacity": f"{0.45 + 0.55 * velocity / 127:.2f}" if not shadow else "0.6",
            }
            if new:
                look |= {"stroke": MARKED, "stroke_width": "1.2"}
            box = {"x": f"{left:.1f}", "y": f"{top + y + 0.5:.1f}", "width": f"{length:.1f}"}
            body.append(tag("rect", **box, height=f"{height - 1:.1f}", rx=1.5, **look))
    return body


def png_bytes(picture: str) -> bytes:
    """An SVG picture as PNG."""
    return bytes(resvg_py.svg_to_bytes(svg_string=picture, zoom=ZOOM))
