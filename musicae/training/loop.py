"""The training loop."""

from __future__ import annotations

import json
import math
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from musicae.config import Training, build
from musicae.corpus.augment import AUGMENTATIONS, Augmentation, Pairs
from musicae.corpus.dataset import Windows
from musicae.errors import MusicaeError
from musicae.model import Model, save
from musicae.music.midi import midi_bytes
from musicae.networks.batch import Batch
from musicae.networks.device import autocast
from musicae.seeds import mix
from musicae.storage.atomic import write_atomically
from musicae.training.arithmetic import Arithmetic
from musicae.training.checkpoint import TrainingState, load_state, save_state
from musicae.training.distributed import Ranks
from musicae.training.groups import Optimizer
from musicae.training.schedules import learning_rate, sampling_probability
from musicae.training.validation import Metrics, validate

LOG_EVERY = 100
"""Updates between two lines of training metrics."""

STATE_SECONDS = 120
"""Seconds between two saves of the state, besides those at validations."""

COLLAPSED_NATS = 1.0
"""Where its own code makes a window less than so much likelier than another one's, the decoder ignores z."""

PRIOR_WINDOWS = 4096
"""Training windows that the prior is fitted to whenever weights are kept."""

HOPELESS = 100
"""Updates in a row without a finite gradient after which a training gives up."""

Terms = dict[str, Float[Tensor, ""]]


@runtime_checkable
class Reporter(Protocol):
    """Where a training tells how it goes."""

    def updated(self, progress: TrainingState) -> None:
        """Called after every update."""

    def logged(self, progress: TrainingState, terms: Metrics) -> None:
        """Called with the mean terms of the updates since the last call."""

    def validated(self, progress: TrainingState, metrics: Metrics) -> None:
        """Called after every validation."""

    def tell(self, message: str) -> None:
        """Something the user should know."""


class NullReporter:
    """Tells nobody."""

    def updated(self, progress: TrainingState) -> None:
        pass

    def logged(self, progress: TrainingState, terms: Metrics) -> None:
        pass

    def validated(self, progress: TrainingState, metrics: Metrics) -> None:
        pass

    def tell(self, message: str) -> None:
        pass


