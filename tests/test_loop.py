"""The loop trains anything that is a task: here images of 8 x 8 pixels, with a critic of their codes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from musicae.config import Training
from musicae.errors import MusicaeError
from musicae.networks.groups import GroupSettings
from musicae.seeds import generator
from musicae.training.checkpoint import TrainingState
from musicae.training.groups import LossTerms, ParameterGroup
from musicae.training.loop import Trainer
from musicae.training.outcome import state_path
from musicae.training.reporter import Metrics, Notice, NullReporter
from musicae.training.task import Task

CODE = 4


@dataclass(frozen=True, eq=False)
class Images:
    """A batch."""

    pixels: Tensor
    update: int = 0


class ImageAutoencoder(nn.Module):
    """Codes of images, which a critic cannot tell from N(0, 1)."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Linear(64, CODE)
        self.decoder = nn.Linear(CODE, 64)
        self.critic = nn.Linear(CODE, 1)

    def forward(self, batch: Images) -> LossTerms:
        z = self.encoder(batch.pixels.flatten(1))
        z = z + 0.1 * torch.randn_like(z)
        terms = {"nll": F.binary_cross_entropy_with_logits(self.decoder(z), batch.pixels.flatten(1))}
        if batch.update % 2 == 0:
            terms["adversary"] = F.softplus(-F.linear(z, self.critic.weight.detach(), self.critic.bias.detach())).mean()
        return {**terms, **self.critic_terms(z.detach())}

    def critic_terms(self, z: Tensor) -> LossTerms:
        true = torch.randn_like(z)
        return {"critic": F.softplus(self.critic(z)).mean() + F.softplus(-self.critic(true)).mean()}


class ImageTask(Task):
    """Blobs of light."""

    identity = "images"

    def __init__(self, training: Training, *, rounds: int = 1) -> None:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.net = ImageAutoencoder()
        self.module, self.training, self.rounds = self.net, training, rounds
        self.best: list[int] = []
        self.drawn: list[tuple[int, int]] = []

    def batch(self, update: int, round: int = 0) -> Images:
        self.drawn.append((update, round))
        centers = torch.rand(self.training.batch, 2, 1, generator=generator(5, 0, update, round)) * 8
        row, column = (torch.exp(-((torch.arange(8) - centers[:, i]) ** 2) / 4) for i in (0, 1))
        return Images(row[:, :, None] * column[:, None], update)

    def validate(self) -> Metrics:
        with torch.no_grad(), torch.random.fork_rng():
            torch.manual_seed(0)
            return {"loss": float(self.net(self.batch(10**6))["nll"]), "critic": -1.0}

    def save_best(self, state: TrainingState) -> None:
        self.best.append(state.update)

    def groups(self) -> list[ParameterGroup]:
        own = [*self.net.encoder.parameters(), *self.net.decoder.parameters()]
        critic = list(self.net.critic.parameters())
        return [
            ParameterGroup("autoencoder", own, GroupSettings(clip=self.training.clip)),
            ParameterGroup("critic", critic, GroupSettings(betas=(0.5, 0.9), clip=5.0, clamp=0.05, rounds=self.rounds)),
        ]

    def critic_terms(self, batch: Images) -> LossTerms:
        with torch.no_grad():
            z = self.net.encoder(batch.pixels.flatten(1))
        return self.net.critic_terms(z)

    def validated(self, state: TrainingState, metrics: Metrics) -> Iterable[Notice]:
        yield Notice("validated", "test", {"update": state.update})


def training(**settings: object) -> Training:
    return Training(**{"batch": 16, "updates": 40, "validate_every": 10, "learning_rate": 1e-2, **settings})  # type: ignore[arg-type]


def state_of(task: ImageTask) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in task.net.state_dict().items()}


def assert_equal(a: dict[str, Tensor], b: dict[str, Tensor]) -> None:
    assert a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_images_are_trained_by_the_loop_of_music(tmp_path: Path) -> None:
    task = ImageTask(training(updates=200, validate_every=50))
    before = task.validate()["loss"]
    state = Trainer(task, tmp_path, seed=1).run()
    assert state.update == 200 and state.best < 0.8 * before
    assert task.best[-1] == state.best_update
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [line["update"] for line in lines if line["split"] == "train"] == [100, 200]
    losses = {line["update"]: line["loss"] for line in lines if line["split"] == "validation"}
    assert min(losses, key=lambda update: losses[update]) == state.best_update
    assert float(task.net.critic.weight.detach().abs().max()) == pytest.approx(0.05)


