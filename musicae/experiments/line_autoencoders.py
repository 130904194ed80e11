"""The autoencoders of the lines task: the seven that were published, and ours, trained and measured.

Weights are the published ones in our unit: the nll here is half the squared error of an image, 512 times its mean over
1024 pixels, so that a weight beside a mean squared error is 512 times as large here.
"""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from musicae.config import Training, named, pick, spec
from musicae.cpu import usable_cores
from musicae.experiments.images import (
    BARE,
    Images,
    ImageTask,
    decode_images,
    encode_images,
    image_autoencoder,
    image_metrics,
)
from musicae.experiments.lines import (
    LineBank,
    endpoints,
    line_scores,
    random_angles,
    render_lines,
    straight_paths,
)
from musicae.networks.convolutional import ConvolutionalSizes
from musicae.networks.images import Likelihood
from musicae.networks.types import ClassLabel
from musicae.objectives import Objective
from musicae.seeds import child_seeds
from musicae.storage.atomic import write_atomically
from musicae.training.arithmetic import Arithmetic, choose_training_arithmetic
from musicae.training.loop import Trainer
from musicae.training.reporter import Metrics, Reporter

PUBLISHED_UPDATES = 262_144
EVALUATE_EVERY = 1_024
LAST = 20
"""Evaluations whose median counts, as published; of a shorter training the second half."""

LEARNED = 0.03
"""The largest squared error at which paths are lines at all: with blurred images, both scores mean nothing."""

LINES = ConvolutionalSizes(image=32, latent_width=2, latent_channels=16, depth=16)


@dataclass(frozen=True)
class LineAutoencoder:
    """One row of the table.

    Attributes:
        published: mean distance and smoothness (Berthelot et al. 2018, table 1), where there are some.
        sampled: whether paths lead between draws of posteriors, as published of the VAE, and not between their means.
    """

    objective: Objective
    published: tuple[float, float] | None = None
    sizes: ConvolutionalSizes = LINES
    likelihood: Likelihood = "gaussian"
    sampled: bool = False


@dataclass(frozen=True)
class LineResult:
    """What one training came to.

    Attributes:
        mean_distance, smoothness: medians of the last evaluations; undefined paths count as 0, as published.
        undefined: paths of 256 without a smoothness, median.
        squared_error: of reconstructions, per pixel, at the end.
    """

    name: str
    seed: int
    updates: int
    mean_distance: float
    smoothness: float
    undefined: float
    squared_error: float
    minutes: float


