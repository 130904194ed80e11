"""What verbs promise: how it is measured, and that what ships keeps it."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from musicae.corpus.dataset import Dataset
from musicae.experiments.verbs import pieces, promises
from musicae.experiments.verbs.held_out import HeldOut, run_length
from musicae.experiments.verbs.promises import PROMISES, measure_promises
from musicae.experiments.verbs.tables import promise_tables
from musicae.model import Model, load
from tests.helpers.commands import Run
from tests.helpers.models import tiny_model, with_vectors


def trial(model: Model, n: int = 2) -> HeldOut:
    scores = (model.representation.generate(np.random.default_rng(seed)) for seed in range(n))
    windows = np.stack([model.representation.encode(score) for score in scores])
    runs = windows[np.arange(2 * sum(run_length(model))).reshape(2, -1) % n]
    return HeldOut.of(with_vectors(model), windows, runs)


@pytest.mark.usefixtures("hasty_search")
def test_everything_is_measured_of_any_model(any_model: Model) -> None:
    found = measure_promises(trial(any_model, 1), [name for name in PROMISES if name != "compose"])
    shares = [value for rows in found.values() for row in rows for key, value in row.items() if key in SHARES]
    assert shares and all(0 <= value <= 1 for value in shares if not isinstance(value, str))
    tables = promise_tables({"one": found, "two": found})
    assert [table.rows[0][0] for table in tables] == ["one"] * len(tables)


SHARES = (
    "notes",
    "rhythm",
    "unlike",
    "changed",
    "near",
    "same",
    "even",
    "still",
    "leading on",
    "raised",
    "kept",
    "in key",
    "moved",
    "lost layers",
)


def test_nothing_sounds_behind_the_end_of_a_short_clip(any_model: Model) -> None:
    for row in measure_promises(trial(any_model), ["short"])["short"]:
        assert (row["onsets after the end"], row["held past it"]) == (0, 0)


def test_composed_pieces_are_in_key_and_on_the_grid(any_model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "PIECES", 1)
    for row in measure_promises(trial(any_model), ["compose"])["compose"]:
        assert (row["foreign"], row["off grid"]) == (0, 0) and int(row["bars"]) == 12


def test_a_mode_in_which_no_window_is_has_no_row(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny_model("melody-2bar")
    model.mode_vector = torch.eye(8)[0]
    monkeypatch.setattr(promises, "mode", lambda score: 0)
    assert [row["to"] for row in measure_promises(trial(model), ["transfer"])["transfer"]] == ["minor"]
    monkeypatch.setattr(promises, "mode", lambda score: -1)
    assert measure_promises(trial(model), ["transfer"])["transfer"] == []


@pytest.mark.usefixtures("hasty_search")
def test_what_really_follows_is_as_near_to_itself_as_can_be(any_model: Model) -> None:
    found = {row["way"]: row for row in measure_promises(trial(any_model), ["continue"])["continue"]}
    assert list(found) == ["continue", "sample", "repeat", "real"]
    assert found["real"]["notes"] == found["real"]["rhythm"] == 1
    assert found["repeat"]["unlike"] == 0


def test_the_command_prints_tables_and_numbers(run: Run, data: Dataset) -> None:
    done = run("experiment", "verbs", "melody-2bar", "--data", data.folder, "--windows", 3, "--only", "vary", "--json")
    rows = json.loads(done.out)["models"]["melody-2bar"]["vary"]
    assert [row["amount"] for row in rows] == [0.1, 0.3, 0.6]


@pytest.mark.slow
def test_the_shipped_melodies_keep_their_promises() -> None:
    from musicae.evaluation.held_out import held_out, held_out_runs, ngram_of, training_windows
    from musicae.storage.catalog import find_dataset

    model, data = load("melody-2bar", "cpu"), Dataset(find_dataset("tunes"))
    windows, runs = held_out(model, data, 40), held_out_runs(model, data, 40, sum(run_length(model)))
    ngram = ngram_of(model, training_windows(data))
    found = measure_promises(HeldOut.of(model, windows.numpy(), runs.numpy(), ngram), list(PROMISES))
    for row in found["vary"]:
        assert abs(float(row["changed"]) - float(row["amount"])) <= 0.07
        assert float(row["near"]) >= 0.9 and row["same"] == 0
    (steps,) = found["interpolate"]
    assert float(steps["even"]) >= 0.95 and float(steps["still"]) <= 0.02 and float(steps["5-gram cost"]) <= 1.1
    (denser,) = found["density"]
    assert float(denser["kept"]) >= 0.7 and float(denser["in key"]) >= 0.9
    assert all(float(row["moved"]) >= 0.9 for row in found["attribute"])
    onward, sampled, repeated, _ = found["continue"]
    for measure in ("notes", "rhythm", "in key"):
        assert float(onward[measure]) > float(sampled[measure])
    assert float(onward["unlike"]) > 0.2 > float(repeated["unlike"])