@pytest.mark.parametrize("rounds", [1, 3])
def test_a_stopped_training_goes_on_bit_by_bit_critic_included(rounds: int, tmp_path: Path) -> None:
    whole = ImageTask(training(), rounds=rounds)
    Trainer(whole, tmp_path / "whole", seed=1).run()
    first = ImageTask(training(), rounds=rounds)

    class Stop(NullReporter):
        def updated(self, state: TrainingState) -> None:
            trainer.interrupted = state.update == 23

    trainer = Trainer(first, tmp_path / "parts", seed=1, reporter=Stop())
    with pytest.raises(KeyboardInterrupt):
        trainer.run()
    rest = ImageTask(training(), rounds=rounds)
    resumed = Trainer(rest, tmp_path / "parts", seed=1)
    resumed.resume()
    assert 23 <= resumed.state.update <= 24
    torch.manual_seed(99)  # what the caller draws is another matter
    resumed.run()
    assert_equal(state_of(whole), state_of(rest))
    metrics = [(tmp_path / name / "metrics.jsonl").read_bytes() for name in ("whole", "parts")]
    assert metrics[0] == metrics[1]


def test_rounds_of_a_critic_move_it_alone_on_batches_of_their_own(tmp_path: Path) -> None:
    task = ImageTask(training(), rounds=3)
    trainer = Trainer(task, tmp_path)
    trainer.update()
    assert task.drawn == [(0, 1), (0, 2), (0, 0)]
    once = ImageTask(training(), rounds=1)
    Trainer(once, tmp_path).update()
    a, b = state_of(task), state_of(once)
    assert torch.equal(a["decoder.weight"], b["decoder.weight"])
    assert not torch.equal(a["critic.weight"], b["critic.weight"])
    assert trainer.optimizers.moments(task.net.get_parameter("critic.weight"))["step"] == 3
    assert trainer.optimizers.moments(task.net.get_parameter("encoder.weight"))["step"] == 1


def test_terms_are_logged_over_the_updates_that_had_them(tmp_path: Path) -> None:
    trainer, seen = Trainer(ImageTask(training()), tmp_path), list[LossTerms]()
    for _ in range(5):
        trainer.module.register_forward_hook(lambda module, inputs, terms: seen.append(terms))
        trainer.update()
        trainer.module._forward_hooks.clear()
    assert ["adversary" in terms for terms in seen] == [True, False, True, False, True]
    means = trainer.state.take_means()
    for name in ("nll", "adversary", "critic"):
        values = [float(terms[name].detach()) for terms in seen if name in terms]
        assert means[name] == pytest.approx(sum(values) / len(values), rel=1e-5)
    assert not trainer.state.sums and not trainer.state.counts


@pytest.mark.parametrize(("seconds", "words"), [(17.6, "18 s"), (150.0, "2.5 minutes")])
def test_less_than_a_minute_is_said_in_seconds(seconds: float, words: str) -> None:
    assert TrainingState(seconds=seconds).duration == words


def test_the_random_numbers_of_the_caller_stay(tmp_path: Path) -> None:
    before = torch.random.get_rng_state()
    Trainer(ImageTask(training(updates=3)), tmp_path).run()
    assert torch.equal(torch.random.get_rng_state(), before)


def test_notices_of_a_task_reach_the_reporter(tmp_path: Path) -> None:
    calls: list[object] = []

    class All(NullReporter):
        def began(self, state: TrainingState, training: Training, seconds: float) -> None:
            calls.append((state.update, training.updates, seconds))

        def tell(self, notice: Notice) -> None:
            calls.append((notice.kind, notice.facts))

    Trainer(ImageTask(training(updates=2, validate_every=2)), tmp_path, minutes=10.0, reporter=All()).run()
    assert calls == [(0, 2, 600.0), ("test", {"update": 2})]


def test_the_state_of_another_task_is_refused(tmp_path: Path) -> None:
    Trainer(ImageTask(training(updates=1)), tmp_path).run()
    other = ImageTask(training())
    other.identity = "sounds"
    with pytest.raises(MusicaeError, match="it is of images, not of sounds"):
        Trainer(other, tmp_path).resume()
    assert state_path(tmp_path).exists()
