"""A table: on the terminal, on a page, in a CSV file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Cell = str | int | float | None


@dataclass(frozen=True)
class Table:
    """Rows under columns.

    Attributes:
        name: of its file, without a suffix.
        columns: by header, how the figures below it are formatted; "" for names, which come first.
        rows: one cell a column; None is an empty one.
    """

    name: str
    title: str
    columns: dict[str, str]
    rows: list[list[Cell]]

    @property
    def labels(self) -> int:
        """How many of the columns, at the left, are names."""
        return sum(not style for style in self.columns.values())

    def text(self) -> list[list[str]]:
        """The rows as they are shown."""
        styles = list(self.columns.values())
        return [
            ["" if cell is None else format(cell, style) for cell, style in zip(row, styles, strict=True)]
            for row in self.rows
        ]

    def csv(self) -> str:
        """Everything, to the last digit."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(self.rows)
        return out.getvalue()


def by_model(
    name: str, title: str, columns: dict[str, str], models: Iterable[tuple[str, Sequence[Sequence[Cell]]]]
) -> Table:
    """The rows of one or several models, whose names stand in a first column where there are several."""
    models = list(models)
    if len(models) == 1:
        return Table(name, title, columns, [list(row) for row in models[0][1]])
    rows = [[model, *row] for model, found in models for row in found]
    return Table(name, title, {"model": "", **columns}, rows)
