"""Charts: what they show is what they are given."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from musicae.music.score import Notes, Score, Track
from musicae.render import svg
from tests.helpers.commands import melody

SVG = "{http://www.w3.org/2000/svg}"


def parts(picture: str, name: str) -> list[ElementTree.Element]:
    return ElementTree.fromstring(picture).findall(f".//{SVG}{name}")


def test_plots_map_data_to_pixels() -> None:
    plot = svg.Plot((0.0, 10.0), (-1.0, 1.0), width=120.0, height=140.0, left=10.0, right=10.0, bottom=20.0)
    assert [plot.across(x) for x in (0.0, 5.0, 10.0)] == [10, 60, 110]
    assert [plot.down(y) for y in (-1.0, 0.0, 1.0)] == [120, 70, 20]
    assert svg.Plot((3.0, 3.0), (0.0, 0.0), left=46.0).across(3.0) == 46  # a single value stands at the start


def test_lines_and_steps() -> None:
    picture = svg.line_chart({"a <b>": [0.0, 1.0], "c": [1.0, 0.5]}, [0.0, 1.0], x_name="x", y_name="y", dashed=["c"])
    solid, dashed = parts(picture, "polyline")
    assert "stroke-dasharray" not in solid.attrib and "stroke-dasharray" in dashed.attrib
    assert "a <b>" in [element.text for element in parts(picture, "text")]
    (steps,) = parts(
        svg.line_chart({"a": [2.0, 1.0]}, [0.0, 1.0, 2.0], x_name="x", y_name="y", levels=True), "polyline"
    )
    corners = [tuple(map(float, point.split(","))) for point in steps.attrib["points"].split()]
    assert len(corners) == 4 and corners[0][1] == corners[1][1] < corners[2][1] == corners[3][1]
    assert corners[1][0] == corners[2][0]


def test_scatters_have_a_dot_a_window() -> None:
    picture = svg.scatter_chart([[0.0, 0.0], [1.0, 2.0]], [5.0, 7.0], name="density", x_name="x", y_name="y")
    low, high = parts(picture, "circle")
    assert (low.attrib["fill"], high.attrib["fill"]) == ("#56b4e9", "#e69f00")


def test_matrices_are_colored_by_column() -> None:
    picture = svg.matrix_chart([[1.0, -0.5, None], [0.5, 0.25, 0.0]], ["a", "b"], ["x", "y", "z"])
    fills = [element.attrib["fill"] for element in parts(picture, "rect")]
    assert fills == ["#e69f00", "#56b4e9", "#f2cf80", "#f2cf80", "#ffffff"]
    assert {"+1", "-0.5", "+0.25", "+0"} <= {element.text for element in parts(picture, "text")}


def test_rolls_have_a_block_a_note_and_a_line_a_bar() -> None:
    score = melody()
    picture = svg.roll_chart(score, title="tune", width=808.0)
    notes = parts(picture, "rect")
    assert len(notes) == 64 and len(parts(picture, "path")) == 9
    assert float(notes[1].attrib["x"]) - float(notes[0].attrib["x"]) == pytest.approx(800 / 64)
    high = Score(480, (Track(Notes.of([(0, 480, 72, 9)]), 9),), end=480)
    stage = svg.Stage.of([score, high])
    assert (stage.low, stage.high, list(stage.colors)) == (60, 72, [73, 9])
    assert svg.Stage.of([Score(480, (), end=480)]) == svg.Stage(60, 60, {})
    (alone,), (shared,) = (parts(svg.roll_chart(high, stage=of), "rect") for of in (None, stage))
    assert float(alone.attrib["height"]) > float(shared.attrib["height"])
    assert (alone.attrib["fill"], shared.attrib["fill"]) == svg.PALETTE[:2]
