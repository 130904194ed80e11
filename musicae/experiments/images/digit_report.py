"""Classifiers of digits' codes as a table beside the published one."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from musicae.experiments.images.digit_autoencoders import DigitResult
from musicae.experiments.images.image_autoencoders import IMAGE_AUTOENCODERS
from musicae.experiments.images.image_trainings import deviation
from musicae.report.table import Cell, Table

NOT_REPRODUCED = "the published figures of SVHN and CIFAR-10 are not reproduced"


def digit_table(results: Sequence[DigitResult], *, mnist: bool) -> Table:
    """A row per autoencoder: means over seeds, of the accuracy with their standard deviations.

    Args:
        mnist: whether the published means of MNIST stand beside them.
    """
    published = ("published %", "published +-") if mnist else ()
    columns = {
        "autoencoder": "",
        "seeds": "d",
        "updates": ",d",
        "code": "d",
        "accuracy %": ".2f",
        "accuracy +-": ".2f",
        "fitted %": ".2f",
        **dict.fromkeys(published, ".2f"),
        "squared error": ".4f",
    }
    rows = [_row([one for one in results if one.name == name], mnist) for name in IMAGE_AUTOENCODERS]
    return Table("digits", "How well a linear classifier reads codes of digits", columns, [row for row in rows if row])


def _row(results: Sequence[DigitResult], mnist: bool) -> list[Cell]:
    if not results:
        return []
    first, accuracy = results[0], [100 * one.accuracy for one in results]
    published: Sequence[Cell] = PUBLISHED_DIGITS.get(first.code_size, {}).get(first.name, (None, None))
    return [
        first.name,
        len(results),
        min(one.updates for one in results),
        first.code_size,
        statistics.mean(accuracy),
        deviation(accuracy),
        100 * statistics.mean(one.fitted for one in results),
        *(published if mnist else ()),
        statistics.mean(one.squared_error for one in results),
    ]


PUBLISHED_DIGITS: Mapping[int, Mapping[str, tuple[float, float]]] = {
    32: {
        "autoencoder": (94.90, 0.14),
        "dropout": (96.45, 0.42),
        "denoising": (96.00, 0.27),
        "vae": (96.56, 0.31),
        "aae": (70.74, 3.27),
        "vqvae": (97.50, 0.18),
        "acai": (98.25, 0.11),
    },
    256: {
        "autoencoder": (93.94, 0.13),
        "dropout": (94.50, 0.29),
        "denoising": (98.51, 0.04),
        "vae": (98.74, 0.14),
        "aae": (90.03, 0.54),
        "vqvae": (97.25, 1.42),
        "acai": (99.00, 0.08),
    },
}
"""Of MNIST, test accuracy of the classifier in percent, and its standard deviation (Berthelot et al. 2018, table 2)."""
