"""A table: on the terminal, on a page, in a CSV file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

Cell = str | int | float | None
TableRows = Sequence[Sequence[Cell]]


@dataclass(frozen=True)
class Table:
    """Rows under columns.

    Attributes:
        name: of its file, without a suffix.
        columns: by header, how what is below it is formatted; "" for names, which come first.
        rows: one cell a column; None is an empty one.
    """

    name: str
    title: str
    columns: dict[str, str]
    rows: list[list[Cell]]

    @property
    def labels(self) -> int:
        """How many columns, at the left, are names."""
        return len(list(takewhile(lambda style: not style, self.columns.values())))

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
    name: str, title: str, columns: dict[str, str], models: Mapping[str, TableRows], *, alone: bool = False
) -> Iterator[Table]:
    """The rows of one or several models, whose names stand in a first column; nothing where there are no rows.

    Args:
        alone: a model that is alone is named too.
    """
    if not any(models.values()):
        return
    if len(models) == 1 and not alone:
        yield Table(name, title, columns, [list(row) for rows in models.values() for row in rows])
    else:
        named = [[model, *row] for model, rows in models.items() for row in rows]
        yield Table(name, title, {"model": "", **columns}, named)