class Trainer:
    """Trains a model into its folder: weights of the best validation, metrics as JSON lines, samples, and a state.

    Attributes:
        seen_before: how many windows other trainings have shown to the weights that this one began with.
        arithmetic: the precision of its updates, and its threads.

    Args:
        train, validation: windows on the model's device.
        folder: where everything is written.
        seed: with the number of an update and of a process, it decides all that is random.
    """

    def __init__(
        self,
        model: Model,
        train: Windows,
        validation: Windows,
        folder: Path,
        *,
        seed: int = 0,
        ranks: Ranks | None = None,
        reporter: Reporter | None = None,
    ) -> None:
        self.model, self.train, self.folder, self.seed = model, train, folder, seed
        self.ranks, self.reporter = ranks or Ranks(), reporter or NullReporter()
        self.training: Training = model.config.training
        self.augmentations = augmentations_of(model)
        self.module: nn.Module = self.ranks.wrap(model.autoencoder, model.device)
        self.optimizer = optimizer_of(model)
        self.progress = TrainingState()
        self.seen_before = 0
        self.arithmetic = Arithmetic("float32")
        self.held_out = validation.sample(self.training.validation_windows, seed)
        self.interrupted = False  # this process, which the others hear of after the update at hand
        self.stopping = False  # all processes
        self.limit = math.inf  # seconds in all
        self.over = 0.0  # share of them

    @property
    def state_path(self) -> Path:
        return self.folder / "training" / "state.safetensors"

    def resume(self) -> None:
        """Goes back to the last saved state, or to the start if there is none, and cuts the metrics off there."""
        if self.state_path.exists():
            self.progress = load_state(self.state_path, self.model.autoencoder, self.optimizer)
        metrics = self.folder / "metrics.jsonl"
        if self.ranks.rank == 0 and metrics.exists():
            lines = [line for line in metrics.read_text().splitlines() if _update_of(line) <= self.progress.update]
            write_atomically(metrics, "".join(f"{line}\n" for line in lines).encode())

    def run(self, minutes: float = math.inf) -> TrainingState:
        """Updates until `training.updates`, the minutes, or an interruption; both leave a state to resume from.

        Raises:
            KeyboardInterrupt: stopped by Ctrl-C or SIGTERM, after saving.
            MusicaeError: gradients are not finite any more.
        """
        self.clock = time.monotonic()
        self.limit = self.progress.seconds + minutes * 60
        self.over = self.progress.seconds / self.limit if minutes > 0 else 1.0
        self.model.autoencoder.train()
        going_on = self._done < 1
        if not going_on:
            self.reporter.tell("this training has come to its end: give more minutes or updates to go on")
        with _signals(self), self.arithmetic.on_its_threads():
            while going_on:
                going_on = self._advance()
        if self.stopping:
            raise KeyboardInterrupt
        return self.progress

    @property
    def _done(self) -> float:
        """Share of the training that is over, by its updates or by its time."""
        return max(self.progress.update / self.training.updates, self.over)

    def _advance(self) -> bool:
        """One update, and whatever is due after it. Whether to go on is decided here, by all processes alike."""
        progress, training = self.progress, self.training
        self.update()
        self._count_time()
        interrupted, over = float(self.interrupted), progress.seconds / self.limit
        interrupted, self.over = self.ranks.agree(interrupted, over, device=self.model.device)
        self.stopping = interrupted > 0
        finished = not self.stopping and self._done >= 1
        self.reporter.updated(progress)
        if progress.update % LOG_EVERY == 0 or finished:
            self._log()
        validating = progress.update % training.validate_every == 0 or finished
        if validating:
            self._validate()
        if self.stopping and progress.best_update == 0 and self.ranks.rank == 0:
            self._save_model()  # so that even this much can be played
        self._count_time()
        if validating or self.stopping or progress.seconds - progress.saved_seconds > STATE_SECONDS:
            self._save_state()
        return not (finished or self.stopping)

    def _count_time(self) -> None:
        now = time.monotonic()
        self.progress.seconds += now - self.clock
        self.clock = now

    def update(self) -> None:
        """One step of the optimizer, at the batch, the noise and the rates that belong to the number of the update."""
        progress, training = self.progress, self.training
        batch = self.batch(progress.update)
        torch.manual_seed(mix(self.seed, progress.update, 1 + self.ranks.rank))
        rate, dtype = learning_rate(training, self._done), self.arithmetic.dtype
        terms = step(self.module, self.optimizer, batch, rate, training.clip, dtype)
        progress.update += 1
        if terms:
            progress.add({name: float(term) for name, term in terms.items()})
            progress.failures = 0
        else:
            progress.skipped += 1
            progress.failures += 1
        if progress.failures == 1:
            self.reporter.tell(f"update {progress.update} left out: its gradient is not finite")
        if progress.failures == HOPELESS:
            message = f"the last {HOPELESS} gradients were not finite"
            hint = "begin again with a lower training.learning_rate, say 0.0003"
            raise MusicaeError(message, hint, kind="not-finite")

    def batch(self, update: int) -> Batch:
        """What an update sees in this process."""
        pairs = self._draw(update)
        return Batch.of(
            self.model.autoencoder.spec,
            pairs.target,
            encoder_columns=pairs.source,
            update=update,
            sampling_probability=sampling_probability(self.training.scheduled_sampling, update),
        )

    def _draw(self, update: int) -> Pairs:
        """This process's share of the windows of one update, which are drawn alike in every process."""
        generator = torch.Generator().manual_seed(mix(self.seed, update, 0))
        return draw(self.train, self.augmentations, self.training.batch, generator, self.ranks)

    def _log(self) -> None:
        terms = self.progress.take_means()
        self._write_metrics({"split": "train", **terms})
        self.reporter.logged(self.progress, terms)

    def _validate(self) -> None:
        if self.ranks.rank:
            return
        progress = self.progress
        metrics = validate(self.model.autoencoder, self.held_out)
        if metrics["loss"] < progress.best or progress.best_update == 0:
            progress.best, progress.best_update = metrics["loss"], progress.update
            self._save_model()
        self._write_metrics({"split": "validation", **metrics, "skipped": progress.skipped})
        tokens = self.model.decode(self.model.sample_codes(1, self.seed), seed=self.seed)[0]
        midi = midi_bytes(self.model.representation.decode(tokens))
        write_atomically(self.folder / "samples" / f"{progress.update:07}.mid", midi)
        self.reporter.validated(progress, metrics)
        if metrics.get("code_gain_nats", math.inf) < COLLAPSED_NATS:
            betas = [float(part.spec.arguments.get("beta", 0)) for part in self.model.config.regularizers]
            self.reporter.tell(
                f"the posterior has collapsed: the decoder ignores z, with the code of another window it does as well "
                f"(to {metrics['code_gain_nats']:.2f} nats). If it stays so, try "
                f"kl.beta={max(betas, default=0) / 2:g} or kl.free_bits=48"
            )

    def _write_metrics(self, metrics: Mapping[str, object]) -> None:
        if self.ranks.rank == 0:
            self.folder.mkdir(parents=True, exist_ok=True)
            with (self.folder / "metrics.jsonl").open("a") as file:
                file.write(json.dumps({"update": self.progress.update, **metrics}) + "\n")

    def _save_model(self) -> None:
        self.model.fit_sampler(self.train.sample(PRIOR_WINDOWS, self.seed))
        self.model.windows_seen = self.seen_before + self.progress.update * self.training.batch
        save(self.model, self.folder)

    def _save_state(self) -> None:
        self.progress.saved, self.progress.saved_seconds = self.progress.update, self.progress.seconds
        if self.ranks.rank == 0:
            save_state(self.state_path, self.model.autoencoder, self.optimizer, self.progress)


