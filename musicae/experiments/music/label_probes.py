"""Classes read off codes where few labels are known.

The semi-supervised comparison of Zhao et al. 2018 (arXiv:1706.04223, table 3), and Makhzani et al. 2015, section 5.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from musicae.corpus.dataset import Dataset, Windows
from musicae.evaluation.probe import ridge
from musicae.evaluation.types import CodeArray, WindowTensor
from musicae.model import Model
from musicae.verbs.transfer import knows_classes

LABEL_SHARES = (0.222, 0.108, 0.0525)
"""Of the training windows, how many have labels: the source's three."""

ASKED = 4_096
"""Held-out windows that are classified, at most."""

Classes = Float[np.ndarray, " window"]


@dataclass(frozen=True, eq=False)
class LabeledWindows:
    """Windows whose class is known."""

    tokens: WindowTensor
    classes: Classes


def measure_labels(model: Model, dataset: Dataset) -> dict[str, float | list[float]]:
    """How many held-out windows of a labeled data set are classified right.

    Returns:
        `few_labels`, by a linear map of codes that is fitted to every share of `LABEL_SHARES` of the training windows;
        `own_class`, by the class that the code itself says, if it says one; `most_frequent`, by always naming the class
        that most of them have. Nothing where the data have no labels.
    """
    if len(dataset.classes) < 2:
        return {}
    train = dataset.split("train")
    asked = labeled(dataset.split("test"), ASKED)
    return {
        "few_labels": [probe_accuracy(model, labeled(train.with_labels_of(share)), asked) for share in LABEL_SHARES],
        "own_class": own_class_accuracy(model, asked),
        "most_frequent": most_frequent(asked.classes),
    }


def labeled(windows: Windows, n: int | None = None) -> LabeledWindows:
    """Random windows whose class is known, n at most; the same ones for every model."""
    order = windows.choose(len(windows))
    classes = windows.labels_of(order)
    assert classes is not None, "the data set has classes"
    known = classes >= 0
    return LabeledWindows(windows.take(order[known][:n]), classes[known][:n].double().numpy())


def probe_accuracy(model: Model, known: LabeledWindows, asked: LabeledWindows) -> float:
    """`class_accuracy` of the codes of windows."""
    x, held = (model.encode(some.tokens).double().numpy() for some in (known, asked))
    return class_accuracy(x, known.classes, held, asked.classes)


def class_accuracy(
    x: CodeArray,
    classes: Classes,
    held: Float[np.ndarray, "held_out size"],
    truth: Float[np.ndarray, " held_out"],
) -> float:
    """Share of held-out codes whose class is the one that a linear map to one-hot classes likes best; NaN of none."""
    names = np.unique(classes)
    if not len(names) or not len(truth):
        return math.nan
    liked = ridge(x, (classes[:, None] == names).astype(np.float64), held).argmax(1)
    return float((names[liked] == truth).mean())


def own_class_accuracy(model: Model, asked: LabeledWindows) -> float:
    """Share of windows whose class is what stands at the head of their code; NaN where no class of the labels does."""
    if not knows_classes(model) or not len(asked.classes):
        return math.nan
    said = model.encode(asked.tokens)[:, : len(model.config.labels)].argmax(1).numpy()
    return float((said == asked.classes).mean())


def most_frequent(classes: Classes) -> float:
    """Share of the class that occurs most; NaN of none."""
    _, counts = np.unique(classes, return_counts=True)
    return float(counts.max() / counts.sum()) if len(counts) else math.nan
