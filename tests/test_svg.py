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


def test_names_that_are_no_xml_are_drawn_all_the_same() -> None:
    for name in ("caf\udce9", "take\x01", "\ufffe"):
        (words,) = parts(svg.document(10, 10, [svg.text(name, 0, 0)]), "text")
        assert words.text == f"{name[:-1]}\ufffd"


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


def test_classes_have_a_color_and_their_number_in_their_middle() -> None:
    points = [[0.0, 0.0], [2.0, 1.0], [4.0, 8.0], [9.0, 9.0]]
    picture = svg.class_chart(points, [0, 0, 0, 3], x_name="x", y_name="y")
    dots = parts(picture, "circle")
    assert [dot.attrib["fill"] for dot in dots] == [svg.PALETTE[0]] * 3 + [svg.PALETTE[3]]
    zero, three = [one for one in parts(picture, "text") if one.attrib.get("font-weight") == "bold"]
    assert (zero.text, three.text) == ("0", "3")
    assert (zero.attrib["x"], three.attrib["x"]) == (dots[1].attrib["cx"], dots[3].attrib["cx"])
    assert len(set(svg.PALETTE)) == 10


def test_equal_ratios_are_equally_far_on_a_logarithmic_axis() -> None:
    picture = svg.line_chart({"a": [1.0, 2.0, 3.0]}, [1, 10, 100], x_name="x", y_name="y", logarithmic=True)
    (line,) = parts(picture, "polyline")
    first, middle, last = (float(point.split(",")[0]) for point in line.attrib["points"].split())
    assert middle - first == pytest.approx(last - middle, abs=0.11)
    assert [one.text for one in parts(picture, "text")][:3] == ["1", "10", "100"]


def test_an_axis_begins_at_zero_unless_it_need_not() -> None:
    def lowest(from_zero: bool) -> str | None:
        chart = svg.line_chart({"a": [1500.0, 1200.0]}, [0, 1], x_name="x", y_name="y", from_zero=from_zero)
        return parts(chart, "text")[3].text

    assert (lowest(True), lowest(False)) == ("0", "1,200")


def test_pictures_stand_side_by_side() -> None:
    one, two = svg.document(30, 20, [svg.text("a", 1, 2)]), svg.document(12.5, 40, [])
    both = ElementTree.fromstring(svg.beside([one, two]))
    assert (both.attrib["width"], both.attrib["height"]) == ("42.5", "40")
    assert [part.attrib["x"] for part in both.findall(f"{SVG}svg")] == ["0", "30"]


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
