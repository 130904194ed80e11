"""Trainings that are followed on what they learn from and on held-out images, and the picture of both."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from musicae.config import Training
from musicae.experiments.images.image_task import Images, ImageTask, image_terms
from musicae.experiments.images.image_trainings import metrics_of
from musicae.networks.autoencoder import Autoencoder
from musicae.networks.types import ClassLabel
from musicae.render.svg import line_chart
from musicae.report.figures import sheet
from musicae.report.table import Table
from musicae.training.groups import ParameterGroup
from musicae.training.loop import LOG_EVERY
from musicae.training.reporter import Metrics

POINTS = 60
"""Of a curve."""

ImageSource = Callable[[int, torch.Generator], tuple[Images, ClassLabel]]
"""Draws so many images to learn from, and the class of each."""


class FollowedTask(ImageTask):
    """Trains on images from a source; measured by its own loss on held-out ones.

    Args:
        weight_decay: of all weights.
    """

    def __init__(
        self,
        name: str,
        autoencoder: Autoencoder,
        training: Training,
        source: ImageSource,
        held_out: Images,
        *,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(name, autoencoder, training, seed=0)
        self.source, self.held_out, self.weight_decay = source, held_out, weight_decay

    def draw(self, n: int, source: torch.Generator) -> tuple[Images, ClassLabel]:
        return self.source(n, source)

    def groups(self) -> list[ParameterGroup]:
        def decaying(group: ParameterGroup) -> ParameterGroup:
            return replace(group, settings=replace(group.settings, weight_decay=self.weight_decay))

        return [decaying(group) for group in super().groups()]

    def validate(self) -> Metrics:
        return image_terms(self.autoencoder, self.held_out)


def followed_training(updates: int, batch: int, learning_rate: float) -> Training:
    """A training by Adam at a constant rate, whose curves have `POINTS` points, or fewer."""
    every = max(updates // POINTS // LOG_EVERY, 1) * LOG_EVERY
    return Training(
        batch=batch,
        updates=updates,
        learning_rate=learning_rate,
        min_learning_rate=learning_rate,
        clip=1e9,
        validate_every=every,
    )


class Curves:
    """What became of the loss of a variational autoencoder and of its KL, in nats.

    Attributes:
        updates: at which they were measured.
        loss, kl: of training and held-out images, by name; the former are means since the update before.
    """

    def __init__(self, folder: Path) -> None:
        train, test = metrics_of(folder, "train"), metrics_of(folder, "validation")
        self.updates = [one["update"] for one in test]
        spans = [
            [one for one in train if before < one["update"] <= update]
            for before, update in zip([0.0, *self.updates], self.updates, strict=False)
        ]
        self.loss = {"train": _means(spans, ("nll", "kl")), "test": [one["nll"] + one["kl"] for one in test]}
        self.kl = {"train": _means(spans, ("kl",)), "test": [one["kl"] for one in test]}

    def pictures(self) -> list[str]:
        """One of the loss, one of the KL, from where the loss has come to within a quarter of what it ends at: before,
        both fall from so far above that nothing else would be seen."""
        losses = self.loss["test"]
        first = next((place for place, loss in enumerate(losses) if loss <= 1.25 * losses[-1]), 0)
        return [
            line_chart(
                {part: curve[first:] for part, curve in curves.items()},
                self.updates[first:],
                x_name="update",
                y_name=name,
                from_zero=False,
            )
            for name, curves in {"loss, nats": self.loss, "KL, nats": self.kl}.items()
        ]

    def table(self, name: str) -> Table:
        """All points, as a file of this name."""
        columns = zip(self.updates, *self.loss.values(), *self.kl.values(), strict=True)
        header = ("update", "train loss", "test loss", "train KL", "test KL")
        return sheet(name, header, [list(row) for row in columns])


def _means(spans: Sequence[Sequence[Metrics]], keys: Sequence[str]) -> list[float]:
    return [statistics.mean(sum(one[key] for key in keys) for one in span) for span in spans]
