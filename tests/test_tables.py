"""Everything that was measured stands in a table and in the record."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import torch

from musicae.evaluation.evaluate import Evaluation, evaluate
from musicae.evaluation.reconstruction import measure_reconstruction
from musicae.evaluation.study import EvaluationSettings
from musicae.report.record import evaluation_record
from musicae.report.summary import reconstruction_figures, summary_tables
from musicae.report.tables import HOLD, MEASUREMENT_TABLES, all_tables, differences_from_first
from musicae.training.playback import in_percent
from tests.helpers.corpora import melody_dataset
from tests.helpers.models import tiny_model
from tests.helpers.stand_ins import identity, random_windows


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    model, data = tiny_model("melody-2bar"), melody_dataset(tmp_path_factory.mktemp("data") / "melodies")
    model.attributes = {name: torch.eye(8)[0] for name in ("density", "interval")}
    return evaluate(model, data, windows=16, settings=EvaluationSettings(pairs=4, samples=16, codes=4, decodings=2))


def test_everything_stands_in_a_table(found: Evaluation) -> None:
    one = {table.name: table for table in all_tables({"a": found}, published=True)}
    two = {table.name: table for table in all_tables({"a": found, "b": found}, published=True)}
    assert two.keys() - one.keys() == {"differences"}
    expected = {"models", "reconstruction", "paths-hamming", "evenness-hamming", "costs", "samples", "novelty"}
    assert expected | {"consistency", "probe", "attributes", "effects-add", "published"} <= set(one)
    for name, table in one.items():
        assert {len(row) for row in table.rows} == {len(table.columns)}, name
        assert {len(row) for row in two[name].rows} == {len(two[name].columns)}, name
        shown_alone = [row[-1] for row in table.rows if row[0] != HOLD]
        assert [row[-1] for row in two[name].rows if row[0] == "b"] == shown_alone


@pytest.mark.parametrize("other", [{"data": "elsewhere"}, {"split": "validation"}, {"seed": 1}, {"windows": 17}])
def test_evaluations_of_other_windows_are_not_paired(other: dict[str, Any], found: Evaluation) -> None:
    assert differences_from_first({"a": found, "b": found})["b"]
    pair = {"a": found, "b": replace(found, **other)}
    assert differences_from_first(pair) == {"b": {}}
    assert "differences" not in [table.name for table in all_tables(pair)]


def test_tables_are_of_their_own_measurement_alone(found: Evaluation) -> None:
    for name, tables in MEASUREMENT_TABLES.items():
        others = {measurement: result for measurement, result in found.results.items() if measurement != name}
        assert not list(tables({"a": replace(found, results=others)}))
        assert bool(list(tables({"a": found}))) == (name in found.results)


def test_a_summary_has_rows_of_every_measurement_and_a_column_for_every_model(found: Evaluation) -> None:
    (table,) = summary_tables({"a": found, "b": found})
    assert list(table.columns)[1:] == ["a", "b"] and all(row[1] == row[2] for row in table.rows)
    for name in MEASUREMENT_TABLES:
        results = {measurement: result for measurement, result in found.results.items() if measurement == name}
        rows = [row for one in summary_tables({"a": replace(found, results=results)}) for row in one.rows]
        assert bool(rows) == bool(results) and all(row[:2] in [shown[:2] for shown in table.rows] for row in rows)
    assert not list(summary_tables({"a": replace(found, results={})}))


def test_a_summary_has_the_baseline_of_every_field(found: Evaluation) -> None:
    trio = identity("trio-4bar")
    result = measure_reconstruction(trio, random_windows(trio, 2))
    (table,) = summary_tables({"a": replace(found, results={"reconstruction": result})})
    shown = {row[0]: row[1] for row in table.rows}
    assert len(shown) == len(list(reconstruction_figures(result))) == 2 * len(result.fields)
    for name, scores in result.hold_baseline.items():
        assert shown[f"  of {name} by {result.playback.holding}"] == in_percent(scores.free_running)


def test_records_hold_what_was_asked_for(found: Evaluation) -> None:
    record = evaluation_record({"a": found, "b": found}, published=True)
    assert json.loads(json.dumps(record)) == record
    assert [entry["model"] for entry in record["models"]] == ["a", "b"]
    assert record["models"][0]["published"]["melody"]["sampled"] == 0.951
    assert record["differences_from_first"]["b"]["melody"]["sampled"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    alone = evaluation_record({"a": found})
    assert list(alone) == ["models"] and "published" not in alone["models"][0]
