"""Everything in one command, and what it says of models whose faults are known."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch

from musicae.corpus.dataset import Dataset
from musicae.evaluation.attribute_effects import Effect, Matrix
from musicae.evaluation.evaluate import Evaluation, evaluate
from musicae.model import Model
from musicae.music.attributes import ATTRIBUTES
from tests.helpers.commands import Run, assert_fails
from tests.helpers.models import tiny_model

MOVES = {way: {"density": Effect(sign * 0.1, 0.9)} for way, sign in (("add", 1), ("subtract", -1))}
CHANCE = {way: {"density": Effect(0.0, 0.3)} for way in MOVES}


@pytest.fixture
def found(model: Model, data: Dataset) -> Evaluation:
    return evaluate(model, data, windows=16, pairs=4)


def test_everything_is_measured(model: Model, data: Dataset, found: Evaluation) -> None:
    assert found.interpolation.costs is not None and found.interpolation.pairs == 4
    assert found.attributes is None and found.chords is None
    record = found.record()
    assert json.loads(json.dumps(record)) == record
    assert set(record) == {
        *("verdicts", "reconstruction", "holds", "interpolation", "samples", "agreement", "probe", "attributes"),
        *("chords", "map", "traversals"),
    }
    model.attributes = {name: torch.ones(8) for name in ("density", "interval")}
    again = evaluate(model, data, windows=16, pairs=4)
    assert again.attributes is not None and set(again.attributes.vectors) == {"density", "interval"}


def test_verdicts_say_what_is_wrong(found: Evaluation) -> None:
    sound = replace(
        found,
        samples=replace(found.samples, copies=0.0, nearest=0.5, nearest_real=0.5),
        reconstruction=replace(found.reconstruction, use=40.0),
        attributes=Matrix(16, 1.0, {"density": 0.3}, {"density": MOVES}, {"density": CHANCE}),
    )
    (fine,) = sound.verdicts()
    assert fine.startswith("The code is used")
    faults = {
        "collapsed": replace(sound, reconstruction=replace(sound.reconstruction, use=0.2)),
        "repeats what it heard: 50.0%": replace(sound, samples=replace(sound.samples, copies=0.5)),
        "learned by heart": replace(sound, samples=replace(sound.samples, nearest=0.1)),
        "no attribute vectors": replace(sound, attributes=None),
    }
    for said, faulty in faults.items():
        (verdict,) = faulty.verdicts()
        assert said in verdict
    idle = Matrix(16, 1.0, {"density": 0.3}, {"density": CHANCE}, {"density": CHANCE})
    assert [verdict[:21] for verdict in replace(sound, attributes=idle).verdicts()] == [
        "To add density moves ",
        "To subtract density m",
    ]


def test_evaluate_as_typed(run: Run, data: Dataset) -> None:
    done = run("evaluate", "melody-2bar", data.folder, "--windows", 8, "--pairs", 2, "--json")
    (report,) = json.loads(done.out)["models"]
    assert report["model"] == "melody-2bar" and set(report["attributes"]["vectors"]) == set(ATTRIBUTES)
    for words in ("Share of right steps", "5-gram", "training window", "onsets, F1", "R2", "when we add"):
        assert words in done.err
    assert report["verdicts"][0] in done.err
    assert_fails(run("evaluate", "drums-2bar", data.folder), "not drums")


def test_bands_are_evaluated_with_their_chords(data: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np

    model = tiny_model("multitrack-1bar-chords")
    generator = np.random.default_rng(0)
    bars = [model.representation.encode(model.representation.generate(generator)) for _ in range(12)]
    tokens = np.concatenate([bar.reshape(-1, 2) for bar in bars]).astype(np.uint16)
    tokens[:, 1] = 1
    for split in ("train", "test"):
        np.save(data.folder / split / "tokens.npy", tokens)
        np.save(data.folder / split / "offsets.npy", np.arange(0, len(tokens), 512, dtype=np.uint32))
    monkeypatch.setattr(data, "representation", model.representation)
    found = evaluate(model, data, windows=8, pairs=3)
    assert found.chords is not None and found.chords.shares["major"].real is not None
    assert set(found.interpolation.ways) <= {"instruments", "notes"} and found.interpolation.costs is None
    assert found.reconstruction.notes is not None
    json.dumps(found.record())
