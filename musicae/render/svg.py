"""Charts as SVG: lines, histograms, points, colored matrices and piano rolls.

Colors are those of Okabe and Ito, which print well and which most color-blind people tell apart, and two more.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import cycle

import numpy as np

from musicae.music.representations.time_grid import bar_lines
from musicae.music.score import Score, Track

PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#f0e442", "#000000", "#882255", "#999999")
LINE = 16
"""Pixels from one line of text to the next."""

SQUARE, ROLL_HEIGHT = 420.0, 110.0
"""Pixels along a side of a chart of classes, and down a piano roll."""

WHITE = (255, 255, 255)

FONTS = "system-ui, Helvetica, Arial, DejaVu Sans, Liberation Sans, sans-serif"
"""By name, since not all that draws SVG knows what is a sans-serif."""

Number = int | float
Bounds = tuple[Number, Number]
Color = tuple[int, int, int]


@dataclass(frozen=True)
class Plot:
    """An area with axes: data to pixels.

    Attributes:
        x, y: least and largest value.
        logarithmic: whether equal steps across are equal ratios.
    """

    x: Bounds
    y: Bounds
    width: float = 380.0
    height: float = 226.0
    left: float = 52.0
    right: float = 12.0
    top: float = 20.0
    bottom: float = 40.0
    logarithmic: bool = False

    def across(self, value: Number) -> float:
        """Pixels from the left."""
        share = _share(math.log(value), _logs(self.x)) if self.logarithmic else _share(value, self.x)
        return self.left + (self.width - self.left - self.right) * share

    def down(self, value: Number) -> float:
        """Pixels from the top."""
        return self.height - self.bottom - (self.height - self.top - self.bottom) * _share(value, self.y)

    def axes(self, x_name: str, y_name: str) -> str:
        """Two lines with ticks at the ends and in the middle, and their names."""
        foot, end = self.height - self.bottom, self.width - self.right
        parts = [tag("path", d=f"M{self.left} {self.top}V{foot}H{end}", fill="none", stroke="#666")]
        for value in map(math.exp, _ticks(_logs(self.x))) if self.logarithmic else _ticks(self.x):
            x = self.across(value)
            parts.append(tag("path", d=f"M{x:.1f} {foot}v4", stroke="#666"))
            parts.append(text(_number(value), x, foot + LINE, anchor="middle"))
        for value in _ticks(self.y):
            y = self.down(value)
            parts.append(tag("path", d=f"M{self.left} {y:.1f}h-4", stroke="#666"))
            parts.append(text(_number(value), self.left - 6, y + 4, anchor="end"))
        parts.append(text(x_name, (self.left + end) / 2, self.height - 6, anchor="middle"))
        parts.append(text(y_name, 4, self.top - 8))
        return "".join(parts)


def line_chart(
    curves: Mapping[str, Sequence[float]],
    positions: Sequence[Number],
    *,
    x_name: str,
    y_name: str,
    dashed: Collection[str] = (),
    levels: bool = False,
    from_zero: bool = True,
    logarithmic: bool = False,
) -> str:
    """One line a curve over shared positions, with a legend below.

    Args:
        dashed: curves that are drawn so.
        levels: draw every value as a level from its position to the next; there is one position more then.
        from_zero: 0 is in the picture, whatever the values are.
        logarithmic: of the positions.
    """
    values = [value for curve in curves.values() for value in curve]
    low = min(0.0, *values) if from_zero else min(values)
    plot = Plot((positions[0], positions[-1]), (low, max(values)), right=22.0, logarithmic=logarithmic)
    body = [plot.axes(x_name, y_name)]
    for row, (name, curve) in enumerate(curves.items()):
        style = {"stroke": PALETTE[row % len(PALETTE)], "stroke_width": "1.8", "fill": "none"}
        if name in dashed:
            style["stroke_dasharray"] = "5 3"
        xs, ys = (np.repeat(positions, 2)[1:-1], np.repeat(curve, 2)) if levels else (positions, curve)
        drawn = " ".join(f"{plot.across(x):.1f},{plot.down(y):.1f}" for x, y in zip(xs, ys, strict=True))
        y = plot.height + LINE * row + 8
        body += [tag("polyline", points=drawn, **style), tag("path", d=f"M{plot.left} {y - 4}h24", **style)]
        body.append(text(name, plot.left + 30, y))
    return document(plot.width, plot.height + LINE * len(curves), body)


def scatter_chart(
    points: Sequence[Sequence[float]], values: Sequence[float], *, name: str, x_name: str, y_name: str
) -> str:
    """Points colored by a value, from blue to orange; `name` says what the value is."""
    (left, right), (low, high) = ((min(axis), max(axis)) for axis in zip(*points, strict=True))
    plot = Plot((left, right), (low, high), width=250.0)
    bounds = (min(values), max(values))
    dots = [
        tag("circle", cx=f"{plot.across(x):.1f}", cy=f"{plot.down(y):.1f}", r=1.8, fill=_between(_share(value, bounds)))
        for (x, y), value in zip(points, values, strict=True)
    ]
    scale = f"{name}: {bounds[0]:.3g} (blue) to {bounds[1]:.3g} (orange)"
    return document(plot.width, plot.height + LINE, [plot.axes(x_name, y_name), *dots, text(scale, 4, plot.height + 8)])


def class_chart(points: Sequence[Sequence[float]], classes: Sequence[int], *, x_name: str, y_name: str) -> str:
    """Points in the color of their class, whose number stands in the middle of them (the median of each axis)."""
    (left, right), (low, high) = ((min(axis), max(axis)) for axis in zip(*points, strict=True))
    plot = Plot((left, right), (low, high), SQUARE, SQUARE, right=22.0)
    dots, names = [], []
    for (x, y), kind in zip(points, classes, strict=True):
        place = {"cx": f"{plot.across(x):.1f}", "cy": f"{plot.down(y):.1f}"}
        dots.append(tag("circle", **place, r=1.6, fill=PALETTE[kind % len(PALETTE)], fill_opacity=0.7))
    for kind in sorted(set(classes)):
        x, y = np.median([point for point, other in zip(points, classes, strict=True) if other == kind], axis=0)
        halo = {"stroke": "white", "stroke_width": 4, "paint_order": "stroke", "font_size": 15, "font_weight": "bold"}
        names.append(text(str(kind), plot.across(x), plot.down(y) + 5, anchor="middle", **halo))
    return document(plot.width, plot.height, [plot.axes(x_name, y_name), *dots, *names])


def matrix_chart(rows: Sequence[Sequence[float | None]], row_names: Sequence[str], column_names: Sequence[str]) -> str:
    """Cells with their numbers; orange where they are positive, blue where negative, as strong as the column's most."""
    left, width, height = 7.0 * max(map(len, row_names)) + 8, 86.0, 24.0
    strongest = [
        max((abs(cell) for cell in column if cell is not None), default=0) for column in zip(*rows, strict=True)
    ]
    body = [text(name, left + width * (i + 0.5), LINE, anchor="middle") for i, name in enumerate(column_names)]
    for j, (name, row) in enumerate(zip(row_names, rows, strict=True)):
        y = 24 + height * j
        body.append(text(name, left - 6, y + LINE, anchor="end"))
        for i, cell in enumerate(row):
            if cell is None:
                continue
            fill = _between(0.5 + 0.5 * cell / (strongest[i] or 1), WHITE)
            x = left + width * i
            body.append(tag("rect", x=x, y=y, width=width - 2, height=height - 2, fill=fill))
            body.append(text(f"{cell:+.3g}", x + width / 2 - 1, y + LINE, anchor="middle"))
    return document(left + width * len(column_names), 24 + height * len(rows), body)


