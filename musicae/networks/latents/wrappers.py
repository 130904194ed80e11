"""Wrappers: what combines with any latent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from musicae.errors import MusicaeError
from musicae.networks.latents.base import Latent, Posterior, at_least_one, one_hot, to_simplex
from musicae.networks.types import ClassLabel, Code, Encoding


class Wrapper(Latent):
    """The interface of wrappers: a latent around another one, from which it takes what it does not change.

    Args:
        inner: the latent that is wrapped.
        inputs: size of the encoder's output.
    """

    def __init__(self, inner: Latent, inputs: int) -> None:
        super().__init__()
        self.inner = inner
        self.size, self.code_size, self.classes = inner.size, inner.code_size, inner.classes
        self.stochastic, self.even_variance = inner.stochastic, inner.even_variance

    def settle(self, z: Code) -> Code:
        return self.inner.settle(z)

    def complete(self, code: Float[Tensor, "batch drawn"], generator: torch.Generator) -> Code:
        return self.inner.complete(code, generator)

    def metrics(self, mean: Code) -> dict[str, float]:
        return self.inner.metrics(mean)


class CodeDropout(Wrapper):
    """While training, the decoder gets z with some numbers zeroed and the others scaled up (Srivastava et al. 2014).

    Args:
        keep: probability that a number stays.
    """

    def __init__(self, inner: Latent, inputs: int, *, keep: float = 0.5) -> None:
        super().__init__(inner, inputs)
        if not 0 < keep <= 1:
            raise MusicaeError(f"dropout.keep is {keep}", "give a probability above 0, 1 at most")
        self.keep = keep

    def forward(self, h: Encoding, label: ClassLabel | None = None) -> Posterior:
        posterior = self.inner(h, label)
        return replace(posterior, z=F.dropout(posterior.z, 1 - self.keep, self.training))


class CodeNoise(Wrapper):
    """While training, the decoder gets z + N(0, std^2) (Zhao et al. 2018).

    Args:
        std: of every number; it is compared with codes, so that a latent which bounds them fits.
    """

    def __init__(self, inner: Latent, inputs: int, *, std: float = 0.1) -> None:
        super().__init__(inner, inputs)
        if std < 0:
            raise MusicaeError(f"noise.std is {std}", "give noise.std 0 or more")
        self.std = std

    def forward(self, h: Encoding, label: ClassLabel | None = None) -> Posterior:
        posterior = self.inner(h, label)
        noise = self.std * torch.randn_like(posterior.z) if self.training else 0.0
        return replace(posterior, z=posterior.z + noise)


class Labeled(Wrapper):
    """z = [class, code]: the decoder is conditioned on the class, so that the code need not hold it.

    Where the class of a window is unknown, it is what a classifier of the encoder's output takes it for; that learns
    from the others, and the encoder does not learn from it.

    Args:
        classes: how many there are.
    """

    def __init__(self, inner: Latent, inputs: int, *, classes: int = 2) -> None:
        super().__init__(inner, inputs)
        self.classes = at_least_one("classes", classes)
        self.size = classes + inner.size
        self.classifier = nn.Linear(inputs, classes)

    def forward(self, h: Encoding, label: ClassLabel | None = None) -> Posterior:
        posterior, logits = self.inner(h, label), self.classifier(h.detach()).float()
        if label is None:
            label = torch.full((len(h),), -1, device=h.device)
        known = label >= 0
        beside = torch.where(known[:, None], one_hot(label, self.classes), logits.detach().softmax(1))
        z, mean = (torch.cat([beside, part], 1) for part in (posterior.z, posterior.mean))
        std = F.pad(posterior.std, (self.classes, 0))
        wrong = F.cross_entropy(logits, label, ignore_index=-1, reduction="sum") / known.sum().clamp(min=1)
        return Posterior(z, mean, std, posterior.code, {**posterior.terms, "label": wrong})

    def settle(self, z: Code) -> Code:
        return torch.cat([to_simplex(z[:, : self.classes]), self.inner.settle(z[:, self.classes :])], 1)

    def complete(self, code: Float[Tensor, "batch drawn"], generator: torch.Generator) -> Code:
        if code.shape[1] == self.size:
            return code
        drawn = torch.randint(self.classes, (len(code),), generator=generator)
        return torch.cat([one_hot(drawn, self.classes).to(code), self.inner.complete(code, generator)], 1)

    def metrics(self, mean: Code) -> dict[str, float]:
        return self.inner.metrics(mean[:, self.classes :])


WRAPPERS: dict[str, Callable[..., Wrapper]] = {"dropout": CodeDropout, "noise": CodeNoise, "labeled": Labeled}
