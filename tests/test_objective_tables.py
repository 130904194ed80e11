"""Tables and pictures of the comparison: means over seeds, and empty where nothing was measured."""

from __future__ import annotations

from dataclasses import replace

import pytest

from musicae.experiments.images.digit_report import digit_table
from musicae.experiments.images.line_report import line_table
from musicae.experiments.music.music_objectives import Trial, TrialResult
from musicae.experiments.music.objective_figures import CURVES, OVERVIEW, mean_curve, objective_figures
from musicae.experiments.music.objective_tables import SHEETS, Mean, everything, mean_of, objective_tables

PATH = [i / 10 for i in range(11)]

VAE = TrialResult(
    Trial("vae", 0, 100),
    1.5,
    {
        "reconstruction": {"nll": 10.0, "teacher_forced": None},
        "paths": {"distance": PATH, "blend_distance": [1.0 - x for x in PATH]},
        "samples": {"cost": 1.0, "music_cost": 2.0},
        "labels": {"few_labels": [0.9, 0.8, 0.7], "most_frequent": 0.6},
        "checkpoints": {"swap_nll": [1.0, 2.0, 3.0, 4.0, 5.0]},
    },
)
AGAIN = replace(VAE, trial=Trial("vae", 1, 100), measured={"reconstruction": {"nll": 12.0}})
SEMI = TrialResult(Trial("aae-semi", 0, 100, 0.108), 2.0, {"labels": {"own_class": 0.75}})
NOTHING = TrialResult(Trial("wae", 0, 100), 0.0)


def test_a_mean_is_shown_with_its_deviation() -> None:
    assert f"{Mean([1.0]):.2f}" == "1.00"
    assert f"{Mean([1.0, 1.2]):.2f}" == "1.10 ±.14" and Mean([1.0, 3.0]) == 2.0


def test_numbers_are_found_by_path() -> None:
    assert mean_of([VAE, AGAIN], "reconstruction.nll") == pytest.approx(11)
    assert mean_of([VAE, NOTHING], "checkpoints.swap_nll/2") == pytest.approx(3)
    assert mean_of([VAE], "reconstruction.teacher_forced") is None and mean_of([NOTHING], "paths.cost") is None


def test_tables_have_a_row_an_objective_and_no_table_is_empty() -> None:
    tables = {table.name: table for table in objective_tables([VAE, AGAIN, NOTHING])}
    assert set(tables) == {"reconstruction", "paths", "samples", "swap-nll", "few-labels"}
    assert tables["reconstruction"].rows[0] == ["vae", 11.0, None, None, None]
    assert tables["reconstruction"].text()[0][1] == "11.00 ±1.41"
    assert tables["samples"].rows[-1] == ["held-out music", 2.0, None, None, None]


def test_a_reference_is_that_of_the_first_training_that_has_it() -> None:
    tables = {table.name: table for table in objective_tables([NOTHING, VAE, SEMI])}
    assert tables["samples"].rows[-1] == ["held-out music", 2.0, None, None, None]
    assert tables["few-labels"].rows[-1] == ["most frequent class", "", 0.6, 0.6, 0.6]
    pictures = [dict(objective_figures(some))["overview"] for some in ([NOTHING, VAE], [VAE, NOTHING])]
    assert pictures[0] == pictures[1]


def test_a_class_of_few_labels_stands_beside_probes_of_as_many() -> None:
    tables = {table.name: table for table in objective_tables([VAE, SEMI])}
    assert tables["few-labels"].rows == [
        ["vae", "linear", 0.9, 0.8, 0.7],
        ["aae-semi", "its own", None, 0.75, None],
        ["most frequent class", "", 0.6, 0.6, 0.6],
    ]
    assert all("aae-semi" not in row for row in tables["samples"].rows)


def test_everything_has_a_row_a_number() -> None:
    rows = everything([VAE]).rows
    assert ["vae", 0, 100, 1.0, "minutes", None, 1.5] in rows
    assert ["vae", 0, 100, 1.0, "labels.few_labels", 2, 0.7] in rows


def test_pictures_are_of_what_was_measured() -> None:
    assert {name for name, _ in objective_figures([VAE, NOTHING])} == {"path-distance", "swap-nll", "overview"}
    assert not list(objective_figures([NOTHING]))


def test_curves_are_means() -> None:
    other = replace(VAE, measured={"paths": {"distance": PATH[::-1]}})
    assert mean_curve([VAE, other, NOTHING], "paths.distance") == [0.5] * 11


def test_what_pictures_show_stands_in_tables() -> None:
    shown = {path for sheet in SHEETS for path, _ in sheet.columns.values()}
    assert {path for path, *_ in OVERVIEW.values()} <= shown
    assert len({name for name, *_ in CURVES}) == len(CURVES)


def test_columns_are_told_apart_by_words() -> None:
    for columns in [*(sheet.columns for sheet in SHEETS), line_table([]).columns, digit_table([], mnist=True).columns]:
        assert len({column.strip().casefold() for column in columns}) == len(columns)
        assert all(column == column.strip() and column[0] not in "+-" for column in columns)
