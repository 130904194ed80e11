"""The training loop: updates, budget, metrics, validation, the best weights, and a state to go on from.

It knows a `Task`, and nothing of what is trained. What is unusual:

- All that is random follows from (seed, update, rank), so that a training that was stopped, however that was, goes on
  to the weights that it would have reached, if in the same arithmetic: that of a model is kept in its run file, that of
  others is chosen anew. The caller's random numbers are left as they were.
- Batches are drawn alike in every process and then shared, so that two processes do what one does with the same batch.
- Sums of the terms of the loss stay on the device until they are logged. Whether gradients are finite is the one thing
  that an update waits for.
"""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Generic, TypeVar

import torch
from torch import nn

from musicae.errors import MusicaeError
from musicae.networks.device import autocast
from musicae.seeds import child_seeds
from musicae.training.arithmetic import Arithmetic
from musicae.training.checkpoint import TrainingState, load_state, save_state
from musicae.training.distributed import Ranks
from musicae.training.groups import LossTerms, Optimizers
from musicae.training.metrics import append_metrics, cut_metrics
from musicae.training.outcome import state_path
from musicae.training.reporter import Notice, NullReporter, Reporter
from musicae.training.schedules import learning_rate
from musicae.training.task import Task

LOG_EVERY = 100
"""Updates between two lines of training metrics."""

STATE_SECONDS = 120
"""Seconds between two saves of the state, besides those at validations."""

HOPELESS = 100
"""Updates in a row without a finite gradient after which a training gives up."""

NOISE = 1
"""What lies under this number of the path of seeds is noise of networks; 0 is for batches."""


T = TypeVar("T", bound=Task)


@dataclass
class Budget:
    """How much of a training is over.

    Attributes:
        updates, seconds: where it ends, whichever comes first; seconds may be infinite.
        spent: share of the seconds, the largest of any process.
    """

    updates: int
    seconds: float = math.inf
    spent: float = 0.0

    def done(self, update: int) -> float:
        """The share that is over after so many updates."""
        return max(update / self.updates, self.spent)


