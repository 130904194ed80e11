"""Tables as text and as CSV."""

from __future__ import annotations

import csv

from musicae.report.table import Cell, Table, by_model


def test_tables_are_text_and_csv() -> None:
    table = Table("t", "T", {"name": "", "share": ".1f", "n": ","}, [["a, b", 0.25, 1000], ["c", None, 2]])
    assert table.labels == 1
    assert table.text() == [["a, b", "0.2", "1,000"], ["c", "", "2"]]
    assert list(csv.reader(table.csv().splitlines())) == [
        ["name", "share", "n"],
        ["a, b", "0.25", "1000"],
        ["c", "", "2"],
    ]


def test_models_are_named_where_there_are_several() -> None:
    def by(**models: list[list[Cell]]) -> Table:
        (table,) = by_model("t", "T", {"x": ""}, models)
        return table

    one, two = by(m=[[1]]), by(m=[[1]], n=[[2]])
    assert one.rows == [[1]] and two.rows == [["m", 1], ["n", 2]] and list(two.columns) == ["model", "x"]
    (alone,) = by_model("t", "T", {"x": ""}, {"m": [[1]]}, alone=True)
    assert alone.rows == [["m", 1]]


def test_tables_without_rows_are_left_out() -> None:
    assert list(by_model("t", "T", {"x": ""}, {})) == list(by_model("t", "T", {"x": ""}, {"m": []})) == []
