"""Music as a task: windows of a data set, augmented, through the autoencoder of a model."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

from musicae.config import Training, build
from musicae.corpus.augment import Augmentation, Pairs
from musicae.corpus.augmentations import AUGMENTATIONS
from musicae.corpus.dataset import Windows
from musicae.errors import MusicaeError
from musicae.model import Model, save
from musicae.music.midi import midi_bytes
from musicae.networks.autoencoder import Autoencoder
from musicae.networks.batch import Batch
from musicae.networks.groups import GroupSettings
from musicae.seeds import child_seeds, generator
from musicae.storage.atomic import write_atomically
from musicae.training.checkpoint import TrainingState
from musicae.training.groups import LossTerms, ParameterGroup
from musicae.training.metrics import validation_at
from musicae.training.playback import Playback, hold_shares, in_percent, outcome
from musicae.training.reporter import Metrics, Notice
from musicae.training.sampler_training import FITTED_CODES
from musicae.training.schedules import sampling_probability
from musicae.training.task import Task
from musicae.training.validation import COLLAPSED_NATS, validate

BATCHES, SAMPLES = 0, 6
"""What lies under these numbers of the path of seeds is for batches, for samples; 1 is for the noise in networks."""


@dataclass(frozen=True, eq=False)
class Splits:
    """Windows on the model's device: those to train on, and those to validate on.

    Raises:
        MusicaeError: one of them is empty.
    """

    train: Windows
    validation: Windows

    def __post_init__(self) -> None:
        for name, windows in (("train", self.train), ("validation", self.validation)):
            if not len(windows):
                message, hint = f"the {name} split of this data set is empty", "preprocess more music"
                raise MusicaeError(message, hint, kind="empty-split", split=name)


class MusicTask(Task):
    """Trains a model on windows, and saves it with a fitted sampler whenever it is the best so far.

    Args:
        folder: of the model, where samples go as well.
        seed: decides batches, together with the number of an update.
        seen_before: how many windows other trainings have shown to the weights that this one begins with.
        inherited: whether these weights are all those of a model, the parent.
    """

    def __init__(
        self,
        model: Model,
        data: Splits,
        folder: Path,
        *,
        seed: int = 0,
        seen_before: int = 0,
        inherited: bool = False,
    ) -> None:
        self.model, self.data, self.folder = model, data, folder
        self.seed, self.seen_before, self.inherited = seed, seen_before, inherited
        self.module: nn.Module = model.autoencoder
        self.training: Training = model.config.training
        self.identity = str(model.representation)
        self.augmentations = augmentations_of(model)
        chosen = data.validation.choose(self.training.validation_windows, seed)
        self.held_out, self.held_out_label = data.validation.take(chosen), data.validation.labels_of(chosen)
        self.baselines = hold_shares(model.autoencoder.spec, self.held_out)
        self.collapsed = False  # at the last validation; at the first, posteriors often are

    def batch(self, update: int, round: int = 0) -> Batch:
        """Random windows of the training data, augmented."""
        source = generator(self.seed, BATCHES, update, round)
        pairs = draw_pairs(self.data.train, self.training.batch, self.augmentations, source)
        return batch_of(self.model.autoencoder, pairs, self.training, update)

    def validate(self) -> Metrics:
        """How well the autoencoder does on the held-out windows."""
        return validate(self.model.autoencoder, self.held_out, self.held_out_label, dtype=self.model.precision)

    def groups(self) -> list[ParameterGroup]:
        """The autoencoder, a prior that learns from a critic, and every critic."""
        return parameter_groups(self.model.autoencoder, self.training)

    def critic_terms(self, batch: Batch) -> LossTerms:
        """Those of all critics, on codes that lead back to nothing."""
        return self.model.autoencoder.critic_terms(batch)

    def save_best(self, state: TrainingState) -> None:
        """Fits the sampler and writes the model."""
        self.model.fit_sampler(self.data.train.sample(FITTED_CODES, self.seed))
        self.model.windows_seen = self.seen_before + state.update * self.training.batch
        save(self.model, self.folder)

    def validated(self, state: TrainingState, metrics: Metrics) -> Iterable[Notice]:
        """Writes a sample as MIDI; says how much the model plays back, and whether the posterior stays collapsed."""
        (child,) = child_seeds(self.seed, SAMPLES)
        tokens = self.model.decode(self.model.sample_codes(1, self.seed), seed=child)[0]
        midi = midi_bytes(self.model.representation.decode(tokens))
        write_atomically(self.folder / "samples" / f"{state.update:07}.mid", midi)
        yield self._progress(state, metrics)
        gain = metrics.get("code_gain_nats", math.inf)
        collapsed = gain < COLLAPSED_NATS
        if collapsed and self.collapsed:
            yield self._collapsed(gain)
        self.collapsed = collapsed

    def ended(self, state: TrainingState) -> Iterable[Notice]:
        """What the best weights play back, beside the parent; where that is nothing, that nothing was learned."""
        now, parent = self._playback(state.best_update), self._playback(0)
        if now is None:
            return
        if parent is not None:
            yield Notice(outcome(parent, now, kept=state.best_update == 0), "outcome")
        elif now.nothing:
            yield Notice(f"it has learned nothing yet: {now.beside_baseline}", "learned-nothing", self._facts())
        elif state.best_update < state.update:
            yield Notice(f"the best weights are kept: they play back {now}", "outcome")

    def _facts(self) -> dict[str, object]:
        choice = self.model.config.representation
        return {"representation": choice.name, "arguments": choice.arguments}

    def _progress(self, state: TrainingState, metrics: Metrics) -> Notice:
        """What the model plays back by now."""
        now, parent = Playback.of_metrics(metrics, self.baselines), self._playback(0)
        if state.update == 0:
            return Notice(f"the parent plays back {now.precisely}", "playback")
        when = f"after {state.duration} it plays back"
        if parent is not None:
            return Notice(f"{when} {now.precisely} (the parent: {in_percent(parent.share, 1)})", "playback")
        beside = f"({in_percent(now.baseline)} is what {now.holding} would get)"
        return Notice(f"{when} {now} {beside}{': keep training' if now.nothing else ''}", "playback")

    def _playback(self, update: int) -> Playback | None:
        """What was played back after an update; None if there was no validation."""
        metrics = validation_at(self.folder, update)
        return Playback.of_metrics(metrics, self.baselines) if metrics else None

    def _collapsed(self, gain: float) -> Notice:
        message = "the decoder ignores the code, so that all clips come out alike (the posterior has collapsed)"
        settings = {item.label: item.spec.arguments for item in self.model.config.regularizers}
        betas = {label: arguments["beta"] for label, arguments in settings.items() if "beta" in arguments}
        return Notice(message, "collapsed", {"code_gain_nats": gain, "betas": betas})


def draw_pairs(windows: Windows, n: int, augmentations: Sequence[Augmentation], source: torch.Generator) -> Pairs:
    """n random windows, augmented."""
    pairs = windows.draw(n, source)
    for augment in augmentations:
        pairs = augment(pairs, source)
    return pairs


def batch_of(autoencoder: Autoencoder, pairs: Pairs, training: Training, update: int) -> Batch:
    """What the autoencoder sees of windows at an update."""
    return Batch.of(
        autoencoder.spec,
        pairs.target,
        encoder_columns=pairs.encoder_columns,
        label=pairs.label,
        update=update,
        sampling_probability=sampling_probability(training.scheduled_sampling, update),
    )


def augmentations_of(model: Model) -> list[Augmentation]:
    """The augmentations of a model's configuration."""
    shape = model.representation.shape
    return [build(AUGMENTATIONS, choice, shape, model.device) for choice in model.config.augmentations]


