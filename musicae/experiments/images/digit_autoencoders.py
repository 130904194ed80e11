"""The autoencoders of images on digits, each with a linear classifier of its codes beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from musicae import seeds
from musicae.experiments.images.digit_plan import DigitPlan
from musicae.experiments.images.digits import Digits, drawn, to_pixels
from musicae.experiments.images.image_autoencoders import IMAGE_AUTOENCODERS, ImageAutoencoder
from musicae.experiments.images.image_task import (
    IMAGES_AT_ONCE,
    Images,
    ImageTask,
    image_autoencoder,
    image_metrics,
    initial_weights,
    unlabeled_batch,
)
from musicae.experiments.images.image_trainings import (
    median_of_last,
    metrics_of,
    published_training,
)
from musicae.experiments.results import read_result, write_result
from musicae.networks.autoencoder import Autoencoder, evaluating, join_terms
from musicae.networks.batch import Batch
from musicae.networks.convolutional import ConvolutionalSizes
from musicae.networks.device import float32
from musicae.networks.groups import GroupSettings
from musicae.networks.regularizers.base import Terms
from musicae.networks.types import ClassLabel, Code
from musicae.training.groups import ParameterGroup
from musicae.training.loop import Trainer
from musicae.training.reporter import Metrics

UPDATES = 16_384
"""Of every training, where nothing else is asked for; 262,144 were published."""

DEPTH = 16
"""Channels of the published networks for MNIST, at the image's own size."""

RECONSTRUCTED = 1_000
"""Test images, at most, whose reconstruction is measured."""

WEIGHT_PENALTY = 1e-5
"""Of a logistic regression, times the sum of its squared weights."""

FITTED = 20_000
"""Training images, at most, to whose codes a logistic regression is fitted."""


class Probed(nn.Module):
    """An autoencoder, and a linear classifier of its codes that it knows nothing of.

    L = L(autoencoder) - log softmax(W sg[z] + b) at the class of the image: no gradient leads from the second term to
    the code, so that the classifier says what there is in codes, and changes nothing about them.
    """

    def __init__(self, autoencoder: Autoencoder, classes: int) -> None:
        super().__init__()
        latent = autoencoder.latent
        self.autoencoder = autoencoder
        self.classifier = nn.Linear(autoencoder.encoder.size if latent.stochastic else latent.size, classes)

    def forward(self, batch: Batch) -> Terms:
        return join_terms(self.autoencoder(batch), {"probe": F.cross_entropy(self.logits(batch), batch.label)})

    def logits(self, batch: Batch) -> Tensor:
        """What the classifier makes of the codes of images."""
        z = self.codes(batch)
        with float32(z):
            return self.classifier(z.float())

    @torch.no_grad()
    def codes(self, batch: Batch) -> Code:
        """Codes as they are used: of clean images, nothing hidden. Of a code that is drawn, as published, what its
        distribution is computed from."""
        autoencoder = self.autoencoder
        with evaluating(autoencoder):
            encoding = autoencoder.encoder(*autoencoder.embed_target(batch))
            return encoding if autoencoder.latent.stochastic else autoencoder.latent(encoding).z


