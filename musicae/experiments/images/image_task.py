"""Autoencoders of images: image networks under any objective, and a task to train them.

An image is a window: its rows are segments, its pixels steps of one field of 256 gray values, whose features are the
numbers from -1 to 1. So objectives, corruptions and the training loop are those of music.
"""

from __future__ import annotations

import sys
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from musicae.config import Spec, Training, build
from musicae.errors import MusicaeError
from musicae.networks.autoencoder import Autoencoder, evaluating
from musicae.networks.batch import Batch
from musicae.networks.corruptions import CORRUPTIONS
from musicae.networks.embedding import Embedding
from musicae.networks.images import ImageCritic, ImageDecoder, ImageEncoder, ImageNetworks, Likelihood
from musicae.networks.latents import LATENTS
from musicae.networks.latents.base import Latent, Posterior
from musicae.networks.latents.wrappers import WRAPPERS
from musicae.networks.priors import PRIORS
from musicae.networks.regularizers import REGULARIZERS
from musicae.networks.regularizers.base import Context
from musicae.networks.samplers.base import PriorSampler
from musicae.networks.token_spec import FieldSpec, TokenSpec
from musicae.networks.types import ClassLabel, Code, Encoding, Tokens
from musicae.objectives import Objective
from musicae.seeds import child_seeds, generator, seeded
from musicae.training.checkpoint import TrainingState
from musicae.training.groups import LossTerms, ParameterGroup
from musicae.training.music_task import parameter_groups
from musicae.training.reporter import Metrics
from musicae.training.task import Task

Images = Float[Tensor, "image 1 height width"]
"""Pixels from -1 to 1."""

IMAGES_AT_ONCE = 512
"""That go through a network that is measured."""

BARE = Spec("bare")
"""The latent that published deterministic autoencoders have: the output of the encoder itself."""


class Bare(Latent):
    """z = h: nothing between encoder and decoder."""

    def __init__(self, inputs: int, *, size: int = 0) -> None:
        super().__init__()
        if size not in (0, inputs):
            message = f"the encoder makes {inputs} numbers, and the decoder reads {size}"
            raise MusicaeError(message, "make them equally many")
        self.size = self.code_size = inputs

    def forward(self, h: Encoding, label: ClassLabel | None = None) -> Posterior:
        z = h.float()
        return Posterior(z, z, torch.zeros_like(z), z)

    def settle(self, z: Code) -> Code:
        return z


def image_autoencoder(objective: Objective, networks: ImageNetworks, likelihood: Likelihood) -> Autoencoder:
    """An autoencoder of these networks under an objective."""
    shades = FieldSpec("gray", torch.linspace(-1, 1, 256)[:, None])
    embedding = Embedding(TokenSpec(*networks.shape, (shades,)))
    encoder = ImageEncoder(networks.encoder(), networks.encoding)
    choice = Spec(objective.latent.name, {"size": networks.code, **objective.latent.arguments})
    latent: Latent = build({**LATENTS, BARE.name: Bare}, choice, encoder.size)
    for wrapper in objective.wrappers:
        latent = build(WRAPPERS, wrapper, latent, encoder.size)
    prior = build(PRIORS, objective.prior, latent.code_size)
    context = Context.of(latent, lambda: ImageCritic(networks.critic()))
    return Autoencoder(
        embedding,
        encoder,
        latent,
        prior,
        PriorSampler(latent.size, prior),
        ImageDecoder(networks.decoder(), likelihood),
        {item.label: build(REGULARIZERS, item.spec, context) for item in objective.regularizers},
        [build(CORRUPTIONS, corruption) for corruption in objective.corruptions],
    )


@contextmanager
def initial_weights(seed: int) -> Iterator[None]:
    """Inside, the weights that networks begin with follow from a seed."""
    with seeded(child_seeds(seed, WEIGHTS)[0]):
        yield


WEIGHTS, IMAGE_BATCHES = 2, 3
"""What lies under these numbers of the path of seeds is for weights and for batches; 1 is for noise, and held-out lines
have no path, which is the same as one of zeros."""


