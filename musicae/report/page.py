"""A folder with everything that was measured: a page to read and print, its figures' data, and one JSON file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, PackageLoader

from musicae.evaluation.evaluate import Evaluation
from musicae.report import figures, tables
from musicae.report.figures import Figure
from musicae.report.table import Table
from musicae.storage import output_paths
from musicae.storage.atomic import write_atomically

INDEX, RECORD, SHEETS = "index.html", "evaluation.json", "csv"
"""What a folder holds: the page, all numbers, and a folder of tables."""


@dataclass(frozen=True)
class Section:
    """A part of the page."""

    title: str
    text: str
    tables: list[Table] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)


def check(folder: Path, *, force: bool = False) -> None:
    """Make sure that a page can be written into a folder.

    Raises:
        MusicaeError: there is one (unless `force`), or nothing can be written there.
    """
    for path in (folder / INDEX, folder / RECORD, folder / SHEETS / "models.csv"):
        output_paths.check_file(path, force=force)


def write(
    folder: Path, found: Mapping[str, Evaluation], apart: tables.Apart, record: Mapping[str, object], *, facts: str
) -> Path:
    """Writes the page, a CSV file for every table and figure in place of older ones, and the record; returns the page.

    Args:
        found: by model.
        facts: what was measured on what, in a line.

    Raises:
        MusicaeError: something cannot be written.
    """
    sections = list(_sections(found, apart))
    if (folder / RECORD).exists():  # else these files are not ours
        for sheet in (folder / SHEETS).glob("*.csv"):
            sheet.unlink()
    for table in _tables(sections):
        write_atomically(folder / SHEETS / f"{table.name}.csv", table.csv().encode())
    write_atomically(folder / RECORD, (json.dumps(record, indent=1) + "\n").encode())
    environment = Environment(loader=PackageLoader("musicae.report", ""), autoescape=True, trim_blocks=True)
    verdicts = {model: result.verdicts() for model, result in found.items()}
    page = environment.get_template("page.html").render(
        title=" and ".join(found), facts=facts, verdicts=verdicts, sections=sections, sheets=SHEETS
    )
    write_atomically(folder / INDEX, page.encode())
    return folder / INDEX


def _tables(sections: Iterable[Section]) -> Iterable[Table]:
    for section in sections:
        yield from section.tables
        yield from (figure.table for figure in section.figures)


def _sections(found: Mapping[str, Evaluation], apart: tables.Apart) -> Iterable[Section]:
    first = next(iter(found.values()))
    ways = {model: result.interpolation for model, result in found.items()}
    vectors = {model: result.attributes for model, result in found.items()}
    yield Section(
        "Reconstruction",
        "How much of a window comes back through its code: given the true steps before (teacher), given the code alone "
        "by argmax (free), and drawn at temperature 1 (drawn).",
        list(tables.reconstruction({m: r.reconstruction for m, r in found.items()}, first.holding, apart)),
        list(figures.examples(found)),
    )
    yield Section(
        "Interpolation",
        "Ways along great circles between the codes of two windows, beside a blend in which more and more of B is "
        "taken over.",
        [tables.evenness(ways, distance) for distance in tables.distances(ways)],
        list(figures.ways(found)),
    )
    if any(vectors.values()):
        yield Section(
            "Attribute vectors",
            "What adding and subtracting vectors changes, against the reconstruction of the same window. Right is the "
            "share of windows that moved in the asked direction.",
            [tables.own_effects(vectors)],
            list(figures.matrices(found)),
        )
    yield Section(
        "Samples",
        "Draws from the prior beside held-out windows: whether they are distributed alike, and whether they are new.",
        list(tables.samples({m: r.samples for m, r in found.items()})),
        [figures.histograms(found)],
    )
    yield Section(
        "What a code holds",
        "What several decodings of one code at temperature 1 agree on, and what can be read off codes linearly.",
        [
            tables.agreement({m: r.agreement for m, r in found.items()}),
            tables.probe({m: r.probe for m, r in found.items()}),
        ],
    )
    if chords := list(tables.chords({m: r.chords for m, r in found.items()})):
        yield Section("Chords", "Whether what is decoded follows the chord that is asked for.", chords)
    yield Section(
        "The latent space",
        "Where the codes of held-out windows lie, and what the dimensions that say most about a window do.",
        figures=[*figures.maps(found), *figures.traversals(found)],
    )
