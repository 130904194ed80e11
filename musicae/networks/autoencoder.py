"""The autoencoder: embedding, encoder, latent, prior, regularizers and decoder, joined by one loss."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from musicae.networks.decoders import Decoder, Logits
from musicae.networks.embedding import Embedding
from musicae.networks.encoders import Encoder
from musicae.networks.latents import Code, Latent, Posterior, Prior
from musicae.networks.token_spec import Given, Tokens, TokenSpec, Written


@dataclass(frozen=True, eq=False)
class Batch:
    """What one update sees.

    Attributes:
        tokens: what is written.
        heard: what the encoder reads instead, if it is not the same.
        update: number of updates before this one.
        sampling_probability: how often the decoder is fed its own tokens.
    """

    tokens: Tokens
    update: int = 0
    sampling_probability: float = 0.0
    heard: Tokens | None = None


class Autoencoder(nn.Module):
    """Encodes windows to codes and decodes codes to windows.

    `forward` returns the loss as named terms, already weighted; their sum is what training minimizes.
    """

    def __init__(
        self,
        spec: TokenSpec,
        embedding: Embedding,
        encoder: Encoder,
        latent: Latent,
        prior: Prior,
        decoder: Decoder,
        regularizers: list[nn.Module],
    ) -> None:
        super().__init__()
        self.spec = spec
        self.embedding = embedding
        self.encoder = encoder
        self.latent = latent
        self.prior = prior
        self.decoder = decoder
        self.regularizers = nn.ModuleList(regularizers)

    def encode(self, tokens: Tokens) -> Posterior:
        """The posterior of every window."""
        mask = self.spec.mask(tokens)
        return self.latent(self.encoder(self.embedding(tokens), mask))

    def logits(self, tokens: Tokens, z: Code, sampling_probability: float = 0.0) -> Logits:
        """Teacher forced, unless a sampling probability is given."""
        z = self.latent.settle(z)
        if sampling_probability > 0:
            return self.decoder.scheduled(tokens, z, self.embedding, sampling_probability)
        return self.decoder.logits(tokens, z, self.embedding)

    def sample(
        self,
        z: Code,
        given: Given,
        temperature: float,
        generator: torch.Generator | None = None,
        fixed: Written | None = None,
    ) -> Tokens:
        """Tokens drawn freely from z, under what is given and beside what is fixed."""
        return self.decoder.sample(self.latent.settle(z), given, self.embedding, temperature, generator, fixed)

    def forward(self, batch: Batch) -> dict[str, Float[Tensor, ""]]:
        posterior = self.encode(batch.tokens if batch.heard is None else batch.heard)
        return self.terms(posterior, batch)

    def terms(self, posterior: Posterior, batch: Batch) -> dict[str, Float[Tensor, ""]]:
        """The weighted terms of the loss, given the posterior of the batch."""
        logits = self.logits(batch.tokens, posterior.z, batch.sampling_probability)
        terms = {"nll": nll(self.spec, logits, batch.tokens).mean(), **posterior.terms}
        for regularizer in self.regularizers:
            terms |= regularizer(posterior, batch.update)
        return terms


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Evaluation mode inside, and afterwards the mode that there was."""
    training = module.training
    module.eval()
    try:
        yield
    finally:
        module.train(training)


def nll(spec: TokenSpec, logits: Logits, tokens: Tokens) -> Float[Tensor, " batch"]:
    """-log p(tokens | z) in nats per window: summed over fields and the steps that count."""
    mask = spec.mask(tokens)
    truth = spec.events(tokens, mask)
    fields = [F.cross_entropy(part.float(), truth[:, i], reduction="none") for i, part in enumerate(logits)]
    return spec.per_window(torch.stack(fields).sum(0), mask)
