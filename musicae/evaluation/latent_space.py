"""The latent space to look at: codes on two axes, and what single dimensions do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
import torch
from jaxtyping import Float

from musicae.errors import MusicaeError, unknown_name
from musicae.evaluation.attribute_effects import values
from musicae.evaluation.held_out import Advance, Codes, Windows, decoded, no_progress
from musicae.model import Model
from musicae.music.attributes import ATTRIBUTES
from musicae.music.score import Score
from musicae.networks.regularizers import kl_divergence

POSITIONS = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
"""Where a dimension is set, in standard deviations of its means from their mean."""

TRAVERSED = 64
"""Windows whose codes are moved along a dimension."""

Points = Float[np.ndarray, "window 2"]
CodeRows = Float[np.ndarray, "window size"]
Projection = Callable[[CodeRows], tuple[Points, tuple[float, float] | None]]


@dataclass(frozen=True, eq=False)
class Map:
    """Codes of held-out windows on two axes.

    Attributes:
        explained: share of the codes' variance that lies along each axis; None where axes are no directions.
        attributes: of every window, where they vary.
    """

    points: Points
    explained: tuple[float, float] | None
    attributes: dict[str, list[float]]


@dataclass(frozen=True, eq=False)
class Traversal:
    """What one dimension does, all others being as they were.

    Attributes:
        kl: of this dimension, in nats, on average over windows; 0 where codes are certain.
        positions: where it is set, in standard deviations of its means from their mean.
        changes: by attribute, mean at every position minus the mean of the reconstructions, in units of the
            attribute's standard deviation over these.
        scores: the first window at every position.
    """

    dimension: int
    kl: float
    positions: tuple[float, ...]
    changes: dict[str, list[float]]
    scores: list[Score]


def project(model: Model, tokens: Windows, projection: Projection) -> Map:
    """The posterior means of windows on two axes."""
    points, explained = projection(model.encode(tokens).double().numpy())
    found = values(model.scores(tokens.numpy()), list(ATTRIBUTES))
    columns = zip(ATTRIBUTES, found.T, strict=True)
    return Map(points, explained, {name: column.tolist() for name, column in columns if np.ptp(column) > 0})


def projection_of(name: str) -> Projection:
    """The projection of that name.

    Raises:
        MusicaeError: there is none, or its library is not installed.
    """
    if name not in PROJECTIONS:
        raise unknown_name("projection", name, PROJECTIONS)
    if name == "umap":
        umap_library()
    return PROJECTIONS[name]


def traverse(model: Model, tokens: Windows, *, dimensions: int = 6, progress: Advance = no_progress) -> list[Traversal]:
    """What the most active dimensions do: those of the largest KL, or of the largest variance where codes are certain.

    All is decoded by argmax; `progress` hears of every window decoded.
    """
    means, stds = model.posteriors(tokens)
    kl = kl_divergence(means, stds).mean(0) if model.autoencoder.latent.stochastic else torch.zeros(model.latent_size)
    order = (kl if kl.any() else means.var(0)).argsort(descending=True)
    tokens, z = tokens[:TRAVERSED], means[:TRAVERSED]
    given, center, spread = model.condition(tokens), means.mean(0), means.std(0)

    def heard(codes: Codes) -> list[Score]:
        return model.scores(decoded(model, codes, given, progress=progress))

    before = values(heard(z), list(ATTRIBUTES))
    varies, unit = np.ptp(before, 0) > 0, before.std(0)
    found = []
    for dimension in order[:dimensions].tolist():
        scores = []
        for position in POSITIONS:
            moved = z.clone()
            moved[:, dimension] = center[dimension] + position * spread[dimension]
            scores.append(heard(moved))
        changes = np.stack([values(part, list(ATTRIBUTES)).mean(0) for part in scores]) - before.mean(0)
        columns = zip(ATTRIBUTES, changes.T, unit, varies, strict=True)
        by_name = {name: (column / scale).tolist() for name, column, scale, counts in columns if counts}
        found.append(Traversal(dimension, float(kl[dimension]), POSITIONS, by_name, [part[0] for part in scores]))
    return found


def traversed(dimensions: int = 6) -> int:
    """How often `traverse` decodes a window."""
    return 1 + dimensions * len(POSITIONS)


def pca(codes: CodeRows) -> tuple[Points, tuple[float, float]]:
    """The two directions of largest variance, and their shares of it (Pearson 1901)."""
    centered = codes - codes.mean(0)
    if centered.shape[1] == 1:
        centered = np.pad(centered, ((0, 0), (0, 1)))
    _, lengths, axes = np.linalg.svd(centered, full_matrices=False)
    shares = lengths**2 / max((lengths**2).sum(), 1e-12)
    return centered @ axes[:2].T, (float(shares[0]), float(shares[1]))


def umap(codes: CodeRows) -> tuple[Points, None]:
    """Two axes that keep neighbours together (McInnes et al. 2018)."""
    return np.asarray(umap_library().UMAP(random_state=0, n_jobs=1).fit_transform(codes), dtype=float), None


def umap_library() -> Any:
    """The package umap-learn.

    Raises:
        MusicaeError: it is not installed.
    """
    try:
        return import_module("umap")
    except ImportError:
        raise MusicaeError("UMAP is not installed", "pip install 'musicae[umap]'") from None


PROJECTIONS: dict[str, Projection] = {"pca": pca, "umap": umap}