@dataclass(frozen=True)
class Stage:
    """What piano rolls that are compared have in common.

    Attributes:
        low, high: the pitches that have room.
        colors: of instruments: of programs, and of drums (None).
    """

    low: int
    high: int
    colors: Mapping[int | None, str]

    @classmethod
    def of(cls, scores: Sequence[Score]) -> Stage:
        """Room for all notes of some scores, or for middle C, and a color for every instrument."""
        tracks = [track for score in scores for track in score.tracks]
        pitches = [pitch for track in tracks for pitch in track.notes.pitch.tolist()] or [60]
        instruments = dict.fromkeys(_instrument(track) for track in tracks)
        return cls(min(pitches), max(pitches), dict(zip(instruments, cycle(PALETTE), strict=False)))


def roll_chart(score: Score, *, title: str = "", stage: Stage | None = None, width: float = 370.0) -> str:
    """Notes as bars over time, one color an instrument, with a line at every bar.

    Args:
        stage: shared with other rolls; the score's own if none is given.
    """
    stage = stage or Stage.of([score])
    plot = Plot((0, score.end), (stage.low - 1, stage.high + 2), width, ROLL_HEIGHT, left=4.0, right=4.0, bottom=6.0)
    body = [text(title, 4, 12)]
    for tick in (tick for tick in bar_lines(score) if tick <= score.end):
        body.append(tag("path", d=f"M{plot.across(tick):.1f} {plot.top}V{ROLL_HEIGHT - 6}", stroke="#ccc"))
    for track in score.tracks:
        for start, end, pitch, _ in track.notes.rows():
            x, y = plot.across(start), plot.down(pitch + 1)
            size = {"width": f"{max(plot.across(end) - x - 1, 1.5):.1f}", "height": f"{plot.down(pitch) - y:.1f}"}
            body.append(tag("rect", x=f"{x:.1f}", y=f"{y:.1f}", **size, fill=stage.colors[_instrument(track)]))
    return document(width, ROLL_HEIGHT, body)


