"""Precision and threads of a training: measured once, remembered, and the same when it goes on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from musicae.corpus.dataset import Dataset
from musicae.model import Model
from musicae.networks.batch import Batch
from musicae.training import arithmetic
from musicae.training.arithmetic import Arithmetic, choose_training_arithmetic
from musicae.training.loop import Trainer
from musicae.training.music_task import MusicTask
from musicae.training.run import Run
from musicae.verbs.train import begin
from tests.helpers.trainings import assert_same, tiny, weights


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of two cores on which nothing was measured yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("MUSICAE_THREADS", raising=False)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)


def times(monkeypatch: pytest.MonkeyPatch, *seconds: float) -> list[list[Arithmetic]]:
    """Let measurements find these times, float32 before bfloat16 and one thread before two; returns what was asked."""
    asked = []

    def measure(module: nn.Module, batch: object, candidates: list[Arithmetic]) -> list[float]:
        asked.append(candidates)
        return list(seconds[: len(candidates)])

    monkeypatch.setattr(arithmetic, "_measure", measure)
    return asked


def trainer(data: Dataset, folder: Path, *, resume: bool = False, **run: object) -> Trainer[MusicTask]:
    begun = Run.read(folder) if resume else Run(tiny(updates=4), str(data.folder), seed=3, **run)  # type: ignore[arg-type]
    return begin(begun, folder, device="cpu", resume=resume)


def chosen(trainer: Trainer[MusicTask], wanted: Arithmetic | None = None) -> Arithmetic:
    return choose_training_arithmetic(trainer.task.model.autoencoder, trainer.batch(0), wanted)


def test_the_fastest_is_chosen_and_written_into_the_run(
    data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times(monkeypatch, 4.0, 3.0, 2.0, 1.0)
    assert trainer(data, tmp_path / "m").arithmetic == Arithmetic("bfloat16", 2)
    assert Run.read(tmp_path / "m").arithmetic == Arithmetic("bfloat16", 2)


def test_threads_that_gain_next_to_nothing_are_left_to_others(
    data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times(monkeypatch, 1.00, 2.0, 0.93, 2.0)
    assert trainer(data, tmp_path / "m").arithmetic == Arithmetic("float32", 1)


def test_resume_keeps_the_recorded_arithmetic_and_reaches_the_same_weights(
    data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times(monkeypatch, 4.0, 1.0, 4.0, 4.0)
    whole = trainer(data, tmp_path / "whole")
    whole.run()
    stopped = trainer(data, tmp_path / "parts")
    stopped.task.module.train()
    with stopped.arithmetic.on_its_threads():
        stopped.update()
    stopped._save_state()
    times(monkeypatch, 1.0, 4.0, 4.0, 4.0)
    arithmetic.cache_path().unlink()
    rest = trainer(data, tmp_path / "parts", resume=True)
    assert rest.arithmetic == Arithmetic("bfloat16", 1)
    rest.run()
    assert_same(weights(whole.task.model), weights(rest.task.model))


def test_what_the_user_names_is_not_measured(data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = times(monkeypatch, 1.0, 4.0)
    named = trainer(data, tmp_path / "m", arithmetic=Arithmetic("bfloat16"))
    assert named.arithmetic == Arithmetic("bfloat16", 1)
    assert {candidate.precision for candidate in asked[0]} == {"bfloat16"}
    with pytest.raises(ValueError, match="float16"):
        chosen(named, Arithmetic("float16"))


def test_threads_of_the_environment_are_not_measured(
    data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = times(monkeypatch, 2.0, 1.0)
    monkeypatch.setenv("MUSICAE_THREADS", "3")
    assert trainer(data, tmp_path / "m").arithmetic == Arithmetic("bfloat16", 3)
    assert {candidate.threads for candidate in asked[0]} == {3}


def test_choices_are_remembered_per_shapes(data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = times(monkeypatch, 4.0, 1.0, 4.0, 4.0)
    first = trainer(data, tmp_path / "a")
    second = trainer(data, tmp_path / "b")
    assert first.arithmetic == second.arithmetic
    assert len(asked) == 1
    smaller = Batch.of(first.task.model.autoencoder.spec, first.batch(0).target[:3])
    choose_training_arithmetic(first.task.model.autoencoder, smaller)
    assert len(asked) == 2


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"KEY": {"precision": "float8", "threads": 1}}', '{"KEY": 7}'])
def test_a_broken_cache_is_ignored(text: str, data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    times(monkeypatch, 4.0, 1.0, 4.0, 4.0)
    begun = trainer(data, tmp_path / "m")
    (key,) = json.loads(arithmetic.cache_path().read_text())
    arithmetic.cache_path().write_text(text.replace("KEY", key))
    assert chosen(begun) == Arithmetic("bfloat16", 1)
    assert json.loads(arithmetic.cache_path().read_text())[key] == {"precision": "bfloat16", "threads": 1}


def test_a_cache_that_cannot_be_written_is_no_failure(
    data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cache").write_text("a file where a folder should be")
    times(monkeypatch, 4.0, 1.0, 4.0, 4.0)
    assert trainer(data, tmp_path / "m").arithmetic == Arithmetic("bfloat16", 1)


def test_measuring_leaves_the_module_and_all_random_numbers_as_they_are(data: Dataset, tmp_path: Path) -> None:
    begun = trainer(data, tmp_path / "m", arithmetic=Arithmetic("float32", 1))
    network: nn.Module = begun.task.model.autoencoder
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    choice = chosen(begun)
    assert choice.precision != "auto" and choice.threads > 0
    assert torch.equal(torch.rand(3), expected)
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())


def test_encode_and_decode_do_not_depend_on_what_was_measured(
    data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def codes(model: Model) -> Tensor:
        return model.encode(data.split("train", "cpu").sample(4, 0))

    times(monkeypatch, 4.0, 1.0, 4.0, 4.0)
    fast = trainer(data, tmp_path / "m")
    assert fast.arithmetic.dtype == torch.bfloat16
    assert fast.task.model.precision == torch.float32
    with torch.autocast("cpu", enabled=False):
        expected = codes(fast.task.model)
    assert torch.equal(codes(fast.task.model), expected)


def test_a_run_without_arithmetic_goes_on(data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    times(monkeypatch, 1.0, 4.0, 4.0, 4.0)
    trainer(data, tmp_path / "m")
    path = tmp_path / "m" / "training" / "run.json"
    run = json.loads(path.read_text())
    del run["arithmetic"]
    path.write_text(json.dumps(run))
    assert trainer(data, tmp_path / "m", resume=True).arithmetic == Arithmetic("float32", 1)
