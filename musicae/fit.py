"""Attribute vectors: which way in z an attribute grows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from musicae.corpus.dataset import Dataset
from musicae.errors import MusicaeError
from musicae.model import Model, save_attributes
from musicae.music.attributes import ATTRIBUTES

BATCH = 256

LEAST_WINDOWS = 4
"""So that a quarter of them is one."""

Values = Float[np.ndarray, " window"]


@dataclass(frozen=True, eq=False)
class Fit:
    """One attribute in a data set.

    Attributes:
        vector: mean z of the highest quarter of the windows minus mean z of the lowest quarter.
        low, high: mean of the attribute in these quarters.
    """

    vector: Float[Tensor, " size"]
    low: float
    high: float


def fit(
    model: Model,
    data: Dataset,
    *,
    windows: int = 50_000,
    seed: int = 0,
    progress: Callable[[int], None] = lambda _: None,
) -> dict[str, Fit]:
    """The vector of every attribute that varies, over random training windows (Roberts et al. 2018, section 5.3).

    Args:
        windows: how many to read at most.
        progress: called after every batch with its size.

    Raises:
        MusicaeError: the data set is of another kind than the model, or has too few windows.
    """
    check_kind(model, data)
    train = data.split("train")
    if len(train) < LEAST_WINDOWS:
        raise MusicaeError(f"{data.folder} has fewer than four training windows", "preprocess more MIDI files")
    chosen = torch.randperm(len(train), generator=torch.Generator().manual_seed(seed))[:windows]
    codes, values = [], []
    for indices in torch.split(chosen, BATCH):
        tokens = train.take(indices)
        codes.append(model.encode(tokens))
        scores = [model.representation.decode(window) for window in tokens.numpy()]
        values.append([[attribute(score) for attribute in ATTRIBUTES.values()] for score in scores])
        progress(len(indices))
    z = torch.cat(codes)
    columns = np.concatenate(values).astype(np.float64).T
    return {name: _fit(z, column) for name, column in zip(ATTRIBUTES, columns, strict=True) if np.ptp(column) > 0}


def highest_quarter(values: Values) -> Values:
    """Weights, of sum 1, of the quarter of the windows with the highest values.

    Windows that tie at the edge of the quarter share equally what is left of it, so that neither the order of the
    windows nor many equal values (most bars have no syncopation) sway the result.
    """
    size = len(values) / 4
    edge = np.sort(values)[-int(np.ceil(size))]
    above, tied = values > edge, values == edge
    weights: Values = (above + tied * (size - above.sum()) / tied.sum()) / size
    return weights


def store(model: Model, fits: Mapping[str, Fit]) -> Path:
    """Gives a model the vectors, in place of those it had, and writes them beside its weights; returns the file."""
    model.attributes = {name: found.vector for name, found in fits.items()}
    return save_attributes(model)


def _fit(z: Float[Tensor, "window size"], values: Values) -> Fit:
    high, low = highest_quarter(values), highest_quarter(-values)
    vector = torch.from_numpy(high - low) @ z.double()
    return Fit(vector.float(), low=float(low @ values), high=float(high @ values))


def check_kind(model: Model, data: Dataset) -> None:
    """Make sure that a data set holds what a model reads.

    Raises:
        MusicaeError: it is of another kind, or its windows are of another length.
    """
    ours, theirs = model.representation, data.representation
    if ours != theirs:
        raise MusicaeError(
            f"{data.folder} holds {theirs}, not {ours}",
            ours.made_by,
        )
