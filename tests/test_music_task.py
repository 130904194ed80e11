"""Music as a task: critics beside the autoencoder, batches, labels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn

from musicae.config import named
from musicae.corpus.augment import Augmentation, Pairs
from musicae.corpus.dataset import Dataset
from musicae.model import TABLES, load
from musicae.music.representations.base import Shape
from musicae.networks.groups import GroupSettings
from musicae.networks.regularizers.base import Adversarial, Context, Step, Terms
from musicae.objectives import apply
from musicae.training.loop import Trainer
from musicae.training.music_task import MusicTask
from musicae.training.outcome import state_path
from musicae.training.reporter import Metrics
from tests.helpers.labels import labeled_by_pitch
from tests.helpers.trainings import assert_same, tiny, trainer, weights


class CodeCritic(Adversarial):
    """Tells codes from draws of N(0, 1), and is deceived."""

    def __init__(self, context: Context, *, rounds: int = 1) -> None:
        super().__init__()
        self.critic = nn.Linear(4, 1)
        self.group = GroupSettings(learning_rate_scale=0.5, betas=(0.5, 0.9), rounds=rounds)

    def terms(self, step: Step) -> Terms:
        return {self.label: 0.1 * F.softplus(-self.critic(step.posterior.z)).mean()}

    def critic_terms(self, step: Step) -> Terms:
        z = step.posterior.z
        cost = F.softplus(self.critic(z)).mean() + F.softplus(-self.critic(torch.randn_like(z))).mean()
        return {f"{self.label}/critic": cost}


class Silence(Augmentation):
    """The encoder reads nothing."""

    def __init__(self, shape: Shape, device: torch.device | str = "cpu") -> None:
        pass

    def __call__(self, pairs: Pairs, generator: torch.Generator) -> Pairs:
        return replace(pairs, encoder_columns=pairs.encoder_columns * 0)


@pytest.fixture(autouse=True)
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Critics stand in the table of regularizers."""
    monkeypatch.setitem(TABLES["regularizers"], "code_critic", CodeCritic)
    yield


def trained(data: Dataset, folder: Path, *, rounds: int = 1, resume: bool = False) -> Trainer[MusicTask]:
    critics = (named("code_critic", label="first", rounds=rounds), named("code_critic", label="second"))
    config = tiny(updates=8)
    return trainer(data, folder, replace(config, regularizers=(*config.regularizers, *critics)), resume=resume)


def test_two_critics_of_a_kind_train_beside_the_autoencoder(data: Dataset, tmp_path: Path) -> None:
    both = trained(data, tmp_path / "m", rounds=2)
    assert [group.name for group in both.task.groups()] == ["autoencoder", "first", "second"]
    before = weights(both.task.model)
    both.update()
    assert set(both.state.counts) == {"nll", "kl", "first", "first/critic", "second", "second/critic"}
    after = weights(both.task.model)
    assert all(not torch.equal(before[name], after[name]) for name in after if "critic" in name)
    steps = {
        label: float(both.optimizers.moments(both.task.model.autoencoder.get_parameter(name))["step"])
        for label in ("first", "second")
        for name in (f"regularizers.{label}.critic.weight",)
    }
    assert steps == {"first": 2, "second": 1}


@pytest.mark.parametrize("rounds", [1, 2])
def test_critics_are_resumed_bit_by_bit_and_no_part_of_the_model(rounds: int, data: Dataset, tmp_path: Path) -> None:
    whole = trained(data, tmp_path / "whole", rounds=rounds)
    whole.run()
    stopped = trained(data, tmp_path / "parts", rounds=rounds)
    stopped.interrupted = True
    with pytest.raises(KeyboardInterrupt):
        stopped.run()
    rest = trained(data, tmp_path / "parts", rounds=rounds, resume=True)
    assert rest.state.update == 1
    rest.run()
    assert_same(weights(whole.task.model), weights(rest.task.model))
    saved = load_file(tmp_path / "whole" / "model.safetensors")
    assert not [name for name in saved if "critic" in name]
    assert [name for name in load_file(state_path(tmp_path / "whole")) if "critic" in name]
    assert load(tmp_path / "whole", "cpu").windows_seen == whole.state.best_update * 8


def test_the_best_weights_are_those_without_critics_in_the_loss(data: Dataset, tmp_path: Path) -> None:
    task = trained(data, tmp_path / "m").task
    metrics = _without_ratios(task.validate())
    with torch.no_grad():
        for name, parameter in task.model.autoencoder.named_parameters():
            if "critic" in name:
                parameter.add_(100.0)
    assert _without_ratios(task.validate()) == metrics


def _without_ratios(metrics: Metrics) -> Metrics:
    """Metrics but for those that say how strong critics pull."""
    return {name: value for name, value in metrics.items() if not name.startswith("gradient_ratio/")}


def test_batches_follow_from_the_update_and_carry_labels(data: Dataset, tmp_path: Path) -> None:
    task = trained(data, tmp_path / "m").task
    one, again, other, further = task.batch(3), task.batch(3), task.batch(4), task.batch(3, 1)
    assert torch.equal(one.target, again.target) and torch.equal(one.encoder_tokens, one.target)
    assert not torch.equal(one.target, other.target) and not torch.equal(one.target, further.target)
    assert (one.label == -1).all() and one.update == 3
    task.data.train.labels = torch.arange(len(task.data.train))
    assert len(task.batch(3).label.unique()) > 1


@pytest.mark.parametrize(
    ("objective", "metric"), [("aae-semi", "loss"), ("arae-transfer", "gradient_ratio/label_adversary")]
)
def test_validations_see_the_labels_that_a_training_sees(
    objective: str, metric: str, data: Dataset, tmp_path: Path
) -> None:
    labeled_by_pitch(data)
    config = apply(tiny(updates=1), objective, ("low", "high"))
    known, unknown = (
        trainer(
            data, tmp_path / f"{share}", replace(config, training=replace(config.training, label_share=share))
        ).task.validate()
        for share in (1.0, 0.0)
    )
    assert known["nll"] == unknown["nll"], "the encoder is not told"
    assert known[metric] > unknown.get(metric, 0.0)
    assert ("label_adversary" in metric) == (metric not in unknown)


def test_samples_are_not_drawn_by_the_seed_of_their_codes(
    data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = trained(data, tmp_path / "m")
    task, model = whole.task, whole.task.model
    codes, decode = Mock(wraps=model.sample_codes), Mock(wraps=model.decode)
    monkeypatch.setattr(model, "sample_codes", codes)
    monkeypatch.setattr(model, "decode", decode)
    list(task.validated(whole.state, task.validate()))
    codes.assert_called_once_with(1, task.seed)
    assert decode.call_args_list[-1].kwargs["seed"] != task.seed


def test_targets_may_be_other_windows_than_the_encoder_reads(data: Dataset, tmp_path: Path) -> None:
    task = trained(data, tmp_path / "m").task
    task.augmentations = [Silence(task.data.train.shape)]
    batch = task.batch(0)
    assert batch.target.any() and not batch.encoder_tokens.any()
