"""A latent with a class of its own making beside the style."""

from __future__ import annotations

import torch
from torch import nn

from musicae.networks.latents.base import Latent, Posterior, at_least_one, code_layer, one_hot, to_simplex
from musicae.networks.types import ClassLabel, Code, Encoding


class ClassAndStyle(Latent):
    """z = [softmax(W_y h), W h]: which class a window is of, and the rest (Makhzani et al. 2015, section 5).

    The decoder reads the true class where it is known; regularizers always see what the encoder made of it.

    Args:
        classes: of labels that some windows have, or of clusters that are to be found.
        size: of the style.
    """

    def __init__(self, inputs: int, *, size: int = 256, classes: int = 16) -> None:
        super().__init__()
        self.classes = at_least_one("classes", classes)
        self.size = self.code_size = classes + at_least_one("size", size)
        self.class_logits = nn.Linear(inputs, classes)
        self.style = code_layer(inputs, size)

    def forward(self, h: Encoding, label: ClassLabel | None = None) -> Posterior:
        probabilities, style = self.class_logits(h).float().softmax(1), self.style(h).float()
        code = torch.cat([probabilities, style], 1)
        if label is not None:
            known = (label >= 0)[:, None]
            probabilities = torch.where(known, one_hot(label, self.classes), probabilities)
        return Posterior(torch.cat([probabilities, style], 1), code, torch.zeros_like(code), code)

    def settle(self, z: Code) -> Code:
        return torch.cat([to_simplex(z[:, : self.classes]), z[:, self.classes :]], 1)

    def metrics(self, mean: Code) -> dict[str, float]:
        """The perplexity of the classes: exp of the entropy of their mean probabilities."""
        p = mean[:, : self.classes].double().mean(0)
        return {"classes_in_use": float(torch.special.entr(p).sum().exp())}
