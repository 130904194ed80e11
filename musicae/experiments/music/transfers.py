"""Transfer between two classes, measured: whether it arrives, what of the music it keeps, and how likely the result is.

The protocol of Zhao et al. 2018 (arXiv:1706.04223, section 6.2) with music in place of sentences: a classifier says how
many transfers are of the class that was asked for, notes kept stand for BLEU, a 5-gram model for the language model.
"""

from __future__ import annotations

from functools import cache

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor

from musicae.corpus.dataset import Dataset
from musicae.evaluation.held_out import decode_all
from musicae.evaluation.study import Study
from musicae.experiments.music.label_probes import Classes, class_accuracy, labeled
from musicae.experiments.music.score_classifier import ScoreClassifier, share_of, train_classifier
from musicae.model import Codes, Model
from musicae.music.note_distance import note_f1, onsets_of, rhythm_of
from musicae.verbs.transfer import knows_classes, relabeled

LEARNED_FROM = 10_000
"""Training windows, at most, whose codes say where classes lie."""

CodeClasses = Int64[Tensor, " window"]


def measure_transfer(on: Study) -> dict[str, float | list[float]]:
    """Held-out windows of known classes, each decoded in its own class and in the next one.

    Returns:
        `arrived`, the share that a classifier of real music takes for the next class;
        `notes_kept` and `onsets_kept`, F1 with the window, of notes, and of their onsets whatever the pitch;
        `cost` under a 5-gram model, in units of what the windows cost;
        the same of what was decoded in its own class, after `own_`;
        `class_in_code`, the share of windows whose class can be read linearly off the part of a code that stays;
        `classifier`, the share of windows that the classifier says right. Nothing where data have no labels.
    """
    if len(on.data.classes) < 2:
        return {}
    asked = labeled(on.data.split(on.split), on.n)
    windows, own, z = asked.tokens, torch.from_numpy(asked.classes).long(), on.model.encode(asked.tokens)
    next_class, places = (own + 1) % len(on.data.classes), ClassPlaces(on.model, on.data)
    before, classifier = on.model.scores(windows.numpy()), classifier_of(on.data)
    found: dict[str, float | list[float]] = {
        "classifier": share_of(classifier, before, own),
        "class_in_code": places.read(z, asked.classes),
    }
    for name, moved in (("", places.move(z, own, next_class)), ("own_", places.move(z, own, own))):
        decoded = decode_all(on.model, moved, on.model.condition(windows))
        after = on.model.scores(decoded)
        pairs = list(zip(before, after, strict=True))
        found[f"{name}arrived"] = share_of(classifier, after, next_class)
        found[f"{name}notes_kept"] = note_f1((onsets_of(a), onsets_of(b)) for a, b in pairs)
        found[f"{name}onsets_kept"] = note_f1((rhythm_of(a), rhythm_of(b)) for a, b in pairs)
        if on.ngram:
            found[f"{name}cost"] = float(on.ngram.cost(decoded).mean() / on.ngram.cost(windows.numpy()).mean())
    return found


class ClassPlaces:
    """Where the classes of a labeled data set lie among the codes of a model.

    In a model that knows them, in the first numbers of a code. In any other, around their mean: the way from one class
    to another is the difference of their means, as with attribute vectors (Roberts et al. 2018, section 5.3).
    """

    def __init__(self, model: Model, data: Dataset) -> None:
        self.beside = len(data.classes) if knows_classes(model) else 0
        known = labeled(data.split("train"), LEARNED_FROM)
        self.codes, self.classes = self.rest(model.encode(known.tokens)), known.classes
        members = F.one_hot(torch.from_numpy(known.classes).long(), len(data.classes)).float()
        self.means = (members / members.sum(0).clamp(min=1)).T @ self.codes  # [class, size]

    def rest(self, z: Codes) -> Float[Tensor, "window rest"]:
        """The part of codes that is no class."""
        return z[:, self.beside :]

    def read(self, z: Codes, truth: Classes) -> float:
        """The share of codes whose class is read linearly off the rest of them."""
        known, asked = (x.double().numpy() for x in (self.codes, self.rest(z)))
        return class_accuracy(known, self.classes, asked, truth)

    def move(self, z: Codes, own: CodeClasses, to: CodeClasses) -> Codes:
        """Codes of these classes in others."""
        return relabeled(z, to, self.beside) if self.beside else z + self.means[to] - self.means[own]


@cache
def classifier_of(data: Dataset) -> ScoreClassifier:
    """A classifier of the labeled windows of the validation split, on which no model is trained."""
    known = labeled(data.split("validation"))
    scores = [data.representation.decode(window) for window in known.tokens.numpy()]
    labels = torch.from_numpy(known.classes).long()
    return train_classifier(scores, labels, len(data.classes), data.representation.bars)