def to_tokens(images: Images) -> Tokens:
    """The gray values of images."""
    return ((images[:, 0, :, :, None].clamp(-1, 1) + 1) * 127.5).round().long()


class ImageTask(Task):
    """Trains an autoencoder on images that are drawn anew for every update.

    Attributes:
        identity: names the objective.

    Args:
        seed: decides the images of every update.
    """

    def __init__(self, name: str, autoencoder: Autoencoder, training: Training, seed: int) -> None:
        self.module = self.autoencoder = autoencoder
        self.training, self.seed, self.identity = training, seed, name

    @abstractmethod
    def draw(self, n: int, source: torch.Generator) -> tuple[Images, ClassLabel]:
        """n images, and the class of each, -1 for none."""

    def batch(self, update: int, round: int = 0) -> Batch:
        images, label = self.draw(self.training.batch, generator(self.seed, IMAGE_BATCHES, update, round))
        return image_batch(self.autoencoder, images, label, update)

    def groups(self) -> list[ParameterGroup]:
        groups = parameter_groups(self.autoencoder, self.training)
        return [replace(one, settings=replace(one.settings, clip=self.training.clip)) for one in groups]  # critics' too

    def critic_terms(self, batch: Batch) -> LossTerms:
        return self.autoencoder.critic_terms(batch)

    def save_best(self, state: TrainingState) -> None:
        """Nothing: what is measured are the weights as they come."""


def image_batch(autoencoder: Autoencoder, images: Images, label: ClassLabel, update: int) -> Batch:
    """Images as the autoencoder sees them."""
    device = next(autoencoder.parameters()).device
    return Batch.of(autoencoder.spec, to_tokens(images).to(device), label=label.to(device), update=update)


def unlabeled_batch(autoencoder: Autoencoder, images: Images) -> Batch:
    """Images of no known class as the autoencoder sees them after its training, with every schedule at its end."""
    return image_batch(autoencoder, images, torch.full((len(images),), -1), sys.maxsize)


@torch.no_grad()
def encode_images(autoencoder: Autoencoder, images: Images, *, sampled: bool = False) -> Code:
    """Codes of images: means, or draws of their posteriors."""
    found = []
    with evaluating(autoencoder):
        for part in images.split(IMAGES_AT_ONCE):
            read = unlabeled_batch(autoencoder, part)
            posterior = autoencoder.encode(read.target, read.condition)
            found.append((posterior.z if sampled else posterior.mean).cpu())
    return torch.cat(found)


@torch.no_grad()
def decode_images(autoencoder: Autoencoder, z: Code) -> Images:
    """What codes stand for."""
    device = next(autoencoder.parameters()).device
    decoder = autoencoder.decoder
    assert isinstance(decoder, ImageDecoder)
    with evaluating(autoencoder):
        found = [decoder.mean(autoencoder.latent.settle(part.to(device))).cpu() for part in z.split(IMAGES_AT_ONCE)]
    return torch.cat(found).permute(0, 3, 1, 2)


@torch.no_grad()
def image_terms(autoencoder: Autoencoder, images: Images) -> Metrics:
    """The terms of the loss that no critic has a part in, over images; "loss" is their sum.

    Where codes have a posterior with a spread they are drawn from it, the same draws every time.
    """
    sums: Metrics = {}
    with evaluating(autoencoder), seeded(0, next(autoencoder.parameters()).device):
        for part in images.split(IMAGES_AT_ONCE):
            read = unlabeled_batch(autoencoder, part)
            terms = autoencoder.terms(autoencoder.encode(read.target, read.condition), read)
            for name, term in terms.items():
                sums[name] = sums.get(name, 0.0) + float(term) * len(part) / len(images)
    return {"loss": sum(sums.values()), **sums}


def squared_error(a: Images, b: Images) -> float:
    """The mean squared error of pixels."""
    return float((a - b).square().mean())


def image_metrics(autoencoder: Autoencoder, images: Images) -> Metrics:
    """The mean squared error of the reconstructions of images, as "loss" too."""
    error = squared_error(images, decode_images(autoencoder, encode_images(autoencoder, images)))
    return {"loss": error, "squared_error": error}
