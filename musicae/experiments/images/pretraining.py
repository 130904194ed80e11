"""An encoder that has learned from images without labels as the beginning of a classifier that has few of them."""

from __future__ import annotations

import copy
import statistics

import numpy as np
import torch.nn.functional as F
from torch import Tensor, nn

from musicae.config import Training
from musicae.experiments.images.digit_autoencoders import DigitTask, accuracy_of
from musicae.experiments.images.digit_plan import DigitPlan
from musicae.experiments.images.digits import Digits, drawn
from musicae.experiments.images.idx import LabeledImages
from musicae.experiments.images.image_autoencoders import IMAGE_AUTOENCODERS
from musicae.experiments.images.image_task import IMAGE_BATCHES, image_batch, initial_weights
from musicae.experiments.images.image_trainings import metrics_of
from musicae.experiments.images.perturbations import train_compared
from musicae.networks.autoencoder import Autoencoder
from musicae.networks.batch import Batch
from musicae.networks.device import float32
from musicae.networks.groups import GroupSettings
from musicae.networks.regularizers.base import Terms
from musicae.render.svg import line_chart
from musicae.report.figures import Figure, sheet
from musicae.report.table import Cell
from musicae.seeds import generator
from musicae.training.checkpoint import TrainingState
from musicae.training.groups import ParameterGroup
from musicae.training.reporter import Metrics
from musicae.training.task import Task

LABELED = (1, 3, 10, 30, 100)
"""How many images of each class have a label."""

FINE_TUNING = Training(batch=64, updates=500, learning_rate=5e-4, min_learning_rate=5e-4, clip=1e9, validate_every=500)
"""Of every classifier, whatever its encoder begins with."""

SCRATCH = "from scratch"


class Classifier(nn.Module):
    """-log softmax(W f(x) + b) at the class of x, f the encoder of an autoencoder, which learns as W does."""

    def __init__(self, autoencoder: Autoencoder, classes: int) -> None:
        super().__init__()
        self.autoencoder = autoencoder
        self.output = nn.Linear(autoencoder.encoder.size, classes)

    def forward(self, batch: Batch) -> Terms:
        return {"cross_entropy": F.cross_entropy(self.logits(batch), batch.label)}

    def logits(self, batch: Batch) -> Tensor:
        """Of every class."""
        h = self.autoencoder.encoder(*self.autoencoder.embed_target(batch))
        with float32(h):
            return self.output(h.float())


class ClassifierTask(Task):
    """Trains a classifier on the few images that have a label; measured on all test images.

    Args:
        autoencoder: whose encoder it begins with; it is left as it is.
        each: labeled images of each class, others for another seed.
    """

    def __init__(self, name: str, autoencoder: Autoencoder, digits: Digits, each: int, seed: int) -> None:
        self.identity, self.training, self.seed = f"pretraining/{digits.name}/{name}", FINE_TUNING, seed
        self.digits, self.labeled = digits, few_of_each(digits.train, each, seed)
        with initial_weights(seed):
            self.module = self.classifier = Classifier(copy.deepcopy(autoencoder), digits.classes)

    def batch(self, update: int, round: int = 0) -> Batch:
        images, label = drawn(
            self.labeled, self.training.batch, generator(self.seed, IMAGE_BATCHES, update), side=self.digits.side
        )
        return image_batch(self.classifier.autoencoder, images, label, update)

    def groups(self) -> list[ParameterGroup]:
        learning = (self.classifier.autoencoder.encoder, self.classifier.output)
        parameters = [weight for part in learning for weight in part.parameters()]
        return [ParameterGroup("classifier", parameters, GroupSettings(clip=self.training.clip))]

    def validate(self) -> Metrics:
        accuracy = accuracy_of(self.classifier.logits, self.classifier.autoencoder, self.digits)
        return {"loss": 1 - accuracy, "accuracy": accuracy}

    def save_best(self, state: TrainingState) -> None:
        """Nothing: what is measured are the weights at the end."""


def few_of_each(images: LabeledImages, each: int, seed: int) -> LabeledImages:
    """So many images of each class, chosen by a seed: more of them hold the fewer."""
    order = np.random.default_rng(seed).permutation(len(images.labels))
    kinds = images.labels[order]
    chosen = np.concatenate([order[kinds == kind][:each] for kind in np.unique(kinds)])
    return LabeledImages(images.images[chosen], images.labels[chosen])


def pretraining(plan: DigitPlan) -> Figure:
    """Test accuracy against the number of labeled images, with encoders that begin as those of trained autoencoders,
    and with one that begins at random; means over seeds."""
    found: dict[str, list[list[float]]] = {}
    for seed in range(plan.seeds):
        scratch = DigitTask(SCRATCH, IMAGE_AUTOENCODERS["autoencoder"], plan.digits, plan.code_size, seed, 1)
        begun = {SCRATCH: (scratch, 0)}
        begun |= {name: (one.task, one.state.update) for name, one in train_compared(plan, seed).items()}
        for name, (task, updates) in begun.items():
            start = f"{name.replace(' ', '-')}-{plan.code_size}-{updates}"
            accuracies = [_accuracy(plan, start, task.autoencoder, each, seed) for each in LABELED]
            found.setdefault(name, []).append(accuracies)
    curves = {name: [100 * statistics.mean(some) for some in zip(*runs, strict=True)] for name, runs in found.items()}
    rows: list[list[Cell]] = [
        [name, each, value] for name, curve in curves.items() for each, value in zip(LABELED, curve, strict=True)
    ]
    x_name, y_name = "labeled images of each class", "test accuracy, %"
    picture = line_chart(
        curves, LABELED, x_name=x_name, y_name=y_name, dashed=[SCRATCH], from_zero=False, logarithmic=True
    )
    caption = f"Classifiers of {plan.digits.name} whose encoder begins at random, or as an autoencoder's."
    return Figure(caption, [picture], sheet("pretraining", ("encoder", x_name, y_name), rows))


def _accuracy(plan: DigitPlan, start: str, autoencoder: Autoencoder, each: int, seed: int) -> float:
    """That of a classifier which starts with an autoencoder, called after it."""
    name = f"{start}-labels-{each}"
    folder = plan.train(name, ClassifierTask(name, autoencoder, plan.digits, each, seed), seed).folder
    return metrics_of(folder, "validation")[-1]["accuracy"]
