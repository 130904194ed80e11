"""A folder with everything that was measured: a page to read and print, its figures' data, and one JSON file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from jinja2 import Environment, PackageLoader

from musicae.checked_json import finite
from musicae.report import figures, tables
from musicae.report.figures import Figure
from musicae.report.record import evaluation_record
from musicae.report.table import Table
from musicae.report.tables import Evaluations
from musicae.storage import output_paths
from musicae.storage.atomic import write_atomically, write_together

INDEX, RECORD, SHEETS = "index.html", "evaluation.json", "csv"
"""What a folder holds: the page, all numbers, and a folder of tables."""


@dataclass(frozen=True)
class Section:
    """A part of the page."""

    title: str
    text: str
    tables: list[Table]
    figures: list[Figure]


@dataclass(frozen=True)
class Outline:
    """What a section shows: tables and figures of evaluations."""

    title: str
    text: str
    tables: tuple[Callable[[Evaluations], Iterator[Table]], ...] = ()
    figures: tuple[Callable[[Evaluations], Iterator[Figure]], ...] = ()

    def section(self, found: Evaluations) -> Section:
        """The section, which is empty where nothing of it was measured."""
        shown = chain.from_iterable(make(found) for make in self.tables)
        return Section(self.title, self.text, list(shown), [figure for make in self.figures for figure in make(found)])


def check_page(folder: Path, *, force: bool = False) -> None:
    """Make sure that a page can be written into a folder.

    Raises:
        MusicaeError: there is one (unless `force`), or nothing can be written there.
    """
    for path in (folder / INDEX, folder / RECORD, folder / SHEETS / "models.csv"):
        output_paths.check_file(path, force=force)


def write_page(folder: Path, found: Evaluations, *, published: bool = False) -> Path:
    """Writes the page, a CSV file for every table and figure in place of older ones, and all numbers; returns the page.

    Args:
        found: evaluations by model.
        published: the figures of Roberts et al. 2018 beside those of the models.

    Raises:
        MusicaeError: something cannot be written.
    """
    outlines = [*OUTLINES, PUBLISHED] if published else OUTLINES
    sections = [part for part in (outline.section(found) for outline in outlines) if part.tables or part.figures]
    ours = (folder / RECORD).exists()  # else older sheets are not ours
    older = list((folder / SHEETS).glob("*.csv")) if ours else []
    sheets = {
        folder / SHEETS / f"{table.name}.csv": table.csv().encode("utf-8", "backslashreplace")
        for table in _tables(sections)
    }
    if sheets:
        write_together(sheets, overwrite=True, outdated=set(older) - sheets.keys())
    record = finite(evaluation_record(found, published=published))
    write_atomically(folder / RECORD, (json.dumps(record, indent=1, allow_nan=False) + "\n").encode())
    environment = Environment(loader=PackageLoader("musicae.report", ""), autoescape=True, trim_blocks=True)
    page = environment.get_template("page.html").render(
        title=" and ".join(found),
        facts=list(dict.fromkeys(facts_of(found))),
        verdicts={model: result.verdicts() for model, result in found.items()},
        sections=sections,
        sheets=SHEETS,
    )
    write_atomically(folder / INDEX, page.encode("utf-8", "backslashreplace"))
    return folder / INDEX


def facts_of(found: Evaluations) -> Iterator[str]:
    """What was read, in a line for every evaluation."""
    for result in found.values():
        yield f"{result.windows:,} windows of {Path(result.data).name}, {result.split} split, seed {result.seed}"


def _tables(sections: Iterable[Section]) -> Iterator[Table]:
    for section in sections:
        yield from section.tables
        yield from (figure.table for figure in section.figures)


def _evenness(found: Evaluations) -> Iterator[Table]:
    for distance in tables.distances_of(found):
        yield from tables.evenness_tables(found, distance)


OUTLINES = (
    Outline(
        "Reconstruction",
        "How much of a window comes back through its code: argmax given the true steps before (teacher-forced), argmax "
        "given the code alone (free-running), and given the code alone at temperature 1 (sampled). The hold baseline "
        "always lets the note or the rest before go on.",
        (tables.reconstruction_tables,),
        (figures.example_figures,),
    ),
    Outline(
        "Interpolation",
        "Paths along great circles between the codes of two windows, beside a blend in which more and more steps of A "
        "are replaced by those of B. A path is monotone if every step leads on, on average over all pairs.",
        (_evenness,),
        (figures.path_figures, figures.cost_figures),
    ),
    Outline(
        "Attribute vectors",
        "What adding and subtracting vectors changes, against the reconstruction of the same window. Success is the "
        "share of windows that moved in the direction asked for.",
        (tables.own_effect_tables,),
        (figures.effect_figures,),
    ),
    Outline(
        "Samples",
        "Samples beside held-out windows: whether they are distributed alike, and whether they are new.",
        (tables.sample_tables,),
        (figures.histogram_figures,),
    ),
    Outline(
        "What a code determines",
        "What several decodings of one code at temperature 1 have in common, and what can be read off codes linearly.",
        (tables.consistency_tables, tables.probe_tables),
    ),
    Outline(
        "Chords",
        "Whether music follows the chord that it is conditioned on, and what stays when the chord changes.",
        (tables.chord_tables,),
    ),
    Outline(
        "The latent space",
        "Where the codes of held-out windows lie, and what the directions in which they vary most do.",
        figures=(figures.map_figures, figures.traversal_figures),
    ),
)
"""The page from top to bottom."""

PUBLISHED = Outline(
    "Beside published models",
    "Shares of right steps at temperature 1, given the true steps before (teacher-forced) and given the code alone "
    "(sampled), beside those of the nearest model of Roberts et al. 2018, which was trained and tested on other music.",
    (tables.published_tables,),
)
