"""The KL term of variational autoencoders, with beta, annealing and free bits."""

from __future__ import annotations

import math
from typing import Literal

from musicae.errors import MusicaeError
from musicae.networks.regularizers.base import Context, Regularizer, Step, Terms, check_weights

Annealing = Literal["exponential", "linear", "cyclic"]


class KL(Regularizer):
    """beta * max(KL(q(z|x) || p(z)) - free bits, 0), averaged over the batch.

    Args:
        beta: weight of the term at the end.
        annealing: how the weight gets there: `exponential` by `beta_rate`; `linear` over `anneal_updates`; `cyclic`
            four times over, each time over the first half of a cycle of `anneal_updates` (Fu et al. 2019).
        beta_rate: of exponential annealing, beta * (1 - beta_rate^update); 0 keeps it at beta from the second update
            on.
        free_bits: bits of the KL summed over dimensions that cost nothing, per window.
        free_bits_per_dimension: bits that each dimension, averaged over the batch, may spend at no cost
            (Kingma et al. 2016, equation 15).
    """

    needs_std = True
    needs_kl = True

    def __init__(
        self,
        context: Context,
        *,
        beta: float = 0.2,
        annealing: Annealing = "exponential",
        beta_rate: float = 0.0,
        anneal_updates: int = 10_000,
        free_bits: float = 0.0,
        free_bits_per_dimension: float = 0.0,
    ) -> None:
        super().__init__()
        if free_bits and free_bits_per_dimension:
            raise MusicaeError("kl.free_bits and kl.free_bits_per_dimension are both set", "set one of them to 0")
        if not 0 <= beta_rate < 1:
            raise MusicaeError(f"kl.beta_rate is {beta_rate}", "give kl.beta_rate 0, or a number just below 1")
        if anneal_updates < 1:
            raise MusicaeError(f"kl.anneal_updates is {anneal_updates}", "give kl.anneal_updates one or more")
        check_weights("kl", beta=beta, free_bits=free_bits, free_bits_per_dimension=free_bits_per_dimension)
        self.beta, self.beta_rate = beta, beta_rate
        self.annealing, self.anneal_updates = annealing, anneal_updates
        self.free_nats = free_bits * math.log(2)
        self.free_nats_per_dimension = free_bits_per_dimension * math.log(2)

    def weight(self, update: int) -> float:
        """beta at an update."""
        if self.annealing == "exponential":
            return self.beta * (1 - self.beta_rate**update)
        done = update / self.anneal_updates
        if self.annealing == "cyclic" and done < CYCLES:
            done = 2 * (done % 1)
        return self.beta * min(done, 1.0)

    def terms(self, step: Step) -> Terms:
        kl = step.autoencoder.prior.kl(step.posterior.code_mean, step.posterior.code_std)  # [batch, size], nats
        if self.free_nats_per_dimension:
            cost = (kl.mean(0) - self.free_nats_per_dimension).clamp(min=0).sum()
        else:
            cost = (kl.sum(1) - self.free_nats).clamp(min=0).mean()
        return {self.label: self.weight(step.batch.update) * cost}


CYCLES = 4
"""After so many the weight stays at beta."""