def _instrument(track: Track) -> int | None:
    return None if track.is_drum else track.program


def document(width: Number, height: Number, body: Sequence[str]) -> str:
    """An SVG picture of its own."""
    size = {"width": f"{width:g}", "height": f"{height:g}", "viewBox": f"0 0 {width:g} {height:g}"}
    font = {"font_family": FONTS, "font_size": 11}
    paper = {"style": "background: #fff"}  # on dark pages, too
    return tag("svg", "".join(body), xmlns="http://www.w3.org/2000/svg", **size, **font, **paper)


def beside(pictures: Sequence[str]) -> str:
    """One picture of several, side by side."""
    sizes = [tuple(map(float, _SIZE.findall(picture)[0])) for picture in pictures]
    starts = [sum(width for width, _ in sizes[:i]) for i in range(len(sizes))]
    placed = [picture.replace("<svg ", f'<svg x="{x:g}" ', 1) for picture, x in zip(pictures, starts, strict=True)]
    return document(sum(width for width, _ in sizes), max(height for _, height in sizes), placed)


_NOT_XML = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

_SIZE = re.compile(r'^<svg [^>]*?width="([\d.]+)" height="([\d.]+)"')
"""Of a `document`."""


def text(content: str, x: Number, y: Number, *, anchor: str = "start", **attributes: object) -> str:
    """A line of text; what XML cannot hold, as in names of damaged files, becomes a replacement character."""
    return tag(
        "text",
        escape(_NOT_XML.sub("\ufffd", content)),
        x=f"{x:.1f}",
        y=f"{y:.1f}",
        text_anchor=anchor,
        fill="#222",
        **attributes,
    )


def tag(name: str, content: str = "", **attributes: object) -> str:
    """An element; underscores in names of attributes become hyphens."""
    given = "".join(f' {key.replace("_", "-")}="{escape(str(value))}"' for key, value in attributes.items())
    return f"<{name}{given}>{content}</{name}>" if content else f"<{name}{given}/>"


def _share(value: Number, bounds: Bounds) -> float:
    low, high = bounds
    return (value - low) / ((high - low) or 1)


def _number(value: Number) -> str:
    """Three digits of it, or all before the point."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _logs(bounds: Bounds) -> Bounds:
    return math.log(bounds[0]), math.log(bounds[1])


def _ticks(bounds: Bounds) -> tuple[Number, Number, Number]:
    return bounds[0], sum(bounds) / 2, bounds[1]


def _between(share: float, middle: Color = (187, 187, 187)) -> str:
    """The color at a share of the range from blue through a middle to orange."""
    blue, orange = (86, 180, 233), (230, 159, 0)
    start, end, share = (blue, middle, 2 * share) if share < 0.5 else (middle, orange, 2 * share - 1)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(start, end, strict=True))
