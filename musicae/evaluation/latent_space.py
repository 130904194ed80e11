"""The latent space to look at: codes on two axes, and what its principal directions do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np
import torch
from jaxtyping import Float

from musicae.clips.directions import Directions, directions_from, directions_of
from musicae.corpus.discover import Progress, no_progress
from musicae.errors import MusicaeError, unknown_name
from musicae.evaluation.attribute_effects import attribute_values
from musicae.evaluation.held_out import decode_all
from musicae.evaluation.plain import DETAIL
from musicae.evaluation.types import CodeArray, WindowTensor
from musicae.model import Codes, Model
from musicae.music.attributes import ATTRIBUTES
from musicae.music.comparison import FEATURES, all_features, both_ways, in_comparison
from musicae.music.score import Score

POSITIONS = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
"""Where codes are put along a direction, in standard deviations from their mean."""

TRAVERSED_DIRECTIONS = 6
"""How many of the widest directions are traversed, at most."""

TRAVERSED_WINDOWS = 64
"""Windows whose codes are moved along a direction."""

Points = Float[np.ndarray, "window 2"]
Projection = Callable[[CodeArray], tuple[Points, tuple[float, float] | None]]


@dataclass(frozen=True, eq=False)
class LatentMap:
    """Codes of held-out windows on two axes.

    Attributes:
        explained: share of the codes' variance that lies along each axis; None where axes are not directions.
        attributes: of every window, where they vary.
    """

    explained: tuple[float, float] | None
    points: Points = field(metadata=DETAIL)
    attributes: dict[str, list[float]] = field(metadata=DETAIL)


@dataclass(frozen=True, eq=False)
class Traversal:
    """What one principal direction of codes does, the others being as they were.

    Attributes:
        direction: its name, as that of `clips.directions`.
        std: of codes along it.
        positions: where codes are put along it, in standard deviations from their mean.
        changes: by feature (`music.comparison`), mean at every position minus the mean of the reconstructions, in units
            of the feature's standard deviation over these.
        words: what it does from the reconstructions to 2 standard deviations above the mean, and below.
        scores: the first window at every position.
    """

    direction: str
    std: float
    positions: tuple[float, ...]
    changes: dict[str, list[float]]
    words: str
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


def measure_traversals(model: Model, tokens: WindowTensor, *, progress: Progress = no_progress) -> list[Traversal]:
    """What the widest principal directions do: those that have names, or of these codes where the sampler knows none.

    All is decoded by argmax.
    """
    codes, directions = model.encode(tokens), directions_of(model)
    if not directions.names:
        directions = directions_from(codes.mean(0), (codes - codes.mean(0)) / len(codes) ** 0.5)
    names, z = directions.names[:TRAVERSED_DIRECTIONS], codes[:TRAVERSED_WINDOWS]
    condition = model.condition(tokens[:TRAVERSED_WINDOWS])
    with progress("traversing", len(z) * (1 + len(names) * len(POSITIONS))) as done:

        def decode(codes: Codes) -> list[Score]:
            return model.scores(decode_all(model, codes, condition, done=done))

        before, found = decode(z), []
        for name in names:
            rows = [decode(put(z, directions, name, position)) for position in POSITIONS]
            changes = changes_from(before, rows)
            std, firsts = float(directions.step(name).norm()), [row[0] for row in rows]
            found.append(Traversal(name, std, POSITIONS, changes, words_of(changes), firsts))
        return found


def words_of(changes: Mapping[str, Sequence[float]]) -> str:
    """What changes at `POSITIONS` come to."""
    up, down = (
        in_comparison({feature: along[POSITIONS.index(end)] for feature, along in changes.items()})
        for end in (2.0, -2.0)
    )
    return both_ways(up, down)


def put(z: Codes, directions: Directions, name: str, position: float) -> Codes:
    """Codes at a position along a direction, in standard deviations from the mean."""
    amounts = [position - directions.coordinates(code)[name] for code in z]
    return torch.stack([directions.move(code, {name: amount}) for code, amount in zip(z, amounts, strict=True)])


def changes_from(before: Sequence[Score], after: Sequence[Sequence[Score]]) -> dict[str, list[float]]:
    """By feature that varies, its mean in rows of scores, in standard deviations from its mean before."""
    values, *others = (np.array([list(all_features(score).values()) for score in row]) for row in (before, *after))
    means = np.stack([some.mean(0) for some in others])
    columns = zip(FEATURES, (means - values.mean(0)).T, values.std(0), np.ptp(values, 0) > 0, strict=True)
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
