"""Terms of labels: codes that say the class of a window, and codes that do not."""

from __future__ import annotations

import torch.nn.functional as F

from musicae.errors import MusicaeError
from musicae.networks.device import float32
from musicae.networks.regularizers.base import (
    Adversarial,
    Context,
    Regularizer,
    Step,
    Terms,
    check_weights,
    critic_group,
    critic_mlp,
)
from musicae.networks.types import Code, Scalar


class Classification(Regularizer):
    """-weight * log p(class) of the windows whose class is known (Makhzani et al. 2015, section 4).

    For the latent `class_and_style`, whose codes begin with the probabilities of classes.
    """

    needs_labels = True

    def __init__(self, context: Context, *, weight: float = 1.0) -> None:
        super().__init__()
        check_weights("classification", weight=weight)
        if not context.classes:
            raise MusicaeError("codes of this latent say no class", "choose latent class_and_style")
        self.weight, self.classes = weight, context.classes

    def terms(self, step: Step) -> Terms:
        label = step.batch.label
        log_p = (step.posterior.code[:, : self.classes] + LEAST_PROBABILITY).log()
        wrong = F.nll_loss(log_p, label, ignore_index=-1, reduction="sum")
        return {self.label: self.weight * wrong / (label >= 0).sum().clamp(min=1)}


LEAST_PROBABILITY = 1e-8
"""Added to those of classes before their logarithm, so that one that has become 0 still has a gradient."""


class LabelAdversary(Adversarial):
    """A classifier of codes that the encoder deceives: -log p(another class | c) for the encoder, -log p(class | c)
    for the classifier (Zhao et al. 2018, section 4, transfer).

    Codes cannot say the class then; the decoder has it from the latent `labeled`.

    Args:
        weight: of the encoder's term.
        classes: how many there are; another class is the next one.
        start, ramp: updates before the encoder's term begins, and over which it rises.
    """

    needs_labels = True

    def __init__(
        self,
        context: Context,
        *,
        weight: float = 1.0,
        classes: int = 2,
        start: int = 0,
        ramp: int = 500,
        hidden: int = 128,
        learning_rate_scale: float = 0.5,
    ) -> None:
        super().__init__()
        self.stage(weight, start, ramp)
        self.classes, self.group = classes, critic_group(learning_rate_scale)
        self.critic = critic_mlp(context.code_size, hidden, classes)

    def terms(self, step: Step) -> Terms:
        return {self.label: self.weight(step) * self._cost(step, shift=1)}

    def critic_terms(self, step: Step) -> Terms:
        return {f"{self.label}/critic": self._cost(step, shift=0)}

    def _cost(self, step: Step, shift: int) -> Scalar:
        """-log p(class + shift | c), over the windows whose class is known."""
        label = step.batch.label
        known = label >= 0
        wanted = ((label + shift) % self.classes).masked_fill(~known, -1)
        code: Code = step.posterior.code.float()
        with float32(code):
            wrong = F.cross_entropy(self.critic(code), wanted, ignore_index=-1, reduction="sum")
        return wrong / known.sum().clamp(min=1)
