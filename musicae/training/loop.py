"""The training loop."""

from __future__ import annotations

import json
import math
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from musicae.config import Training
from musicae.corpus.dataset import Windows
from musicae.errors import MusicaeError
from musicae.model import Model, save
from musicae.music.midi import write_midi
from musicae.networks.autoencoder import Batch
from musicae.networks.hardware import autocast, precision
from musicae.training.checkpoint import Progress, load_state, save_state
from musicae.training.distributed import Workers
from musicae.training.schedules import learning_rate, sampling_probability
from musicae.training.validation import Metrics, validate

LOG_EVERY = 100
"""Updates between two lines of training metrics."""

STATE_SECONDS = 120
"""Seconds between two saves of the state, besides those at validations."""

COLLAPSED_NATS = 1.0
"""Below this KL the decoder ignores z."""


@runtime_checkable
class Reporter(Protocol):
    """Where a training tells how it goes."""

    def updated(self, progress: Progress, terms: Metrics, windows: int) -> None:
        """Called now and then with the mean terms and the number of windows since the last call."""

    def validated(self, progress: Progress, metrics: Metrics) -> None:
        """Called after every validation."""

    def warn(self, message: str) -> None:
        """Something the user should know."""


class Silent:
    """Tells nobody."""

    def updated(self, progress: Progress, terms: Metrics, windows: int) -> None:
        pass

    def validated(self, progress: Progress, metrics: Metrics) -> None:
        pass

    def warn(self, message: str) -> None:
        pass


