"""The autoencoders that are compared on images: the seven of Berthelot et al. (2018), and ours.

Weights are the published ones in our unit, for images of 32 by 32 pixels: the nll here is half the squared error of an
image, 512 times its mean over 1024 pixels, so that a weight beside a mean squared error is 512 times as large here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from musicae.config import Spec, named, pick, spec
from musicae.experiments.images.image_task import BARE
from musicae.networks.images import Likelihood
from musicae.objectives import Objective

PIXELS = 1024
"""Of the images that the weights are for."""

SUMMED = ("weight", "commitment")
"""Arguments that are compared with the squared error of a whole image. The beta of a KL is not: a nat is a nat."""


@dataclass(frozen=True)
class ImageAutoencoder:
    """What an autoencoder of images is trained for.

    Attributes:
        objective: for images of `PIXELS` pixels.
        sampled: whether paths lead between draws of posteriors, as published of the VAE, and not between their means.
    """

    objective: Objective
    likelihood: Likelihood = "gaussian"
    sampled: bool = False

    def objective_of(self, pixels: int) -> Objective:
        """The objective for images of so many pixels: its weights keep their share of the squared error."""

        def scaled(choice: Spec) -> Spec:
            share = {key: value * pixels / PIXELS for key, value in choice.arguments.items() if key in SUMMED}
            return Spec(choice.name, {**choice.arguments, **share})

        regularizers = tuple(replace(item, spec=scaled(item.spec)) for item in self.objective.regularizers)
        return replace(self.objective, latent=scaled(self.objective.latent), regularizers=regularizers)


def rows_named(names: Sequence[str]) -> list[str]:
    """These autoencoders in the order of the table, all where none are named.

    Raises:
        MusicaeError: there is no such autoencoder.
    """
    for name in names:
        pick(IMAGE_AUTOENCODERS, name, "autoencoder")
    return [name for name in IMAGE_AUTOENCODERS if name in names or not names]


QUANTIZED = spec("vector_quantized", slots=16, vectors=512, decay=0.999, expire_below=0.0, commitment=20.0)
"""A slot for every place of the code and one codebook for all: ours. Published were ten slots behind dense layers and a
codebook of 16,384 vectors, which do not expire either."""

IMAGE_AUTOENCODERS: Mapping[str, ImageAutoencoder] = {
    "autoencoder": ImageAutoencoder(Objective("baseline", "", latent=BARE)),
    "dropout": ImageAutoencoder(
        Objective("half of the code hidden", "", latent=BARE, wrappers=(spec("dropout", keep=0.5),))
    ),
    "denoising": ImageAutoencoder(
        Objective("noise on the input", "", latent=BARE, corruptions=(spec("feature_noise", std=1.0),))
    ),
    "vae": ImageAutoencoder(
        Objective("KL, beta 1", "", latent=spec("gaussian"), regularizers=(named("kl", beta=1.0),)),
        likelihood="bernoulli",
        sampled=True,
    ),
    "aae": ImageAutoencoder(
        Objective(
            "critic of codes",
            "",
            latent=BARE,
            regularizers=(
                named(
                    "adversarial_prior",
                    weight=512.0,
                    noise=0.0,
                    ramp=0,
                    hidden=100,
                    learning_rate_scale=1.0,
                    beta1=0.9,
                ),
            ),
        )
    ),
    "vqvae": ImageAutoencoder(Objective("codebook", "", latent=QUANTIZED)),
    "acai": ImageAutoencoder(
        Objective(
            "critic of interpolations",
            "",
            latent=BARE,
            regularizers=(named("adversarial_interpolation", weight=256.0, ramp=0),),
        )
    ),
    "adversarial-denoising": ImageAutoencoder(
        Objective("adversarial noise", "", latent=BARE, corruptions=(spec("adversarial_noise", size=0.5),))
    ),
    "wae": ImageAutoencoder(Objective("MMD to N(0, 1)", "", latent=BARE, regularizers=(named("mmd", weight=100.0),))),
    "contractive": ImageAutoencoder(
        Objective("Jacobian of the code", "", latent=BARE, regularizers=(named("contractive", weight=0.1),))
    ),
    # Of variance 1 over batches, codes that are nearly always 0 are normalized by other moments than in training.
    "sparse": ImageAutoencoder(
        Objective("L1 of codes of length 1", "", latent=spec("sphere"), regularizers=(named("sparse", weight=0.5),))
    ),
}
"""The rows of the tables: those that were published, in their order, then ours."""
