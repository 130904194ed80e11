"""Many things compared: a panel for each with the others faintly behind it, and dots on scales side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from musicae.render.svg import LINE, PALETTE, Number, Plot, document, tag, text

FAINT, ACCENT, PLAIN = "#ddd", PALETTE[1], PALETTE[0]

PANEL_WIDTH, PANEL_HEIGHT, PANELS_ABREAST = 190.0, 130.0, 5
SCALE_WIDTH, NUMBERS, ROW_HEIGHT = 128.0, 46.0, 18.0
"""Pixels of a quantity's column, of the numbers at its right, and of a row."""

LETTER = 6.2
"""Pixels that a letter of a line of text takes at most, on average."""

Heights = Sequence[Number]


def panel_chart(
    curves: Mapping[str, Heights],
    positions: Sequence[Number],
    *,
    x_name: str,
    y_name: str,
    dashed: Mapping[str, Heights] | None = None,
) -> str:
    """One panel a curve, all on the same axes; the other curves stand behind it in gray.

    Args:
        dashed: curves that stand in every panel, and have none of their own.
    """
    dashed = dashed or {}
    values = [value for curve in (*curves.values(), *dashed.values()) for value in curve]
    plot = Plot((positions[0], positions[-1]), (min(values), max(values)), PANEL_WIDTH, PANEL_HEIGHT, 44.0, bottom=24.0)
    behind = "".join(_line(plot, positions, curve, FAINT, 1.0) for curve in curves.values())
    beside = "".join(_line(plot, positions, curve, "#666", 1.0, dash="4 3") for curve in dashed.values())
    panels = [
        plot.axes("", "") + behind + beside + _line(plot, positions, curve, PLAIN, 2.0) + text(name, plot.left, 12)
        for name, curve in curves.items()
    ]
    abreast = min(len(panels), PANELS_ABREAST)
    places = ((PANEL_WIDTH * (i % abreast), PANEL_HEIGHT * (i // abreast) + LINE) for i in range(len(panels)))
    body = [tag("g", panel, transform=f"translate({x:g} {y:g})") for panel, (x, y) in zip(panels, places, strict=True)]
    caption = f"across: {x_name}; up: {y_name}" + "".join(f"; dashed: {name}" for name in dashed)
    width = max(PANEL_WIDTH * abreast, LETTER * len(caption) + 8)
    return document(width, PANEL_HEIGHT * ceil(len(panels) / abreast) + LINE, [text(caption, 4, 12), *body])


@dataclass(frozen=True)
class Scale:
    """A quantity of every row, or None.

    Attributes:
        style: how it is written.
        best: "high" or "low", whichever is better; "" where neither is.
        reference: a value that is marked.
    """

    values: Sequence[float | None]
    style: str = ".2f"
    best: str = ""
    reference: float | None = None


def dot_chart(rows: Sequence[str], scales: Mapping[str, Scale]) -> str:
    """A dot a row on every scale, each from its least to its largest value; the best dot is orange.

    A dashed line marks the reference.
    """
    left, top = 7.0 * max(map(len, rows)) + 8, 2.5 * LINE
    body = [text(name, left - 8, top + ROW_HEIGHT * (i + 0.5) + 4, anchor="end") for i, name in enumerate(rows)]
    for i, (name, scale) in enumerate(scales.items()):
        body.append(tag("g", _scale(name, scale), transform=f"translate({left + SCALE_WIDTH * i:g} {top:g})"))
    return document(left + SCALE_WIDTH * len(scales), top + ROW_HEIGHT * len(rows) + 8, body)


def _scale(name: str, scale: Scale) -> str:
    """The dots of one quantity below its name, from the origin."""
    known = [value for value in scale.values if value is not None]
    marks = known if scale.reference is None else [*known, scale.reference]
    height = ROW_HEIGHT * len(scale.values)
    plot = Plot((min(marks, default=0), max(marks, default=1)), (0, 1), SCALE_WIDTH, height, 8.0, right=NUMBERS)
    parts = [text(name, 4, -LINE - 4), text(f"{scale.best}er is better" if scale.best else "", 4, -6)]
    if scale.reference is not None:
        x = plot.across(scale.reference)
        parts.append(tag("path", d=f"M{x:.1f} 0V{height:g}", stroke="#666", stroke_dasharray="3 3"))
    best = {"high": max, "low": min}.get(scale.best, lambda _: None)(known) if known else None
    for row, value in enumerate(scale.values):
        y = ROW_HEIGHT * (row + 0.5)
        parts.append(tag("path", d=f"M8 {y:g}H{SCALE_WIDTH - NUMBERS:g}", stroke=FAINT))
        if value is not None:
            color = ACCENT if value == best else PLAIN
            parts.append(tag("circle", cx=f"{plot.across(value):.1f}", cy=f"{y:g}", r=3.5, fill=color))
            parts.append(text(format(value, scale.style), SCALE_WIDTH - 8, y + 4, anchor="end"))
    return "".join(parts)


def _line(
    plot: Plot, positions: Sequence[Number], curve: Heights, color: str, width: float, *, dash: str = "none"
) -> str:
    points = " ".join(f"{plot.across(x):.1f},{plot.down(y):.1f}" for x, y in zip(positions, curve, strict=True))
    return tag("polyline", points=points, stroke=color, stroke_width=width, stroke_dasharray=dash, fill="none")
