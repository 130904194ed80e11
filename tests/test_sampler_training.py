"""Samplers that learn: after the autoencoder, on codes of training windows, and without touching anything else."""

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from musicae.config import Config, Spec, spec
from musicae.corpus.dataset import Dataset
from musicae.errors import MusicaeError
from musicae.model import Model, load, save
from musicae.networks.samplers.densities import MixtureBootstrap
from musicae.networks.samplers.flow import FlowMatching
from musicae.training import sampler_training
from musicae.training.arithmetic import Arithmetic
from musicae.training.checkpoint import TrainingState
from musicae.training.outcome import state_path
from musicae.training.reporter import NullReporter
from musicae.training.sampler_training import (
    forget_sampler_training,
    learn_sampler,
    replace_sampler,
    train_sampler,
    with_sampler,
)
from tests.helpers.models import tiny_model
from tests.helpers.trainings import assert_same, tiny, trainer, weights

FLOW = spec("flow", hidden=8, blocks=1, updates=6, batch=16)


def with_flow() -> Config:
    return replace(tiny(updates=12), sampler=FLOW)


class Interruption(NullReporter):
    """Stops a training as Ctrl-C does."""

    def __init__(self, at: int) -> None:
        self.at = at

    def updated(self, state: TrainingState) -> None:
        if state.update == self.at:
            os.kill(os.getpid(), signal.SIGTERM)


def sampler_of(model: Model) -> dict[str, torch.Tensor]:
    return {name: x.clone() for name, x in model.autoencoder.sampler.state_dict().items()}


def test_a_training_leaves_the_sampler_to_its_own(data: Dataset, tmp_path: Path) -> None:
    task = trainer(data, tmp_path / "m", with_flow()).task
    moved = {id(parameter) for group in task.groups() for parameter in group.parameters}
    assert not moved & {id(parameter) for parameter in task.model.autoencoder.sampler.parameters()}
    assert task.model.parameters == trainer(data, tmp_path / "b", tiny(updates=4)).task.model.parameters


def test_a_sampler_learns_once_the_autoencoder_has(data: Dataset, tmp_path: Path) -> None:
    trained = trainer(data, tmp_path / "m", with_flow())
    trained.run()
    before = load(tmp_path / "m", "cpu")
    learn_sampler(trained, data.folder)
    after = load(tmp_path / "m", "cpu")
    flow = after.autoencoder.sampler
    assert isinstance(flow, FlowMatching) and flow.velocity.output.weight.any()
    assert not torch.equal(before.sample_codes(3, 0), after.sample_codes(3, 0))
    others = [{k: x for k, x in weights(one).items() if not k.startswith("sampler.")} for one in (before, after)]
    assert_same(*others)
    learn_sampler(trained, data.folder, Interruption(1))  # nothing is left to do
    assert_same(weights(after), weights(load(tmp_path / "m", "cpu")))
    forget_sampler_training(tmp_path / "m")
    assert not (tmp_path / "m" / "training" / "sampler").exists()
    learn_sampler(trained, data.folder)
    assert_same(weights(after), weights(load(tmp_path / "m", "cpu")))


def test_what_a_sampler_learned_outlives_a_full_disk(
    data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left")

    save(tiny_model("melody-2bar"), tmp_path / "m")
    with monkeypatch.context() as patched, pytest.raises(OSError, match="no space"):
        patched.setattr(sampler_training, "save", full)
        replace_sampler(tmp_path / "m", data, FLOW, device="cpu")
    replace_sampler(tmp_path / "m", data, FLOW, device="cpu", reporter=Interruption(1))
    assert not (tmp_path / "m" / "training" / "sampler").exists()


def test_a_sampler_goes_on_where_it_was_stopped(data: Dataset, tmp_path: Path) -> None:
    def model() -> Model:
        return with_sampler(tiny_model("melody-2bar"), FLOW)

    whole, parts = model(), model()
    exact = Arithmetic("float32", 1)
    train_sampler(whole, data, tmp_path / "whole", arithmetic=exact)
    with pytest.raises(KeyboardInterrupt):
        train_sampler(parts, data, tmp_path / "parts", arithmetic=exact, reporter=Interruption(3))
    parts = model()
    train_sampler(parts, data, tmp_path / "parts", arithmetic=exact)
    assert_same(sampler_of(whole), sampler_of(parts))


def test_a_sampler_of_older_codes_begins_again(data: Dataset, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        train_sampler(with_sampler(tiny_model("melody-2bar"), FLOW), data, tmp_path / "s", reporter=Interruption(3))
    other = tiny_model("melody-2bar")
    with torch.no_grad():
        for weight in other.autoencoder.encoder.parameters():
            weight.mul_(0.9)
    other = with_sampler(other, FLOW)
    assert train_sampler(other, data, tmp_path / "s")["loss"] > 0


def test_a_damaged_state_of_a_sampler_is_begun_again(data: Dataset, tmp_path: Path) -> None:
    state_path(tmp_path / "s").parent.mkdir(parents=True)
    state_path(tmp_path / "s").write_bytes(b"no tensors")
    assert train_sampler(with_sampler(tiny_model("melody-2bar"), FLOW), data, tmp_path / "s")["loss"] > 0


def test_another_sampler_leaves_all_else_as_it_is(data: Dataset, tmp_path: Path) -> None:
    model = tiny_model("melody-2bar")
    model.attributes, model.windows_seen = {"density": torch.ones(8)}, 12
    model.mode_vector = torch.arange(8.0)
    save(model, tmp_path / "m", torch.float16)
    before = load(tmp_path / "m", "cpu")
    assert replace_sampler(tmp_path / "m", data, Spec("mixture_bootstrap"), device="cpu") == {}
    assert replace_sampler(tmp_path / "m", data, FLOW, updates=2, device="cpu").keys() == {"loss"}
    after = load(tmp_path / "m", "cpu")
    assert isinstance(before.autoencoder.sampler, MixtureBootstrap)
    assert isinstance(after.autoencoder.sampler, FlowMatching)
    assert torch.equal(after.attributes["density"], model.attributes["density"]) and after.windows_seen == 12
    assert after.mode_vector is not None and torch.equal(after.mode_vector, model.mode_vector)
    tokens = data.split("test").take(torch.arange(2))
    assert torch.equal(before.encode(tokens), after.encode(tokens))
    with safe_open(tmp_path / "m" / "model.safetensors", "pt") as file:
        assert file.get_slice("sampler.root").get_dtype() == "F16"
    with pytest.raises(MusicaeError, match="flaw"):
        replace_sampler(tmp_path / "m", data, Spec("flaw"), device="cpu")
