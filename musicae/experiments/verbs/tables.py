"""What verbs promise, as tables: a row a model and setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from musicae.experiments.verbs.held_out import PromiseRow
from musicae.experiments.verbs.promises import PROMISES
from musicae.report.table import Cell, Table

TITLES = {
    "vary": "Variations: share of the notes that change",
    "interpolate": "Interpolations of seven clips: share of the notes that change from one to the next",
    "density": "Density raised by three tenths",
    "attribute": "Attributes moved by one standard deviation",
    "continue": "What a clip goes on with, beside what really follows",
    "short": "Clips that end in the middle of the window",
    "compose": "Pieces over chords, twelve bars each",
    "transfer": "Windows in the other mode, on their tonic",
}


def promise_tables(found: Mapping[str, Mapping[str, Sequence[PromiseRow]]]) -> list[Table]:
    """A table for everything that was measured of any model.

    Args:
        found: by model and name, what `measure_promises` gave.
    """
    return [table for name in PROMISES if (table := _table(name, found))]


def _table(name: str, found: Mapping[str, Mapping[str, Sequence[PromiseRow]]]) -> Table | None:
    rows = [(model, row) for model, measured in found.items() for row in measured.get(name, ())]
    if not rows:
        return None
    styles = {key: _style(value) for _, row in rows for key, value in row.items()}
    columns = {"model": "", **styles}
    cells: list[list[Cell]] = [[model, *(row.get(key) for key in styles)] for model, row in rows]
    return Table(f"verbs-{name}", TITLES[name], columns, cells)


def _style(value: float | int | str) -> str:
    if isinstance(value, str):
        return ""
    return "d" if isinstance(value, int) else ".3f"
