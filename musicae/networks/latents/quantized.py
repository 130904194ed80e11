"""Codes of words from a learned vocabulary."""

from __future__ import annotations

from typing import cast

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from musicae.errors import MusicaeError
from musicae.networks.latents.base import Latent, Posterior, at_least_one, code_layer
from musicae.networks.types import ClassLabel, Code, Encoding


class VectorQuantized(Latent):
    """Slots, each of which takes the nearest vector e of a codebook (van den Oord et al. 2017).

    The gradient passes straight through; e follows what is mapped to it by moving averages, and the encoder is drawn
    to it by `commitment` |z - sg[e]|^2. The mean of the posterior is what there was before: paths lead through it, and
    every point of them takes its nearest vectors when it is decoded.

    Args:
        size: numbers in all slots together.
        slots: how many vectors stand for a window.
        vectors: in the codebook, which all slots share.
        decay: of the moving averages.
        expire_below: a vector that is nearest to fewer slots an update, on average, is put where a slot is; 0 leaves
            all where they are.
        commitment: weight of the encoder's term, in nats per window.
    """

    def __init__(
        self,
        inputs: int,
        *,
        size: int = 256,
        slots: int = 32,
        vectors: int = 512,
        decay: float = 0.99,
        expire_below: float = 0.1,
        commitment: float = 0.25,
    ) -> None:
        super().__init__()
        if at_least_one("size", size) % at_least_one("slots", slots):
            raise MusicaeError(f"latent.slots={slots} does not divide latent.size={size}", "choose a divisor")
        self.size = self.code_size = size
        self.slots, self.vectors, self.commitment = slots, at_least_one("vectors", vectors), commitment
        self.code = code_layer(inputs, size)
        self.quantizer = _quantizer(size // slots, vectors, decay, expire_below)

    def forward(self, h: Encoding, label: ClassLabel | None = None) -> Posterior:
        mean = self.code(h).float()
        with torch.autocast(mean.device.type, enabled=False):
            self.quantizer(self._slots(mean))  # while training, the codebook moves
        z = self.codebook[self.indices(mean)].flatten(1)
        distance = (mean - z.detach()).square().sum(1).mean()
        straight = mean + (z - mean).detach()
        return Posterior(straight, mean, torch.zeros_like(mean), mean, {"commitment": self.commitment * distance})

    def settle(self, z: Code) -> Code:
        nearest = self.codebook[self.indices(z)].flatten(1)
        return z + (nearest - z).detach()

    @torch.no_grad()
    def indices(self, z: Code) -> Int64[Tensor, "batch slot"]:
        """The number of the nearest vector of every slot."""
        return torch.cdist(self._slots(z.float()), self.codebook[None]).argmin(-1)

    @property
    def codebook(self) -> Float[Tensor, "vector width"]:
        """All vectors."""
        return cast("Tensor", self.quantizer.codebook).detach()

    def metrics(self, mean: Code) -> dict[str, float]:
        """The perplexity of the codebook: exp of the entropy of how often every vector is taken."""
        counts = torch.bincount(self.indices(mean).flatten(), minlength=self.vectors).double()
        return {"codebook_perplexity": float(torch.special.entr(counts / counts.sum()).sum().exp())}

    def _slots(self, z: Code) -> Float[Tensor, "batch slot width"]:
        return z.unflatten(1, (self.slots, -1))


def _quantizer(width: int, vectors: int, decay: float, expire_below: float) -> nn.Module:
    """A codebook that begins with means of the first batch."""
    from loguru import logger
    from vector_quantize_pytorch import VectorQuantize  # takes a second

    logger.disable("vector_quantize_pytorch")  # a first batch with fewer slots than vectors is no matter
    quantizer: nn.Module = VectorQuantize(
        dim=width,
        codebook_size=vectors,
        decay=decay,
        commitment_weight=0.0,
        kmeans_init=True,
        threshold_ema_dead_code=expire_below,
        rotation_trick=False,
    )
    return quantizer