def draw(
    windows: Windows, augmentations: Sequence[Augmentation], n: int, generator: torch.Generator, ranks: Ranks
) -> Pairs:
    """This process's share of n random windows, which are drawn and augmented alike in all of them."""
    pairs = windows.draw(n, generator)
    for augment in augmentations:
        pairs = augment(pairs, generator)
    same = pairs.target is pairs.source
    source = ranks.share(pairs.source)
    return replace(
        pairs,
        source=source,
        target=source if same else ranks.share(pairs.target),
        label=None if pairs.label is None else ranks.share(pairs.label),
    )


def augmentations_of(model: Model) -> list[Augmentation]:
    """The augmentations of a model's configuration."""
    shape = model.representation.shape
    return [build(AUGMENTATIONS, choice, shape, model.device) for choice in model.config.augmentations]


def optimizer_of(model: Model) -> Optimizer:
    """The optimizer that the training of a model asks for."""
    muon = model.config.training.optimizer == "muon"
    return Optimizer(model.autoencoder, muon=muon, fused=model.device.type != "mps")


def step(
    module: nn.Module, optimizer: Optimizer, batch: Batch, learning_rate: float, clip: float, dtype: torch.dtype
) -> Terms:
    """One update of the weights: forward, backward, clip, step.

    Returns:
        The terms of the loss; none if its gradient is not finite, and then nothing was changed.
    """
    with autocast(batch.target.device, dtype):
        terms: Terms = module(batch)
    loss = torch.stack(list(terms.values())).sum()
    module.zero_grad()
    loss.backward()
    norm = nn.utils.clip_grad_norm_(module.parameters(), clip)
    if not torch.isfinite(norm):  # the gradient's, averaged over the processes: all leave the update out, or none
        return {}
    optimizer.step(learning_rate)
    return {name: term.detach() for name, term in terms.items()}


def fit_batch(training: Training, train: Windows, validation: Windows) -> Training:
    """The training with a batch that the data can fill.

    Raises:
        MusicaeError: there is nothing to train on, or nothing to validate on.
    """
    for name, windows in (("training", train), ("validation", validation)):
        if not len(windows):
            hint = "preprocess more music, or split it otherwise"
            raise MusicaeError(f"the {name} split of this data set is empty", hint, kind="empty-split", split=name)
    largest = 2 ** int(math.log2(len(train)))
    return replace(training, batch=min(training.batch, largest))


def _update_of(line: str) -> float:
    """The number of the update that a line of metrics belongs to; infinite if the line was cut short."""
    try:
        return float(json.loads(line)["update"])
    except ValueError:
        return math.inf


@contextmanager
def _signals(trainer: Trainer) -> Iterator[None]:
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