class LineTask(ImageTask):
    """Lines at random angles; measured on 256 paths between others."""

    def __init__(self, name: str, seed: int, updates: int) -> None:
        self.row = LINE_AUTOENCODERS[name]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(child_seeds(seed, 2)[0])
            autoencoder = image_autoencoder(self.row.objective, self.row.sizes, self.row.likelihood)
        super().__init__(f"lines/{name}", autoencoder, training(updates), seed)
        self.bank = LineBank.of(LINES.image)
        self.first, self.last = (render_lines(angles, LINES.image) for angles in endpoints(PATHS_SEED))

    def draw(self, n: int, source: torch.Generator) -> tuple[Images, ClassLabel]:
        return render_lines(random_angles(n, source), LINES.image), torch.full((n,), -1)

    def validate(self) -> Metrics:
        scores = asdict(line_scores(self.paths(), self.bank))
        return {**image_metrics(self.autoencoder, torch.cat([self.first, self.last])), **scores}

    def paths(self, n: int | None = None) -> Float[Tensor, "path point 1 height width"]:
        """What lies between the ends of paths, decoded."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            first, last = (
                encode_images(self.autoencoder, ends[:n], sampled=self.row.sampled) for ends in (self.first, self.last)
            )
        z = straight_paths(first, last)
        return decode_images(self.autoencoder, z.flatten(0, 1)).unflatten(0, z.shape[:2])


def training(updates: int) -> Training:
    """As published: Adam at 1e-4, 64 images an update, no clipping."""
    return Training(
        batch=64,
        updates=updates,
        optimizer="adam",
        learning_rate=1e-4,
        min_learning_rate=1e-4,
        clip=1e9,
        validate_every=EVALUATE_EVERY,
    )


def train_lines(
    name: str,
    seed: int,
    updates: int,
    folder: Path,
    *,
    precision: str = "auto",
    reporter: Reporter | None = None,
) -> LineResult:
    """Trains an autoencoder in a folder, goes on where it stopped, and says what it came to.

    Args:
        precision: of matrix products; `auto` is whichever is fastest here.

    Raises:
        KeyboardInterrupt: stopped, after saving.
        MusicaeError: the folder holds another training.
    """
    trainer = line_trainer(name, seed, updates, folder, reporter)
    if trainer.state.update < updates:
        wanted = Arithmetic(precision, usable_cores())
        trainer.arithmetic = choose_training_arithmetic(trainer.module, trainer.batch(updates), wanted)
        trainer.run()
    result = summary(name, seed, trainer.state.update, trainer.state.seconds / 60, evaluations(folder))
    write_atomically(folder / "result.json", (json.dumps(asdict(result), indent=2) + "\n").encode())
    return result


def line_trainer(
    name: str,
    seed: int,
    updates: int,
    folder: Path,
    reporter: Reporter | None = None,
) -> Trainer[LineTask]:
    """A trainer at the last saved state of a folder, or at its start."""
    task = LineTask(name, seed, updates)
    trainer = Trainer(task, folder, seed=seed, reporter=reporter)
    trainer.resume()
    return trainer


def rows_named(names: Sequence[str]) -> list[str]:
    """These rows of the table in its order, all where none are named.

    Raises:
        MusicaeError: there is no such row.
    """
    for name in names:
        pick(LINE_AUTOENCODERS, name, "autoencoder")
    return [name for name in LINE_AUTOENCODERS if name in names or not names]


def evaluations(folder: Path) -> list[dict[str, float]]:
    """The metrics of all validations of a training."""
    lines = (json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines())
    return [{name: float(line[name]) for name in MEASURED} for line in lines if MEASURED[0] in line]


MEASURED = ("mean_distance", "smoothness", "undefined", "squared_error")
"""Of every evaluation."""


def summary(name: str, seed: int, updates: int, minutes: float, measured: list[dict[str, float]]) -> LineResult:
    """The medians of the last evaluations."""
    counted = measured[-min(LAST, max(len(measured) // 2, 1)) :]
    middle = {
        key: statistics.median([one[key] for one in counted if math.isfinite(one[key])] or [math.nan])
        for key in MEASURED[:3]
    }
    return LineResult(
        name=name,
        seed=seed,
        updates=updates,
        squared_error=measured[-1]["squared_error"],
        minutes=minutes,
        **middle,
    )


PATHS_SEED = 0
"""Of the paths that are measured, the same for all."""

LINE_AUTOENCODERS: Mapping[str, LineAutoencoder] = {
    "autoencoder": LineAutoencoder(Objective("baseline", "", latent=BARE), (6.88e-3, 0.44)),
    "dropout": LineAutoencoder(
        Objective("half of the code hidden", "", latent=BARE, wrappers=(spec("dropout", keep=0.5),)), (2.85e-3, 0.74)
    ),
    "denoising": LineAutoencoder(
        Objective("noise on the input", "", latent=BARE, corruptions=(spec("feature_noise", std=1.0),)),
        (4.21e-3, 0.66),
    ),
    "vae": LineAutoencoder(
        Objective("KL, beta 1", "", latent=spec("gaussian"), regularizers=(named("kl", beta=1.0),)),
        (1.21e-3, 0.49),
        likelihood="bernoulli",
        sampled=True,
    ),
    "aae": LineAutoencoder(
        Objective(
            "critic of codes",
            "",
            latent=BARE,
            regularizers=(
                named("adversarial_prior", weight=512.0, noise=0.0, ramp=0, hidden=100, learning_rate_scale=1.0),
            ),
        ),
        (3.26e-3, 0.14),
    ),
    "vqvae": LineAutoencoder(
        Objective("codebook", "", latent=spec("vector_quantized", slots=16, vectors=512, decay=0.999, commitment=20.0)),
        (5.41e-3, 0.77),
        sizes=ConvolutionalSizes(image=32, latent_width=4, latent_channels=16, depth=16),
    ),
    "acai": LineAutoencoder(
        Objective(
            "critic of interpolations",
            "",
            latent=BARE,
            regularizers=(named("adversarial_interpolation", weight=256.0, ramp=0),),
        ),
        (0.24e-3, 0.10),
    ),
    "adversarial-denoising": LineAutoencoder(
        Objective("adversarial noise", "", latent=BARE, corruptions=(spec("adversarial_noise", size=0.5),))
    ),
    "wae": LineAutoencoder(Objective("MMD to N(0, 1)", "", latent=BARE, regularizers=(named("mmd", weight=100.0),))),
    "contractive": LineAutoencoder(
        Objective("Jacobian of the code", "", latent=BARE, regularizers=(named("contractive", weight=0.1),))
    ),
    "sparse": LineAutoencoder(
        Objective(
            "L1 of codes of variance 1",
            "",
            latent=spec("deterministic", mean_std=1.0),
            regularizers=(named("sparse", weight=0.5),),
        )
    ),
}
"""The rows of the table: those that were published, in their order, then ours."""
