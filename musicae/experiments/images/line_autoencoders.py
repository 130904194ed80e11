"""The autoencoders of images on the lines task, trained and measured.

What a training came to has one of its paths beside it: all that the table and the picture need.
"""

from __future__ import annotations

import math
import zlib
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from musicae.errors import MusicaeError
from musicae.experiments.images.image_autoencoders import IMAGE_AUTOENCODERS
from musicae.experiments.images.image_task import (
    Images,
    ImageTask,
    decode_images,
    encode_images,
    image_autoencoder,
    image_metrics,
    initial_weights,
)
from musicae.experiments.images.image_trainings import (
    median_of_last,
    metrics_of,
    published_training,
    trained,
)
from musicae.experiments.images.lines import (
    LineBank,
    endpoints,
    line_scores,
    random_angles,
    render_lines,
    straight_paths,
)
from musicae.experiments.results import read_result, write_result
from musicae.networks.convolutional import ConvolutionalSizes
from musicae.networks.types import ClassLabel
from musicae.seeds import seeded
from musicae.training.reporter import Metrics, Reporter

LEARNED = 0.03
"""The largest squared error at which paths are lines at all: with blurred images, both scores mean nothing."""

LINES = ConvolutionalSizes(image=32, latent_width=2, latent_channels=16, depth=16)
QUANTIZED_LINES = replace(LINES, latent_width=4)
"""The published VQ-VAE halves the image once less."""


GrayPath = UInt8[np.ndarray, "point height width"]
"""Images from 0 (black) to 255 (white)."""


@dataclass(frozen=True)
class LineResult:
    """What one training came to.

    Attributes:
        mean_distance, smoothness: medians of the last evaluations; undefined paths count as 0, as published; None
            where all are undefined.
        undefined: paths of 256 without a smoothness, median.
        squared_error: of reconstructions, per pixel, at the end.
        path: what lies between two lines, decoded; bytes of `GrayPath`, packed by zlib, in base64.
    """

    name: str
    seed: int
    updates: int
    mean_distance: float | None
    smoothness: float | None
    undefined: float
    squared_error: float
    minutes: float
    path: str = ""

    @property
    def images(self) -> GrayPath:
        """The path as images.

        Raises:
            MusicaeError: it is none.
        """
        try:
            pixels = np.frombuffer(zlib.decompress(b64decode(self.path)), np.uint8)
            return pixels.reshape(-1, LINES.image, LINES.image)
        except (ValueError, zlib.error) as error:
            hint = "take the result away: its training ends anew then"
            raise MusicaeError(f"the path of {self.name} cannot be read: {error}", hint) from None


class LineTask(ImageTask):
    """Lines at random angles; measured on 256 paths between others."""

    def __init__(self, name: str, seed: int, updates: int) -> None:
        self.row = IMAGE_AUTOENCODERS[name]
        sizes = QUANTIZED_LINES if name == "vqvae" else LINES
        with initial_weights(seed):
            autoencoder = image_autoencoder(self.row.objective, sizes, self.row.likelihood)
        super().__init__(f"lines/{name}", autoencoder, published_training(updates), seed)
        self.bank = LineBank.of(LINES.image)
        self.first, self.last = (render_lines(angles, LINES.image) for angles in endpoints(PATHS_SEED))

    def draw(self, n: int, source: torch.Generator) -> tuple[Images, ClassLabel]:
        return render_lines(random_angles(n, source).to(self.device), LINES.image), torch.full((n,), -1)

    def validate(self) -> Metrics:
        scores = asdict(line_scores(self.paths(), self.bank))
        return {**image_metrics(self.autoencoder, torch.cat([self.first, self.last])), **scores}

    def paths(self, n: int | None = None) -> Float[Tensor, "path point 1 height width"]:
        """What lies between the ends of paths, decoded."""
        with seeded(0, self.device):
            first, last = (
                encode_images(self.autoencoder, ends[:n], sampled=self.row.sampled) for ends in (self.first, self.last)
            )
        z = straight_paths(first, last)
        return decode_images(self.autoencoder, z.flatten(0, 1)).unflatten(0, z.shape[:2])


def train_lines(
    name: str,
    seed: int,
    updates: int,
    folder: Path,
    *,
    device: str = "auto",
    precision: str = "auto",
    reporter: Reporter | None = None,
) -> LineResult:
    """Trains an autoencoder in a folder, goes on where it stopped, and says what it came to.

    Where the folder holds the result already, that is all that is needed of it.

    Args:
        precision: of matrix products; `auto` is whichever is fastest here.

    Raises:
        KeyboardInterrupt: stopped, after saving.
        MusicaeError: the folder holds another training, or there is no such device.
    """
    known = read_result(folder, LineResult)
    if known is not None and (known.name, known.seed, known.updates) == (name, seed, updates):
        return known
    task = LineTask(name, seed, updates)
    trainer = trained(task, folder, seed, device=device, precision=precision, reporter=reporter)
    state, measured = trainer.state, metrics_of(folder, "validation")
    result = replace(
        line_result(name, seed, state.update, state.seconds / 60, measured), path=_packed(task.paths(1)[0, :, 0])
    )
    write_result(folder, result)
    return result


def _packed(path: Float[Tensor, "point height width"]) -> str:
    pixels = ((path.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).numpy()
    return b64encode(zlib.compress(pixels.tobytes(), 9)).decode()


def line_result(name: str, seed: int, updates: int, minutes: float, measured: Sequence[Metrics]) -> LineResult:
    """The medians of the last evaluations."""

    def median(key: str) -> float | None:
        found = median_of_last(measured, key)
        return None if math.isnan(found) else found

    return LineResult(
        name=name,
        seed=seed,
        updates=updates,
        mean_distance=median("mean_distance"),
        smoothness=median("smoothness"),
        undefined=median_of_last(measured, "undefined"),
        squared_error=measured[-1]["squared_error"],
        minutes=minutes,
    )


PATHS_SEED = 0
"""Of the paths that are measured, the same for all."""