class DigitTask(ImageTask):
    """Digits, drawn from those to learn from; measured on the others.

    Args:
        name: of the autoencoder.
        code_size: a multiple of sixteen, the places of a code.
    """

    def __init__(
        self, name: str, row: ImageAutoencoder, digits: Digits, code_size: int, seed: int, updates: int
    ) -> None:
        self.digits = digits
        sizes = ConvolutionalSizes(digits.side, latent_width=4, latent_channels=code_size // 16, depth=DEPTH)
        with initial_weights(seed):
            autoencoder = image_autoencoder(row.objective_of(digits.side**2), sizes, row.likelihood)
            self.probed = Probed(autoencoder, digits.classes)
        identity = f"digits/{digits.name}/{code_size}/{name}"
        super().__init__(identity, autoencoder, published_training(updates), seed)
        self.module = self.probed

    def draw(self, n: int, source: torch.Generator) -> tuple[Images, ClassLabel]:
        return drawn(self.digits.train, n, source, side=self.digits.side)

    def groups(self) -> list[ParameterGroup]:
        settings = GroupSettings(clip=self.training.clip)
        return [*super().groups(), ParameterGroup("probe", list(self.probed.classifier.parameters()), settings)]

    def validate(self) -> Metrics:
        some = to_pixels(self.digits.test.images[:RECONSTRUCTED], self.digits.side)
        accuracy = accuracy_of(self.probed.logits, self.autoencoder, self.digits)
        return {**image_metrics(self.autoencoder, some), "accuracy": accuracy}


@torch.no_grad()
def accuracy_of(logits: Callable[[Batch], Tensor], autoencoder: Autoencoder, digits: Digits) -> float:
    """The share of test images whose class is the one with the largest logit.

    Args:
        logits: of the classes of images, as the autoencoder sees them.
    """
    test, right = digits.test, 0
    for first in range(0, len(test.labels), IMAGES_AT_ONCE):
        some = slice(first, first + IMAGES_AT_ONCE)
        seen = unlabeled_batch(autoencoder, to_pixels(test.images[some], digits.side))
        right += int((logits(seen).argmax(1).cpu().numpy() == test.labels[some]).sum())
    return right / len(test.labels)


def fitted_accuracy(probed: Probed, digits: Digits) -> float:
    """`accuracy_of` a logistic regression that is fitted to codes of training images.

    The classifier beside an autoencoder learns at the published rate, and takes far more updates than most trainings
    here have to say all that there is in codes.
    """
    images, labels = digits.train.images, torch.from_numpy(digits.train.labels.astype(np.int64))
    some = torch.randperm(len(labels), generator=seeds.generator(0))[:FITTED]

    def codes(batch: Batch) -> Code:
        return probed.codes(batch).cpu().float()

    parts = (to_pixels(images[part.numpy()], digits.side) for part in some.split(IMAGES_AT_ONCE))
    z = torch.cat([codes(unlabeled_batch(probed.autoencoder, part)) for part in parts])
    center, scale = z.mean(0), z.std(0) + 1e-6
    classifier = nn.Linear(z.shape[1], digits.classes)
    for parameter in classifier.parameters():
        nn.init.zeros_(parameter)
    optimizer = torch.optim.LBFGS(classifier.parameters(), max_iter=300, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        nll = F.cross_entropy(classifier((z - center) / scale), labels[some])
        penalized = nll + WEIGHT_PENALTY * classifier.weight.square().sum()
        penalized.backward()
        return penalized

    optimizer.step(loss)
    return accuracy_of(lambda batch: classifier((codes(batch) - center) / scale), probed.autoencoder, digits)


@dataclass(frozen=True)
class DigitResult:
    """What one training came to.

    Attributes:
        accuracy: on test images, of the classifier that is trained beside the autoencoder, median of the last
            evaluations, from 0 to 1.
        fitted: on test images, of a logistic regression that is fitted to the codes at the end (`fitted_accuracy`).
        squared_error: of reconstructions, per pixel, at the end.
    """

    name: str
    data: str
    code_size: int
    seed: int
    updates: int
    accuracy: float
    fitted: float
    squared_error: float
    minutes: float

    def beside(self, other: DigitResult) -> bool:
        """Whether both may stand in one table: of the same data, size of the code and number of updates."""
        return (self.data, self.code_size, self.updates) == (other.data, other.code_size, other.updates)


def train_row(plan: DigitPlan, name: str, row: ImageAutoencoder, seed: int) -> Trainer[DigitTask]:
    """The training of an autoencoder beside its classifier, at its end."""
    task = DigitTask(name, row, plan.digits, plan.code_size, seed, plan.updates or UPDATES)
    return plan.train(f"{name}-{plan.code_size}", task, seed)


def train_digits(plan: DigitPlan, name: str, seed: int) -> DigitResult:
    """Trains an autoencoder of the table, or goes on, and says what it came to.

    Where its folder holds the result already, that is all that is needed of it.
    """
    known = read_result(plan.folder / f"{name}-{plan.code_size}-{seed}", DigitResult)
    asked = (plan.digits.name, plan.code_size, plan.updates or UPDATES)
    if known is not None and (known.data, known.code_size, known.updates) == asked:
        return known
    trainer = train_row(plan, name, IMAGE_AUTOENCODERS[name], seed)
    measured = metrics_of(trainer.folder, "validation")
    result = DigitResult(
        name=name,
        data=plan.digits.name,
        code_size=plan.code_size,
        seed=seed,
        updates=trainer.state.update,
        accuracy=median_of_last(measured, "accuracy"),
        fitted=fitted_accuracy(trainer.task.probed, plan.digits),
        squared_error=measured[-1]["squared_error"],
        minutes=trainer.state.seconds / 60,
    )
    write_result(trainer.folder, result)
    return result
