"""Pictures that compare: a panel a curve, and a dot a row on every scale."""

from __future__ import annotations

from xml.etree import ElementTree

from musicae.render.comparison import ACCENT, PLAIN, Scale, dot_chart, panel_chart

SVG = "{http://www.w3.org/2000/svg}"


def test_every_curve_has_a_panel_with_all_others_behind_it() -> None:
    curves = {name: [0.0, float(i), 2.0] for i, name in enumerate("abcdef")}
    picture = ElementTree.fromstring(
        panel_chart(curves, [0, 1, 2], x_name="x", y_name="y", dashed={"line": [0.0, 1.0, 2.0]})
    )
    panels = picture.findall(f"{SVG}g")
    assert len(panels) == 6 and {len(panel.findall(f"{SVG}polyline")) for panel in panels} == {6 + 1 + 1}
    assert len({panel.get("transform") for panel in panels}) == 6
    own = [panel.findall(f"{SVG}polyline")[-1].get("points") for panel in panels]
    assert len(set(own)) == 6


def test_the_best_dot_is_marked_and_what_is_missing_has_none() -> None:
    scales = {"up": Scale([1.0, None, 3.0], best="high"), "down": Scale([1.0, 2.0, 3.0], best="low", reference=0.0)}
    picture = ElementTree.fromstring(dot_chart(["a", "b", "c"], scales))
    up, down = ([dot.get("fill") for dot in column.findall(f"{SVG}circle")] for column in picture.findall(f"{SVG}g"))
    assert up == [PLAIN, ACCENT] and down == [ACCENT, PLAIN, PLAIN]


def test_a_scale_of_nothing_is_empty() -> None:
    assert "circle" not in dot_chart(["a"], {"x": Scale([None])})
