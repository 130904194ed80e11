"""One door to all measurements: what is asked for is measured, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from musicae.corpus.dataset import Dataset
from musicae.errors import MusicaeError
from musicae.evaluation.evaluate import ALL, FITS, Evaluation, evaluate
from musicae.evaluation.study import EvaluationSettings
from musicae.model import Model
from musicae.music.attributes import ATTRIBUTES
from tests.helpers.commands import Run, assert_fails
from tests.helpers.models import tiny_model
from tests.helpers.progress import Counter

FEW = EvaluationSettings(pairs=4, samples=16, codes=4, decodings=2)


@pytest.fixture
def found(model: Model, data: Dataset) -> Evaluation:
    return evaluate(model, data, windows=16, settings=FEW)


def test_all_that_fits_the_model_is_measured(model: Model, data: Dataset, found: Evaluation) -> None:
    assert found.skipped == {"attributes", "chords"} and set(found.results) == set(ALL) - found.skipped
    interpolation = found.results["interpolation"]
    assert interpolation.ngram_costs is not None and interpolation.pairs == 4
    assert found.results["samples"].samples == 16 and found.windows == 16
    record = found.record()
    assert json.loads(json.dumps(record)) == record
    assert set(record) == {"model", "hash", "data", "split", "windows", "seed", "verdicts", *found.results}
    assert "melody" in record["reconstruction"]["hold_baseline"] and "examples" not in record["reconstruction"]


@pytest.mark.parametrize("name", sorted(ALL))
def test_only_what_is_asked_for_is_measured(name: str, model: Model, data: Dataset) -> None:
    if name in FITS:
        with pytest.raises(MusicaeError):
            evaluate(model, data, only=[name], windows=4, settings=FEW)
        return
    progress = Counter()
    found = evaluate(model, data, only=[name], windows=4, settings=FEW, progress=progress)
    assert set(found.results) == {name} and name in found.record() and not found.skipped
    assert progress.done == progress.announced


def test_measurements_and_projections_that_are_not_there_are_refused_first(model: Model, data: Dataset) -> None:
    with pytest.raises(MusicaeError, match="reconstructoin") as refused:
        evaluate(model, data, only=["reconstructoin"])
    assert "reconstruction" in refused.value.hint
    with pytest.raises(MusicaeError, match="unknown projection"):
        evaluate(model, data, settings=EvaluationSettings(projection="tsne"))


def test_attribute_vectors_are_measured_where_there_are_some(model: Model, data: Dataset) -> None:
    model.attributes = {name: torch.ones(8) for name in ("density", "interval")}
    found = evaluate(model, data, only=["attributes"], windows=16)
    assert set(found.results["attributes"].vectors) == {"density", "interval"}


def test_evaluate_as_typed(run: Run, data: Dataset) -> None:
    few = ("--data", data.folder, "--windows", 8, "--pairs", 2, "--samples", 8)
    done = run("evaluate", "melody-2bar", *few, "--json", "--verbose")
    (report,) = json.loads(done.out)["models"]
    assert report["model"] == "melody-2bar" and set(report["attributes"]["vectors"]) == set(ATTRIBUTES)
    for words in ("Share of right steps", "5-gram", "training window", "rhythm F1", "R2", "when we add"):
        assert words in done.err
    assert done.err.startswith(f"melody-2bar: {report['verdicts'][0]}\n"), "before any table"
    assert report["verdicts"][0].startswith("It plays back ")
    short = run("evaluate", "melody-2bar", *few, "--published")
    assert short.err.splitlines()[0] == done.err.splitlines()[0] and short.err.count("\n") < 45
    for words in ("steps played back from the code", "samples that are training windows", "0.951", "--verbose"):
        assert words in short.err
    assert_fails(run("evaluate", "drums-2bar", "--data", data.folder), "drums-2bar reads drums")


def test_bands_are_evaluated_with_their_chords(data: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny_model("multitrack-1bar-chords")
    generator = np.random.default_rng(0)
    bars = [model.representation.encode(model.representation.generate(generator)) for _ in range(12)]
    tokens = np.concatenate([bar.reshape(-1, 2) for bar in bars]).astype(np.uint16)
    tokens[:, 1] = 1
    for split in ("train", "test"):
        np.save(data.folder / split / "tokens.npy", tokens)
        np.save(data.folder / split / "offsets.npy", np.arange(0, len(tokens), 512, dtype=np.uint32))
    monkeypatch.setattr(data, "representation", model.representation)
    settings = replace(FEW, pairs=3, samples=8)
    found = evaluate(model, data, only=["reconstruction", "interpolation", "chords"], windows=8, settings=settings)
    assert found.results["chords"].shares["major"].held_out is not None
    interpolation = found.results["interpolation"]
    assert set(interpolation.paths) <= {"instrument", "note"} and interpolation.ngram_costs is None
    assert found.results["reconstruction"].notes is not None
    json.dumps(found.record())
