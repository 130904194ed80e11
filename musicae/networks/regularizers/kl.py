"""The KL term of variational autoencoders, with beta, annealing and free bits."""

from __future__ import annotations

import math

from musicae.errors import MusicaeError
from musicae.networks.regularizers.base import Regularizer, Step, Terms


class KL(Regularizer):
    """beta * max(KL(q(z|x) || p(z)) - free bits, 0), averaged over the batch.

    Args:
        beta: weight of the term at the end.
        beta_rate: anneals the weight as beta * (1 - beta_rate^update); 0 keeps it at beta from the second update on.
        free_bits: bits of the KL summed over dimensions that cost nothing, per window.
        free_bits_per_dimension: bits that each dimension, averaged over the batch, may spend at no cost
            (Kingma et al. 2016, equation 15).
    """

    needs_std = True

    def __init__(
        self, *, beta: float = 0.2, beta_rate: float = 0.0, free_bits: float = 0.0, free_bits_per_dimension: float = 0.0
    ) -> None:
        super().__init__()
        if free_bits and free_bits_per_dimension:
            raise MusicaeError("kl.free_bits and kl.free_bits_per_dimension are both set", "set one of them to 0")
        if not 0 <= beta_rate < 1:
            raise MusicaeError(f"kl.beta_rate is {beta_rate}", "give kl.beta_rate 0, or a number just below 1")
        if min(beta, free_bits, free_bits_per_dimension) < 0:
            raise MusicaeError("a knob of kl is negative", "give kl.beta and its free bits 0 or more")
        self.label = "kl"
        self.beta, self.beta_rate = beta, beta_rate
        self.free_nats = free_bits * math.log(2)
        self.free_nats_per_dimension = free_bits_per_dimension * math.log(2)

    def weight(self, update: int) -> float:
        """beta at an update."""
        return self.beta * (1 - self.beta_rate**update)

    def terms(self, step: Step) -> Terms:
        kl = step.autoencoder.prior.kl(step.posterior.mean, step.posterior.std)  # [batch, size], nats
        if self.free_nats_per_dimension:
            cost = (kl.mean(0) - self.free_nats_per_dimension).clamp(min=0).sum()
        else:
            cost = (kl.sum(1) - self.free_nats).clamp(min=0).mean()
        return {self.label: self.weight(step.batch.update) * cost}
