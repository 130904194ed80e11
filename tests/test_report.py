"""Pages, tables and charts: what they show is what was measured."""

from __future__ import annotations

import csv
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
import torch

from musicae.corpus.dataset import Dataset
from musicae.evaluation.evaluate import Evaluation, evaluate
from musicae.model import Model
from musicae.music.score import Notes, Score, Track
from musicae.render import svg
from musicae.report import tables
from musicae.report.page import write
from musicae.report.table import Table, by_model
from tests.helpers.commands import Run, assert_fails, melody

SVG = "{http://www.w3.org/2000/svg}"


def parts(picture: str, name: str) -> list[ElementTree.Element]:
    return ElementTree.fromstring(picture).findall(f".//{SVG}{name}")


def test_plots_map_data_to_pixels() -> None:
    plot = svg.Plot((0.0, 10.0), (-1.0, 1.0), width=120.0, height=140.0, left=10.0, right=10.0, bottom=20.0)
    assert [plot.across(x) for x in (0.0, 5.0, 10.0)] == [10, 60, 110]
    assert [plot.down(y) for y in (-1.0, 0.0, 1.0)] == [120, 70, 20]
    assert svg.Plot((3.0, 3.0), (0.0, 0.0)).across(3.0) == 46  # a single value stands at the start


def test_lines_and_steps() -> None:
    picture = svg.lines({"a <b>": [0.0, 1.0], "c": [1.0, 0.5]}, [0.0, 1.0], x_name="x", y_name="y", dashed=["c"])
    solid, dashed = parts(picture, "polyline")
    assert "stroke-dasharray" not in solid.attrib and "stroke-dasharray" in dashed.attrib
    assert "a <b>" in [element.text for element in parts(picture, "text")]
    (steps,) = parts(svg.lines({"a": [2.0, 1.0]}, [0.0, 1.0, 2.0], x_name="x", y_name="y", levels=True), "polyline")
    corners = [tuple(map(float, point.split(","))) for point in steps.attrib["points"].split()]
    assert len(corners) == 4 and corners[0][1] == corners[1][1] < corners[2][1] == corners[3][1]
    assert corners[1][0] == corners[2][0]


def test_scatters_have_a_dot_a_window() -> None:
    picture = svg.scatter([[0.0, 0.0], [1.0, 2.0]], [5.0, 7.0], name="density", x_name="x", y_name="y")
    low, high = parts(picture, "circle")
    assert (low.attrib["fill"], high.attrib["fill"]) == ("#56b4e9", "#e69f00")


def test_matrices_are_colored_by_column() -> None:
    picture = svg.matrix([[1.0, -0.5, None], [0.5, 0.25, 0.0]], ["a", "b"], ["x", "y", "z"])
    fills = [element.attrib["fill"] for element in parts(picture, "rect")]
    assert fills == ["#e69f00", "#56b4e9", "#f2cf80", "#f2cf80", "#ffffff"]
    assert {"+1", "-0.5", "+0.25", "+0"} <= {element.text for element in parts(picture, "text")}


def test_rolls_have_a_block_a_note_and_a_line_a_bar() -> None:
    score = melody()
    picture = svg.roll(score, title="tune", width=808.0)
    notes = parts(picture, "rect")
    assert len(notes) == 64 and len(parts(picture, "path")) == 9
    assert float(notes[1].attrib["x"]) - float(notes[0].attrib["x"]) == pytest.approx(800 / 64)
    high = Score(480, (Track(Notes.of([(0, 480, 72, 9)]), 9),), end=480)
    stage = svg.Stage.of([score, high])
    assert (stage.low, stage.high, list(stage.colors)) == (60, 72, [73, 9])
    assert svg.Stage.of([Score(480, (), end=480)]) == svg.Stage(60, 60, {})
    (alone,), (shared,) = (parts(svg.roll(high, stage=of), "rect") for of in (None, stage))
    assert float(alone.attrib["height"]) > float(shared.attrib["height"])
    assert (alone.attrib["fill"], shared.attrib["fill"]) == svg.COLORS[:2]


def test_tables() -> None:
    table = Table("t", "T", {"name": "", "share": ".1f", "n": ","}, [["a, b", 0.25, 1000], ["c", None, 2]])
    assert table.labels == 1
    assert table.text() == [["a, b", "0.2", "1,000"], ["c", "", "2"]]
    assert list(csv.reader(table.csv().splitlines())) == [
        ["name", "share", "n"],
        ["a, b", "0.25", "1000"],
        ["c", "", "2"],
    ]
    one, two = (by_model("t", "T", {"x": ""}, models) for models in ({"m": [[1]]}, {"m": [[1]], "n": [[2]]}))
    assert one.rows == [[1]] and two.rows == [["m", 1], ["n", 2]] and list(two.columns) == ["model", "x"]


