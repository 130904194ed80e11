"""The lines task as a table beside the published one, and as a picture of paths."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from musicae.experiments.images.image_autoencoders import IMAGE_AUTOENCODERS
from musicae.experiments.images.image_trainings import deviation
from musicae.experiments.images.line_autoencoders import LEARNED, LineResult
from musicae.render.images import interpolation_grid
from musicae.report.table import Cell, Table


def line_table(results: Sequence[LineResult]) -> Table:
    """A row per autoencoder: means over seeds, with their standard deviations, beside the published means."""
    columns = {
        "autoencoder": "",
        "seeds": "d",
        "updates": ",d",
        "distance e-3": ".2f",
        "distance +-": ".2f",
        "published distance": ".2f",
        "smoothness": ".3f",
        "smoothness +-": ".3f",
        "published smoothness": ".2f",
        "undefined": ".0f",
        "squared error": ".4f",
    }
    rows = [_row(name, [one for one in results if one.name == name]) for name in IMAGE_AUTOENCODERS]
    return Table("lines", "Paths between lines", columns, [row for row in rows if row])


def _row(name: str, results: Sequence[LineResult]) -> list[Cell]:
    if not results:
        return []
    published = PUBLISHED_LINES.get(name, (None, None))
    distance = [1e3 * one.mean_distance for one in results if one.mean_distance is not None]
    smoothness = [one.smoothness for one in results if one.smoothness is not None]
    return [
        name,
        len(results),
        min(one.updates for one in results),
        statistics.mean(distance) if distance else None,
        deviation(distance),
        published[0] and 1e3 * published[0],
        statistics.mean(smoothness) if smoothness else None,
        deviation(smoothness),
        published[1],
        statistics.mean(one.undefined for one in results),
        statistics.mean(one.squared_error for one in results),
    ]


def line_remarks(results: Sequence[LineResult]) -> list[str]:
    """What keeps figures from being compared."""
    blurred = sorted({one.name for one in results if one.squared_error > LEARNED})
    if not blurred:
        return []
    return [f"{', '.join(blurred)}: reconstructions are no lines yet, so that neither score means anything"]


def line_record(results: Sequence[LineResult]) -> dict[str, Any]:
    """Everything that was measured, for JSON."""
    return {"results": [{key: value for key, value in asdict(one).items() if key != "path"} for one in results]}


def line_picture(results: Sequence[LineResult]) -> str:
    """One path under every autoencoder, a row each, as SVG: that of its first seed."""
    paths = {one.name: one.images / 127.5 - 1 for one in sorted(results, key=lambda one: -one.seed)}
    rows = [name for name in IMAGE_AUTOENCODERS if name in paths]
    return interpolation_grid(np.stack([paths[name] for name in rows]), rows)


PUBLISHED_LINES: Mapping[str, tuple[float, float]] = {
    "autoencoder": (6.88e-3, 0.44),
    "dropout": (2.85e-3, 0.74),
    "denoising": (4.21e-3, 0.66),
    "vae": (1.21e-3, 0.49),
    "aae": (3.26e-3, 0.14),
    "vqvae": (5.41e-3, 0.77),
    "acai": (0.24e-3, 0.10),
}
"""Mean distance and smoothness (Berthelot et al. 2018, table 1)."""
