"""Pages: what they show is what was measured."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
import torch

from musicae.corpus.dataset import Dataset
from musicae.evaluation.evaluate import Evaluation, evaluate
from musicae.evaluation.study import EvaluationSettings
from musicae.model import Model
from musicae.report.figures import cost_figures, histogram_figures, path_figures
from musicae.report.page import OUTLINES, write_page
from tests.helpers.commands import Run, assert_fails


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
    return evaluate(model, data, windows=16, settings=EvaluationSettings(pairs=4, samples=16, codes=4, decodings=2))


def test_a_page_holds_everything_and_needs_nothing_else(found: Evaluation, tmp_path: Path) -> None:
    folder = tmp_path / "report"
    page = write_page(folder, {"a": found, "b & c": found}, published=True)
    text = page.read_text()
    links = Page(text).links
    assert links and all(re.fullmatch(r"csv/[\w &()-]+\.csv", link) for link in links)
    assert {f"csv/{path.name}" for path in (folder / "csv").iterdir()} == set(links)
    assert {path.name for path in folder.iterdir()} == {"csv", "index.html", "evaluation.json"}
    assert "<script" not in text and "http" not in text.replace("http://www.w3.org/2000/svg", "")
    assert text.index(found.verdicts()[0]) < text.index("Reconstruction")
    assert "b &amp; c" in text and Page(text).tags.count("svg") > 30
    assert text.count("16 windows of") == 1


def test_a_page_shows_what_was_measured_alone(model: Model, data: Dataset, tmp_path: Path) -> None:
    found = evaluate(model, data, only=["consistency"], windows=4)
    text = write_page(tmp_path, {"a": found}).read_text()
    titles = [outline.title for outline in OUTLINES if f"<h2>{outline.title}</h2>" in text]
    assert titles == ["What a code determines"] and "verdicts" not in text.split("</style>")[1]
    assert [path.name for path in (tmp_path / "csv").iterdir()] == ["consistency.csv"]


def test_only_sheets_of_an_older_page_are_replaced(found: Evaluation, tmp_path: Path) -> None:
    (tmp_path / "csv").mkdir()
    mine = tmp_path / "csv" / "mine.csv"
    mine.write_text("a,b\n")
    write_page(tmp_path, {"a": found})
    assert mine.exists() and (tmp_path / "csv" / "map-a.csv").exists()
    write_page(tmp_path, {"b": found})
    assert not (tmp_path / "csv" / "map-a.csv").exists()


def test_sheets_hold_the_figures_numbers(found: Evaluation, tmp_path: Path) -> None:
    write_page(tmp_path, {"a": found})

    def sheet(name: str) -> list[dict[str, str]]:
        return list(csv.DictReader((tmp_path / "csv" / f"{name}.csv").read_text().splitlines()))

    paths = sheet("paths-hamming")
    assert list(paths[0]) == ["point", "to A", "to B", "blend to A", "blend to B"]
    assert [float(row["to A"]) for row in paths] == found.results["interpolation"].paths["hamming"].latent.to_a
    assert [float(row["density"]) for row in sheet("map-a")] == found.results["map"].attributes["density"]
    originals = [row for row in sheet("examples-a") if row["picture"] == "1, original"]
    assert len(originals) == len(found.results["reconstruction"].examples[0][0].tracks[0].notes)


def test_models_of_other_music_have_pictures_of_their_own(found: Evaluation) -> None:
    samples, paths = found.results["samples"], found.results["interpolation"]
    pitch = samples.features["pitch"]
    features = {"pitch": pitch, "density": samples.features["density"]}
    moved = {**features, "pitch": replace(pitch, held_out=pitch.held_out[::-1])}
    blend = paths.paths["hamming"].blend
    costs = replace(paths.ngram_costs, blend=paths.ngram_costs.blend[::-1])
    uneven = replace(paths.paths["hamming"], blend=replace(blend, to_a=blend.to_b))
    here = replace(found, results={"samples": replace(samples, features=features), "interpolation": paths})
    other = {"samples": replace(samples, features=moved)}
    other["interpolation"] = replace(paths, pairs=3, paths={"hamming": uneven}, ngram_costs=costs)
    both = {"a": here, "b": here, "c": replace(found, results=other)}

    (histograms,) = histogram_figures(both)
    assert ["held out (a, b)" in picture for picture in histograms.pictures] == [True, False, False]
    assert ["held out (c)" in picture for picture in histograms.pictures] == [False, True, False]
    shares = [row[3] for row in histograms.table.rows if row[:2] == ["pitch", "held out (c)"]]
    assert shares == pitch.held_out[::-1]
    (figure,) = path_figures(both)
    assert len(figure.pictures) == 2 * 2 and "over 4 or 3 pairs" in figure.caption
    (figure,) = cost_figures(both)
    assert len(figure.pictures) == 2
    (figure,) = cost_figures({"a": here, "b": here})
    assert len(figure.pictures) == 1


def test_reports_as_typed(run: Run, data: Dataset) -> None:
    few = ("--data", data.folder, "--windows", 8, "--pairs", 2, "--samples", 8)
    words = ("evaluate", "melody-2bar", *few)
    done = run("evaluate", "melody-2bar", *words[1:], "-o", "report")
    assert done.paths == [Path("report")] and "wrote report/index.html" in done.err
    record = json.loads(Path("report/evaluation.json").read_text())
    assert [entry["model"] for entry in record["models"]] == ["melody-2bar", "melody-2bar (2)"]
    assert set(record["differences_from_first"]["melody-2bar (2)"]["melody"]) == {"free_running", "sampled"}
    assert_fails(run(*words, "-o", "report"), "index.html exists", "--force")
    assert run(*words, "-o", "report", "--force", "-q").err == ""
    assert not Path("report/csv/map-melody-2bar (2).csv").exists()
    assert_fails(run("evaluate", "drums-2bar", *words[1:]), "drums of 2 bars")
    assert run(*words, "--map", "tsne").code == 2
    Path("file").write_text("")
    assert_fails(run(*words, "-o", "file"), "file is not a folder")
