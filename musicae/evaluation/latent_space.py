"""The latent space to look at: codes on two axes, and what single dimensions do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np
import torch
from jaxtyping import Float

from musicae.corpus.discover import Progress, no_progress
from musicae.errors import MusicaeError, unknown_name
from musicae.evaluation.attribute_effects import attribute_values
from musicae.evaluation.held_out import decode_all
from musicae.evaluation.plain import DETAIL
from musicae.evaluation.types import AttributeArray, CodeArray, WindowTensor
from musicae.model import Codes, Model
from musicae.music.attributes import ATTRIBUTES
from musicae.music.score import Score
from musicae.networks.priors import kl_divergence

POSITIONS = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
"""Where a dimension is set, in standard deviations of its means from their mean."""

TRAVERSED_WINDOWS = 64
"""Windows whose codes are moved along a dimension."""

Points = Float[np.ndarray, "window 2"]
Projection = Callable[[CodeArray], tuple[Points, tuple[float, float] | None]]


@dataclass(frozen=True, eq=False)
class LatentMap:
    """Codes of held-out windows on two axes.

    Attributes:
        explained: share of the codes' variance that lies along each axis; None where axes are no directions.
        attributes: of every window, where they vary.
    """

    explained: tuple[float, float] | None
    points: Points = field(metadata=DETAIL)
    attributes: dict[str, list[float]] = field(metadata=DETAIL)


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
    scores: list[Score] = field(metadata=DETAIL)


def measure_map(model: Model, tokens: WindowTensor, projection: str = "pca") -> LatentMap:
    """The posterior means of windows on two axes.

    Raises:
        MusicaeError: there is no such projection, or its library is not installed.
    """
    points, explained = projection_of(projection)(model.encode(tokens).double().numpy())
    found = attribute_values(model.scores(tokens.numpy()), list(ATTRIBUTES))
    columns = zip(ATTRIBUTES, found.T, strict=True)
    return LatentMap(explained, points, {name: column.tolist() for name, column in columns if np.ptp(column) > 0})


def projection_of(name: str) -> Projection:
    """The projection of that name.

    Raises:
        MusicaeError: there is none, or its library is not installed.
    """
    if name not in PROJECTIONS:
        raise unknown_name("projection", name, PROJECTIONS)
    if name == "umap":
        _umap_library()
    return PROJECTIONS[name]


def measure_traversals(
    model: Model, tokens: WindowTensor, *, dimensions: int = 6, progress: Progress = no_progress
) -> list[Traversal]:
    """What the most active dimensions do: those of the largest KL, or of the largest variance where codes are certain.

    All is decoded by argmax.
    """
    means, stds = model.posteriors(tokens)
    kl = kl_divergence(means, stds).mean(0) if model.autoencoder.latent.stochastic else torch.zeros(model.latent_size)
    order = (kl if kl.any() else means.var(0)).argsort(descending=True)[:dimensions].tolist()
    z, condition = means[:TRAVERSED_WINDOWS], model.condition(tokens[:TRAVERSED_WINDOWS])
    with progress("traversing", len(z) * (1 + len(order) * len(POSITIONS))) as done:

        def decode(codes: Codes) -> list[Score]:
            return model.scores(decode_all(model, codes, condition, done=done))

        before, found = attribute_values(decode(z), list(ATTRIBUTES)), []
        for dimension in order:
            values = means[:, dimension].mean() + torch.tensor(POSITIONS) * means[:, dimension].std()
            scores = [decode(with_value(z, dimension, value)) for value in values.tolist()]
            first = [part[0] for part in scores]
            found.append(Traversal(dimension, float(kl[dimension]), POSITIONS, changes_from(before, scores), first))
        return found


def with_value(z: Codes, dimension: int, value: float) -> Codes:
    """Codes with one dimension set to a value."""
    moved = z.clone()
    moved[:, dimension] = value
    return moved


def changes_from(before: AttributeArray, scores: Sequence[Sequence[Score]]) -> dict[str, list[float]]:
    """By attribute that varies, its mean over each of several lists of scores, in standard deviations from its mean."""
    means = np.stack([attribute_values(some, list(ATTRIBUTES)).mean(0) for some in scores])
    columns = zip(ATTRIBUTES, (means - before.mean(0)).T, before.std(0), np.ptp(before, 0) > 0, strict=True)
    return {name: (column / unit).tolist() for name, column, unit, varies in columns if varies}


def pca(codes: CodeArray) -> tuple[Points, tuple[float, float]]:
    """The two directions of largest variance, and their shares of it (Pearson 1901)."""
    centered = codes - codes.mean(0)
    if centered.shape[1] == 1:
        centered = np.pad(centered, ((0, 0), (0, 1)))
    _, lengths, axes = np.linalg.svd(centered, full_matrices=False)
    shares = lengths**2 / max((lengths**2).sum(), 1e-12)
    return centered @ axes[:2].T, (float(shares[0]), float(shares[1]))


def umap(codes: CodeArray) -> tuple[Points, None]:
    """Two axes that keep neighbours together (McInnes et al. 2018)."""
    return np.asarray(_umap_library().UMAP(random_state=0, n_jobs=1).fit_transform(codes), dtype=float), None


def _umap_library() -> Any:
    """The package umap-learn.

    Raises:
        MusicaeError: it is not installed.
    """
    try:
        return import_module("umap")
    except ImportError:
        raise MusicaeError("UMAP is not installed", "pip install 'musicae[umap]'") from None


PROJECTIONS: dict[str, Projection] = {"pca": pca, "umap": umap}