class Page(HTMLParser):
    """What a page links to, and its tags in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [str(value) for name, value in attributes if name in ("href", "src")]


@pytest.fixture
def found(model: Model, data: Dataset) -> Evaluation:
    model.attributes = {name: torch.eye(8)[0] for name in ("density", "interval")}
    return evaluate(model, data, windows=16, pairs=4)


def test_a_page_holds_everything_and_needs_nothing_else(found: Evaluation, tmp_path: Path) -> None:
    folder = tmp_path / "report"
    page = write(folder, {"a": found, "b & c": found}, {}, {"models": []}, facts="16 windows")
    text = page.read_text()
    links = Page(text).links
    assert links and all(re.fullmatch(r"csv/[\w &()-]+\.csv", link) for link in links)
    assert {f"csv/{path.name}" for path in (folder / "csv").iterdir()} == set(links)
    assert {path.name for path in folder.iterdir()} == {"csv", "index.html", "evaluation.json"}
    assert "<script" not in text and "http" not in text.replace("http://www.w3.org/2000/svg", "")
    assert text.index(found.verdicts()[0]) < text.index("Reconstruction")
    assert "b &amp; c" in text and Page(text).tags.count("svg") > 30


def test_only_sheets_of_an_older_page_are_replaced(found: Evaluation, tmp_path: Path) -> None:
    (tmp_path / "csv").mkdir()
    mine = tmp_path / "csv" / "mine.csv"
    mine.write_text("a,b\n")
    write(tmp_path, {"a": found}, {}, {}, facts="")
    assert mine.exists() and (tmp_path / "csv" / "map-a.csv").exists()
    write(tmp_path, {"b": found}, {}, {}, facts="")
    assert not (tmp_path / "csv" / "map-a.csv").exists()


def test_sheets_hold_the_figures_numbers(found: Evaluation, tmp_path: Path) -> None:
    write(tmp_path, {"a": found}, {}, {}, facts="")

    def sheet(name: str) -> list[dict[str, str]]:
        return list(csv.DictReader((tmp_path / "csv" / f"{name}.csv").read_text().splitlines()))

    ways = sheet("ways-tokens")
    assert list(ways[0]) == ["way", "to A", "to B", "blend to A", "blend to B"]
    assert [float(row["to A"]) for row in ways] == found.interpolation.ways["tokens"].latent.to_a
    assert [float(row["density"]) for row in sheet("map-a")] == found.map.attributes["density"]
    originals = [row for row in sheet("examples-a") if row["picture"] == "1, original"]
    assert len(originals) == len(found.examples[0][0].tracks[0].notes)


def test_everything_stands_in_a_table(found: Evaluation) -> None:
    one = {table.name: table for table in tables.everything({"a": found}, {})}
    two = {table.name: table for table in tables.everything({"a": found, "b": found}, {})}
    assert one.keys() == two.keys()
    assert {"models", "reconstruction", "ways-tokens", "costs", "samples", "agreement", "probe", "effects-add"} <= set(
        one
    )
    for name, table in one.items():
        assert {len(row) for row in table.rows} == {len(table.columns)}, name
        assert {len(row) for row in two[name].rows} == {len(two[name].columns)}, name
        shown_alone = [row[-1] for row in table.rows if row[0] != "always holds"]
        assert [row[-1] for row in two[name].rows if row[0] == "b"] == shown_alone


def test_reports_as_typed(run: Run, data: Dataset) -> None:
    words = ("evaluate", "melody-2bar", data.folder, "--windows", 8, "--pairs", 2)
    done = run(*words, "--against", "melody-2bar", "-o", "report")
    assert done.paths == [Path("report")] and "wrote report/index.html" in done.err
    record = json.loads(Path("report/evaluation.json").read_text())
    assert [entry["model"] for entry in record["models"]] == ["melody-2bar", "melody-2bar (2)"]
    assert set(record["beyond_first"]["melody-2bar (2)"]["melody"]) == {"free", "drawn"}
    assert_fails(run(*words, "-o", "report"), "index.html exists", "--force")
    assert run(*words, "-o", "report", "--force", "-q").err == ""
    assert not Path("report/csv/map-melody-2bar (2).csv").exists()
    assert_fails(run(*words, "--against", "drums-2bar"), "not drums")
    assert run(*words, "--map", "tsne").code == 2
    Path("file").write_text("")
    assert_fails(run(*words, "-o", "file"), "file is not a folder")