class Trainer(Generic[T]):
    """Trains a task into a folder: its best weights, metrics as JSON lines, and a state.

    Attributes:
        state: how far it has come.

    Args:
        folder: where everything is written.
        seed: with the number of an update and of a process, it decides the noise in networks.
        minutes: that it may take over all its parts; 0 for as many as its updates take.
        arithmetic: the precision of its updates, and its threads.
    """

    def __init__(
        self,
        task: T,
        folder: Path,
        *,
        seed: int = 0,
        minutes: float = 0.0,
        arithmetic: Arithmetic | None = None,
        ranks: Ranks | None = None,
        reporter: Reporter | None = None,
    ) -> None:
        self.task, self.folder, self.seed = task, folder, seed
        self.arithmetic = arithmetic or Arithmetic("float32")
        self.ranks, self.reporter = ranks or Ranks(), reporter or NullReporter()
        self.device = task.device
        self.module: nn.Module = self.ranks.wrap(task.module, self.device)
        self.optimizers = Optimizers(task.groups())
        self.budget = Budget(task.training.updates, minutes * 60 or math.inf)
        self.state = TrainingState()
        self.clock = time.monotonic()
        self.interrupted = False  # this process; the others learn of it after the update at hand
        self.stopping = False  # all processes

    def resume(self) -> None:
        """Goes back to the last saved state, or to the start if there is none, and cuts the metrics off there."""
        path, last = state_path(self.folder), -1
        if path.exists():
            self.state = load_state(path, self.task.module, self.optimizers, self.task.identity)
            last = self.state.update
        if self.ranks.rank == 0:
            cut_metrics(self.folder, last)

    def run(self) -> TrainingState:
        """Updates until the budget is spent, or an interruption; both leave a state to resume from.

        Raises:
            KeyboardInterrupt: stopped by Ctrl-C or SIGTERM, after saving.
            MusicaeError: gradients are not finite any more.
        """
        self.budget.spent = self.state.seconds / self.budget.seconds
        self.clock = time.monotonic()
        self.task.module.train()
        self.reporter.began(self.state, self.task.training, self.budget.seconds)
        going_on = self.budget.done(self.state.update) < 1
        if not going_on:
            self.reporter.tell(Notice("all updates of this training are done", "ended"))
        with _signals(self), self.arithmetic.on_its_threads(), _own_randomness(self.device):
            if going_on and self.task.inherited and self.state.update == 0 and not self.state.measured:
                self._validate()
                self._save_state()
            while going_on:
                going_on = self._advance()
        if self.stopping:
            raise KeyboardInterrupt
        return self.state

    def _advance(self) -> bool:
        """One update, and whatever is due after it. Whether to go on is decided here, by all processes alike."""
        state, training = self.state, self.task.training
        self.update()
        self._count_time()
        interrupted, spent = float(self.interrupted), state.seconds / self.budget.seconds
        interrupted, self.budget.spent = self.ranks.agree(interrupted, spent, device=self.device)
        self.stopping = interrupted > 0
        finished = not self.stopping and self.budget.done(state.update) >= 1
        self.reporter.updated(state)
        if state.update % LOG_EVERY == 0 or finished:
            self._log()
        validating = state.update % training.validate_every == 0 or finished
        if validating:
            self._validate()
        if self.ranks.rank == 0 and finished:
            self._tell(self.task.ended(state))
        if self.ranks.rank == 0 and self.stopping and not state.measured:
            self.task.save_best(state)  # so that even this much can be used
        self._count_time()
        if validating or self.stopping or state.seconds - state.saved_seconds > STATE_SECONDS:
            self._save_state()
        return not (finished or self.stopping)

    def _count_time(self) -> None:
        now = time.monotonic()
        self.state.seconds += now - self.clock
        self.clock = now

    def update(self) -> None:
        """One update of all groups, after the rounds in which critics move alone."""
        state, rate = self.state, learning_rate(self.task.training, self.budget.done(self.state.update))
        for round in range(1, self.optimizers.rounds):
            self._critic_round(round, rate)
        self._seed_noise()
        batch = self.batch(state.update)
        with autocast(self.device, self.arithmetic.dtype):
            terms: LossTerms = self.module(batch)
        self.optimizers.backward(terms)
        finite = self.optimizers.step(rate, dtype=self.arithmetic.dtype)
        state.update += 1
        if finite:
            state.add(terms)
            state.failures = 0
        else:
            self._leave_out()

    def _critic_round(self, round: int, rate: float) -> None:
        """Moves the groups that have a round of this number, on a batch of its own."""
        self._seed_noise(round)
        batch = self.batch(self.state.update, round)
        with autocast(self.device, self.arithmetic.dtype):
            terms = self.task.critic_terms(batch)
        if not terms:
            return
        moved = self.optimizers.with_rounds(round)
        self.optimizers.backward(terms)
        self.ranks.average_gradients(parameter for one in moved for parameter in one.group.parameters)
        self.optimizers.step(rate, moved, dtype=self.arithmetic.dtype)

    def _leave_out(self) -> None:
        """Counts an update that changed nothing.

        Raises:
            MusicaeError: too many of them in a row.
        """
        state = self.state
        state.skipped += 1
        state.failures += 1
        if state.failures == 1:
            self.reporter.tell(Notice(f"update {state.update} left out: its gradient is not finite", "left-out"))
        if state.failures == HOPELESS:
            message = f"the last {HOPELESS} gradients were not finite"
            hint = "begin again with a lower training.learning_rate, say 0.0003"
            raise MusicaeError(message, hint, kind="not-finite")

    def batch(self, update: int, round: int = 0) -> Any:
        """What an update, or a round of critics, sees in this process."""
        return self.ranks.share_batch(self.task.batch(update, round))

    def _seed_noise(self, round: int = 0) -> None:
        torch.manual_seed(*child_seeds(self.seed, NOISE, self.state.update, self.ranks.rank, round))

    def _log(self) -> None:
        terms = self.state.take_means()
        self._write_metrics({"split": "train", **terms})
        self.reporter.logged(self.state, terms)

    def _validate(self) -> None:
        if self.ranks.rank:
            return
        state = self.state
        metrics = self.task.validate()
        if metrics["loss"] < state.best or not state.measured:
            state.best, state.best_update = metrics["loss"], state.update
            self.task.save_best(state)
        self._write_metrics({"split": "validation", **metrics, "skipped": state.skipped})
        notices = list(self.task.validated(state, metrics))
        self.reporter.validated(state, metrics)
        self._tell(notices)

    def _tell(self, notices: Iterable[Notice]) -> None:
        for notice in notices:
            self.reporter.tell(notice)

    def _write_metrics(self, metrics: Mapping[str, object]) -> None:
        if self.ranks.rank == 0:
            append_metrics(self.folder, self.state.update, metrics)

    def _save_state(self) -> None:
        self.state.saved, self.state.saved_seconds = self.state.update, self.state.seconds
        if self.ranks.rank == 0:
            save_state(state_path(self.folder), self.task.module, self.optimizers, self.state, self.task.identity)


@contextmanager
def _own_randomness(device: torch.device) -> Iterator[None]:
    """Leaves the random numbers of whoever trains as they were."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        yield


@contextmanager
def _signals(trainer: Trainer[Any]) -> Iterator[None]:
    """Ctrl-C and SIGTERM let the update at hand finish; a second Ctrl-C does not wait."""

    def stop(number: int, frame: FrameType | None) -> None:
        trainer.interrupted = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    previous = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
