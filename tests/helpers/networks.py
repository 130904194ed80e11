"""Small networks on random tokens."""

from __future__ import annotations

import torch
from jaxtyping import Int64
from torch import Tensor

from musicae.networks.autoencoder import Autoencoder
from musicae.networks.batch import Batch
from musicae.networks.decoders import DECODERS
from musicae.networks.decoders.recurrent import RecurrentDecoder
from musicae.networks.embedding import Embedding
from musicae.networks.encoders import ENCODERS, FeatureCritic
from musicae.networks.latents import LATENTS
from musicae.networks.priors import StandardNormal
from musicae.networks.regularizers.base import Context, Regularizer
from musicae.networks.regularizers.kl import KL
from musicae.networks.samplers.base import PriorSampler
from musicae.networks.token_spec import FieldSpec, TokenSpec

A, B, C = FieldSpec("a", torch.eye(5)), FieldSpec("b", torch.eye(4)), FieldSpec("c", torch.eye(8, 3))
EVENT, LABEL = FieldSpec("event", torch.eye(4), end=3), FieldSpec("label", torch.eye(3))
FULL = {
    "one field": TokenSpec(2, 4, (A,)),
    "three fields": TokenSpec(3, 2, (A, B, C)),
    "one field, two conditions": TokenSpec(2, 4, (A,), (LABEL, FieldSpec("key", torch.eye(2)))),
}
RAGGED, MIXED = TokenSpec(3, 6, (EVENT,), (LABEL,)), TokenSpec(2, 4, (EVENT, A))
SPECS = {**FULL, "ragged": RAGGED, "mixed": MIXED}

SMALL = {"hidden": 6, "layers": 2}
CONDUCTOR = {**SMALL, "conductor_hidden": 6, "conductor_layers": 1, "z_every_step": True, "z_slot_size": 2}
CODE = 7


def columns_of(spec: TokenSpec, batch: int = 3) -> Int64[Tensor, "batch segment step column"]:
    """Random windows as data sets hold them."""
    shape = (batch, spec.segments, spec.steps)
    return torch.stack([torch.randint(field.vocabulary, shape) for field in (*spec.fields, *spec.conditions)], -1)


def batch_of(spec: TokenSpec, batch: int = 3, update: int = 0) -> Batch:
    return Batch.of(spec, columns_of(spec, batch), update=update)


def decoder_of(
    name: str, spec: TokenSpec, embedding: Embedding, *, size: int = CODE, **more: object
) -> RecurrentDecoder:
    sizes = CONDUCTOR if name == "conductor" else SMALL
    decoder = DECODERS[name](spec, embedding.widths, size, **{**sizes, **more})
    assert isinstance(decoder, RecurrentDecoder)
    return decoder


def context_of(spec: TokenSpec, code_size: int = CODE, classes: int = 0) -> Context:
    """What regularizers of the autoencoders here are built for."""
    width = 4 * (len(spec.fields) + len(spec.conditions))
    return Context(code_size, classes, lambda: FeatureCritic(ENCODERS["bidirectional"](spec, width, hidden=6)))


def autoencoder_of(
    spec: TokenSpec,
    encoder: str = "bidirectional",
    latent: str = "gaussian",
    decoder: str = "conductor",
    regularizers: dict[str, Regularizer] | None = None,
) -> Autoencoder:
    embedding = Embedding(spec, size=4)
    reader = ENCODERS[encoder](spec, embedding.width, hidden=6)
    code = LATENTS[latent](reader.size, size=CODE, **({"slots": 1} if latent == "vector_quantized" else {}))
    prior = StandardNormal(code.code_size)
    if regularizers is None:
        regularizers = {"kl": KL(context_of(spec))} if code.stochastic else {}
    writer = decoder_of(decoder, spec, embedding, size=code.size)
    return Autoencoder(embedding, reader, code, prior, PriorSampler(CODE, prior), writer, regularizers)
