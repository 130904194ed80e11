"""The autoencoder: embedding, encoder, latent, prior, regularizers and decoder, joined by one loss.

What is unusual:
- `embed` and `encode_features` are separate doors, so that noise, soft outputs, adversarial perturbations and images
  enter the encoder as features.
- The loss is a sum of named terms, critics' included; one backward pass serves all, since every term sees the
  parameters that are not its own as constants.
- Critics belong to regularizers. Regularizers are no part of the model that is saved.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from musicae.networks.batch import Batch
from musicae.networks.corruptions import Corruption
from musicae.networks.decoders.base import Decoder, Predictions, TokenDecoder
from musicae.networks.embedding import Embedding
from musicae.networks.encoders import Encoder
from musicae.networks.heads import Head
from musicae.networks.latents.base import Latent, Posterior
from musicae.networks.priors import Prior
from musicae.networks.regularizers.base import Adversarial, Regularizer, Step, Terms, frozen
from musicae.networks.samplers.base import Sampler
from musicae.networks.sampling import SamplingOptions
from musicae.networks.token_spec import TokenSpec
from musicae.networks.types import ClassLabel, Code, Condition, Features, Mask, Tokens

REGULARIZERS_PREFIX = "regularizers."
"""Of the names of weights that are no part of the model."""


class Autoencoder(nn.Module):
    """Encodes windows to codes and decodes codes to windows.

    `forward` returns the loss as named terms, already weighted; their sum is what training minimizes.
    """

    def __init__(
        self,
        embedding: Embedding,
        encoder: Encoder,
        latent: Latent,
        prior: Prior,
        sampler: Sampler,
        decoder: Decoder,
        regularizers: Mapping[str, Regularizer],
        corruptions: Sequence[Corruption] = (),
    ) -> None:
        super().__init__()
        self.embedding = embedding
        self.encoder = encoder
        self.latent = latent
        self.prior = prior
        self.sampler = sampler.requires_grad_(False)  # it is trained by itself, if at all
        self.decoder = decoder
        self.corruptions = cast("Sequence[Corruption]", nn.ModuleList(corruptions))
        self.regularizers = cast("Mapping[str, Regularizer]", nn.ModuleDict(regularizers))
        for label, regularizer in regularizers.items():
            regularizer.label = label

    @property
    def spec(self) -> TokenSpec:
        """The shape of its windows."""
        return self.embedding.spec

    @property
    def adversaries(self) -> list[Adversarial]:
        """The regularizers that learn a critic."""
        return [regularizer for regularizer in self.regularizers.values() if isinstance(regularizer, Adversarial)]

    def embed(self, batch: Batch) -> tuple[Features, Mask]:
        """What the encoder reads of a batch, and which steps of it count."""
        features = self.embedding(batch.encoder_tokens, batch.encoder_condition)
        return features, self.spec.mask(batch.encoder_tokens)

    def embed_target(self, batch: Batch) -> tuple[Features, Mask]:
        """The features of what is decoded, and which steps of it count."""
        return self.embedding(batch.target, batch.condition), self.spec.mask(batch.target)

    def encode_features(self, features: Features, mask: Mask, label: ClassLabel | None = None) -> Posterior:
        """The posterior of windows whose features these are, wherever they come from, and whose class may be known."""
        return self.latent(self.encoder(features, mask), label)

    def probe(self, features: Features, mask: Mask) -> Posterior:
        """The posterior of features that no window has, or that count once more: running moments and codebooks of the
        latent stay as they are, while training too."""
        buffers = {name: buffer.clone() for name, buffer in self.latent.named_buffers()}
        found: Posterior = torch.func.functional_call(self.latent, buffers, (self.encoder(features, mask),))
        return found

    def encode(self, tokens: Tokens, condition: Condition) -> Posterior:
        """The posterior of windows."""
        return self.encode_features(self.embedding(tokens, condition), self.spec.mask(tokens))

    def sample(self, z: Code, condition: Condition, options: SamplingOptions) -> Tokens:
        """Tokens drawn, free running, from p(x|z, condition)."""
        return self.decoder.sample(self.latent.settle(z), condition, self.embedding, options)

    def soft(self, z: Code, batch: Batch) -> tuple[Features, Mask]:
        """Expected features of p(x|z, condition of the batch) with their mask; gradients flow through them to z."""
        return self.decoder.soft(self.latent.settle(z), batch.condition, self.embedding)

    def divergence(self, batch: Batch, z: Code, other: Code) -> Float[Tensor, " batch"]:
        """KL(p(.|z) || p(.|other)) in nats per window, teacher forced; nothing is dropped or drawn in between."""
        settle, given = self.latent.settle, replace(batch, sampling_probability=0.0)
        with evaluating(self.decoder):
            return self.decoder.divergence(given, settle(z), settle(other), self.embedding)

    def predict(self, batch: Batch, z: Code) -> Predictions:
        """The distributions of the events of a batch given codes, teacher forced; of decoders of tokens."""
        return cast("TokenDecoder", self.decoder).predict(batch, self.latent.settle(z), self.embedding)

    def forward(self, batch: Batch) -> Terms:
        """All terms of an update: those of `terms`, then those of the adversaries and of their critics."""
        features, mask = self.embed(batch)
        for corruption in self.corruptions:
            features = corruption(features, mask, batch, self)
        posterior = self.encode_features(features, mask, batch.label)
        self.prior.count(batch.label)
        step = Step(posterior, batch, self)
        found = self.terms(posterior, batch)
        for adversary in self.adversaries:
            with frozen(adversary.critic):
                found = join_terms(found, adversary.terms(step))
        return join_terms(found, self.critic_terms(batch, posterior))

    def terms(self, posterior: Posterior, batch: Batch) -> Terms:
        """The terms that no critic has a part in: nll in nats per window, those of the latent and of regularizers."""
        log_prob = self.decoder.log_prob(batch, self.latent.settle(posterior.z), self.embedding)
        found = join_terms({"nll": -log_prob.mean()}, posterior.terms)
        for regularizer in self.regularizers.values():
            if not isinstance(regularizer, Adversarial):
                found = join_terms(found, regularizer.terms(Step(posterior, batch, self)))
        return found

    def critic_terms(self, batch: Batch, posterior: Posterior | None = None) -> Terms:
        """The terms that train critics, and nothing else.

        Without a posterior, in rounds that are for critics alone, windows are encoded as they are, not corrupted as in
        an update; running moments of the latent move then, too.
        """
        adversaries, found = self.adversaries, dict[str, torch.Tensor]()
        if not adversaries:
            return found
        if posterior is None:
            with torch.no_grad():
                posterior = self.encode_features(*self.embed(batch), batch.label)
        step = Step(posterior, batch, self).detach()
        for adversary in adversaries:
            with frozen(*self._parts(), *(other for other in adversaries if other is not adversary)):
                found = join_terms(found, adversary.critic_terms(step))
        return found

    def input_and_output_parameters(self) -> Iterator[nn.Parameter]:
        """Embedding tables and heads, whose rows stand for tokens."""
        for module in self.modules():
            if isinstance(module, Embedding | Head):
                yield from module.parameters()

    def own_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Names and parameters of everything that is no critic, and not the sampler, which is trained by itself."""
        others = (
            *self.sampler.parameters(),
            *(w for adversary in self.adversaries for w in adversary.critic.parameters()),
        )
        taken = {id(weight) for weight in others}
        return ((name, weight) for name, weight in self.named_parameters() if id(weight) not in taken)

    def _parts(self) -> Iterable[nn.Module]:
        return self.embedding, self.encoder, self.latent, self.prior, self.sampler, self.decoder


def join_terms(terms: Terms, more: Terms) -> Terms:
    """Both; every name once, so that none is lost."""
    if twice := terms.keys() & more.keys():
        raise ValueError(f"two terms of the loss are called {', '.join(sorted(twice))}")
    return {**terms, **more}


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Evaluation mode inside, and afterwards the mode that there was."""
    if not module.training:  # to visit every module takes a tenth of the time of a clip
        yield
        return
    module.eval()
    try:
        yield
    finally:
        module.train()