class Trainer:
    """Trains a model into its folder: weights of the best validation, metrics as JSON lines, samples, and a state.

    Args:
        train, validation: windows on the model's device.
        folder: where everything is written.
    """

    def __init__(
        self,
        model: Model,
        train: Windows,
        validation: Windows,
        folder: Path,
        *,
        seed: int = 0,
        workers: Workers | None = None,
        reporter: Reporter | None = None,
    ) -> None:
        self.model, self.train, self.folder, self.seed = model, train, folder, seed
        self.workers, self.reporter = workers or Workers(), reporter or Silent()
        self.training: Training = model.config.training
        self.module: nn.Module = self.workers.wrap(model.autoencoder, model.device)
        parameters = model.autoencoder.parameters()
        self.optimizer = torch.optim.Adam(parameters, self.training.learning_rate, fused=model.device.type != "mps")
        self.progress = Progress()
        self.dtype = precision(model.device)
        generator = torch.Generator().manual_seed(seed)
        chosen = torch.randperm(len(validation), generator=generator)[: self.training.validation_windows]
        self.held_out = validation.take(chosen)
        self.sums: dict[str, Tensor] = {}
        self.summed = 0
        self.stopping = False

    @property
    def state_path(self) -> Path:
        return self.folder / "training" / "state.safetensors"

    def resume(self) -> None:
        """Goes back to the last saved state, or to the start if there is none, and cuts the metrics off there."""
        if self.state_path.exists():
            self.progress = load_state(self.state_path, self.model.autoencoder, self.optimizer)
        metrics = self.folder / "metrics.jsonl"
        if self.workers.rank == 0 and metrics.exists():
            lines = [line for line in metrics.read_text().splitlines() if _update_of(line) <= self.progress.update]
            metrics.write_text("".join(f"{line}\n" for line in lines))

    def run(self, minutes: float = math.inf) -> Progress:
        """Updates until `training.updates`, the minutes, or an interruption; always leaves a state to resume from.

        Raises:
            KeyboardInterrupt: stopped by Ctrl-C or SIGTERM, after saving.
        """
        progress, training = self.progress, self.training
        started = saved = time.monotonic()
        self.model.autoencoder.train()
        with _signals(self):
            while progress.update < training.updates:
                before = time.monotonic()
                self.update()
                progress.seconds += time.monotonic() - before
                now = time.monotonic()
                out_of_time = now - started > minutes * 60
                last = self.workers.agree(out_of_time or self.stopping, self.model.device)
                last = last or progress.update >= training.updates
                if progress.update % LOG_EVERY == 0 or last:
                    self._log_training()
                if progress.update % training.validate_every == 0 or (last and not self.stopping):
                    self._validate()
                    saved = 0.0
                if now - saved > STATE_SECONDS or last:
                    self._save_state()
                    saved = now
                if last:
                    break
        if self.stopping:
            raise KeyboardInterrupt
        return progress

    def update(self) -> None:
        """One step of the optimizer."""
        progress, training = self.progress, self.training
        tokens = self._draw(progress.update)
        torch.manual_seed(mix(self.seed, progress.update, 1 + self.workers.rank))
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(training, progress.update)
        probability = sampling_probability(training.scheduled_sampling, progress.update)
        with autocast(self.model.device, self.dtype):
            terms = self.module(Batch(tokens, progress.update, probability))
        self.optimizer.zero_grad()
        torch.stack(list(terms.values())).sum().backward()
        norm = nn.utils.clip_grad_norm_(self.model.autoencoder.parameters(), training.clip)
        if torch.isfinite(norm):
            self.optimizer.step()
            self.summed += 1
            for name, term in terms.items():
                self.sums[name] = self.sums.get(name, torch.zeros_like(term)) + term.detach()
        else:
            progress.skipped += 1
        progress.update += 1

    def _draw(self, update: int) -> Tensor:
        """The windows of one update, drawn alike in every process; each takes its share."""
        generator = torch.Generator().manual_seed(mix(self.seed, update, 0))
        indices, shifts = self.train.draw(self.training.batch, generator)
        windows = self.train.take(self.workers.share(indices))
        return self.train.transpose(windows, self.workers.share(shifts)) if self.training.transpose else windows

    def _log_training(self) -> None:
        updates = self.summed
        terms = {name: float(total) / updates for name, total in self.sums.items()}
        self.sums, self.summed = {}, 0
        self._write_metrics({"split": "train", **terms})
        self.reporter.updated(self.progress, terms, updates * self.training.batch)

    def _validate(self) -> None:
        if self.workers.rank:
            return
        progress = self.progress
        metrics = validate(self.model.autoencoder, self.held_out)
        if metrics["loss"] < progress.best:
            progress.best = metrics["loss"]
            save(self.model, self.folder)
        self._write_metrics({"split": "validation", **metrics, "skipped": progress.skipped})
        tokens = self.model.decode(self.model.prior(1, self.seed), seed=self.seed)[0]
        write_midi(self.model.representation.decode(tokens), self.folder / "samples" / f"{progress.update:07}.mid")
        self.reporter.validated(progress, metrics)
        if metrics["kl"] < COLLAPSED_NATS and progress.update >= self.training.validate_every:
            self.reporter.warn(
                f"the posterior has collapsed: {metrics['kl']:.2f} nats, {metrics['active']:.0f} active dimensions; "
                "the decoder ignores z. Try --set kl.beta=0.1 or --set kl.free_bits=48"
            )

    def _write_metrics(self, metrics: dict[str, object] | dict[str, float | str]) -> None:
        if self.workers.rank == 0:
            self.folder.mkdir(parents=True, exist_ok=True)
            with (self.folder / "metrics.jsonl").open("a") as file:
                file.write(json.dumps({"update": self.progress.update, **metrics}) + "\n")

    def _save_state(self) -> None:
        if self.workers.rank == 0:
            save_state(self.state_path, self.model.autoencoder, self.optimizer, self.progress)


def fit_batch(training: Training, train: Windows, validation: Windows) -> Training:
    """The training with a batch that the data can fill.

    Raises:
        MusicaeError: there is nothing to train on, or nothing to validate on.
    """
    for name, windows in (("training", train), ("validation", validation)):
        if not len(windows):
            hint = "preprocess more music, or give a split with --splits"
            raise MusicaeError(f"the {name} split of this data set is empty", hint)
    largest = 2 ** int(math.log2(len(train)))
    return replace(training, batch=min(training.batch, largest))


def mix(*parts: int) -> int:
    """One 63-bit seed from several numbers (the finalizer of SplitMix64, once per number)."""
    state = 0
    for part in parts:
        state = (state + part + 0x9E3779B97F4A7C15) % 2**64
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) % 2**64
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) % 2**64
        state ^= state >> 31
    return state >> 1


def _update_of(line: str) -> int:
    return int(json.loads(line)["update"])


@contextmanager
def _signals(trainer: Trainer) -> Iterator[None]:
    """Ctrl-C and SIGTERM let the update at hand finish; a second Ctrl-C does not wait."""

    def stop(number: int, frame: FrameType | None) -> None:
        trainer.stopping = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    previous = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