def parameter_groups(autoencoder: Autoencoder, training: Training) -> list[ParameterGroup]:
    """The autoencoder, its prior if that is trained on its own, and every critic."""
    prior = list(autoencoder.prior.parameters()) if autoencoder.prior.group else []
    taken = {id(parameter) for parameter in prior}
    own = [parameter for _, parameter in autoencoder.own_parameters() if id(parameter) not in taken]
    settings = GroupSettings(training.optimizer, clip=training.clip)
    groups = [ParameterGroup("autoencoder", own, settings, list(autoencoder.input_and_output_parameters()))]
    if autoencoder.prior.group:
        groups.append(ParameterGroup("prior", prior, autoencoder.prior.group))
    return groups + list(critic_groups(autoencoder))


def critic_groups(autoencoder: Autoencoder) -> Iterator[ParameterGroup]:
    """How every critic is trained, as its regularizer declares."""
    for adversary in autoencoder.adversaries:
        yield ParameterGroup(adversary.label, list(adversary.critic.parameters()), adversary.group)


def fit_batch(training: Training, data: Splits) -> Training:
    """The training with a batch that the data can fill: a power of two, if it must be smaller."""
    largest = 2 ** int(math.log2(len(data.train)))
    return replace(training, batch=min(training.batch, largest))
