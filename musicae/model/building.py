"""What configurations are built from: the tables of every part, and the network that they come to."""

from __future__ import annotations

import torch

from musicae.config import Config, Constructors, build
from musicae.corpus.augmentations import AUGMENTATIONS
from musicae.errors import MusicaeError
from musicae.music.representations import REPRESENTATIONS
from musicae.music.representations.base import AtMostOne, NoLeading, Shape
from musicae.networks.autoencoder import Autoencoder
from musicae.networks.corruptions import CORRUPTIONS
from musicae.networks.decoders import DECODERS
from musicae.networks.device import choose_device, precision
from musicae.networks.embedding import EMBEDDINGS
from musicae.networks.encoders import ENCODERS, FeatureCritic
from musicae.networks.latents import LATENTS
from musicae.networks.latents.wrappers import WRAPPERS
from musicae.networks.priors import PRIORS
from musicae.networks.regularizers import REGULARIZERS
from musicae.networks.regularizers.base import Context
from musicae.networks.samplers import SAMPLERS
from musicae.networks.token_spec import DropLeading, FieldSpec, LimitOpenings, SamplingConstraint, TokenSpec

TABLES: dict[str, Constructors] = {
    "representation": REPRESENTATIONS,
    "embedding": EMBEDDINGS,
    "encoder": ENCODERS,
    "latent": LATENTS,
    "prior": PRIORS,
    "sampler": SAMPLERS,
    "decoder": DECODERS,
    "wrappers": WRAPPERS,
    "corruptions": CORRUPTIONS,
    "regularizers": REGULARIZERS,
    "augmentations": AUGMENTATIONS,
}
"""What each part of a config chooses from."""


def pick_device(name: str) -> torch.device:
    """The device of that name.

    Raises:
        MusicaeError: it is not there.
    """
    try:
        return choose_device(name)
    except (ValueError, RuntimeError) as error:
        raise MusicaeError(str(error), "choose auto, cpu, cuda or mps", kind="no-device", device=name) from None


def pick_precision(device: torch.device, name: str) -> torch.dtype:
    """The precision of that name, `auto` for the one that suits inference on the device.

    Raises:
        MusicaeError: there is none.
    """
    try:
        return precision(device, name)
    except ValueError as error:
        raise MusicaeError(str(error), "choose one of these") from None


def build_autoencoder(config: Config, shape: Shape) -> Autoencoder:
    """The network of a configuration, for tokens of the given shape, freshly initialized.

    Raises:
        MusicaeError: its parts do not fit together.
    """
    spec = token_spec(shape)
    embedding = build(EMBEDDINGS, config.embedding, spec)
    encoder = build(ENCODERS, config.encoder, spec, embedding.width)
    latent = build(LATENTS, config.latent, encoder.size)
    for wrapper in config.wrappers:
        latent = build(WRAPPERS, wrapper, latent, encoder.size)
    prior = build(PRIORS, config.prior, latent.code_size)
    sampler = build(SAMPLERS, config.sampler, latent.size, prior)
    decoder = build(DECODERS, config.decoder, spec, embedding.widths, latent.size)

    def make_critic() -> FeatureCritic:
        return FeatureCritic(build(ENCODERS, config.encoder, spec, embedding.width))

    context = Context.of(latent, make_critic)
    regularizers = {choice.label: build(REGULARIZERS, choice.spec, context) for choice in config.regularizers}
    for label, regularizer in regularizers.items():
        if regularizer.needs_std and not latent.stochastic:
            message = f"{label} needs a posterior with a spread; latent {config.latent.name} has none"
            hint = f"remove {label}, or choose latent gaussian"
            raise MusicaeError(message, hint, kind="unsuitable-regularizer", name=label)
        if regularizer.needs_kl and not prior.closed_form_kl:
            message = f"{label} needs the KL to the prior; that to prior {config.prior.name} has no closed form"
            hint = f"leave {label} out, or choose prior normal"
            raise MusicaeError(message, hint, kind="unsuitable-regularizer", name=label)
    corruptions = [build(CORRUPTIONS, choice) for choice in config.corruptions]
    return Autoencoder(embedding, encoder, latent, prior, sampler, decoder, regularizers, corruptions)


def token_spec(shape: Shape) -> TokenSpec:
    """What networks know of a representation."""
    fields, conditions = (
        tuple(FieldSpec(f.name, torch.as_tensor(f.features, dtype=torch.float32), f.end) for f in some)
        for some in (shape.fields, shape.conditions)
    )
    constraints = tuple(_constraint(constraint) for constraint in shape.constraints)
    return TokenSpec(shape.segments, shape.steps, fields, conditions, constraints)


def _constraint(constraint: AtMostOne | NoLeading) -> SamplingConstraint:
    if isinstance(constraint, AtMostOne):
        return LimitOpenings(constraint.field, constraint.token, constraint.segments)
    return DropLeading(constraint.field, constraint.token, constraint.onsets)
