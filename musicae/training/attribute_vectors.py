"""Attribute vectors: which way in z an attribute grows, and how far to go before decoders follow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from musicae.corpus.dataset import Dataset
from musicae.errors import MusicaeError, unknown_name
from musicae.model import BATCH, Codes, Model, load, save_attributes
from musicae.music.attributes import ATTRIBUTES
from musicae.music.score import Score
from musicae.storage import catalog
from musicae.storage.catalog import find_dataset

LEAST_WINDOWS = 4
"""So that a quarter of them is one."""

LENGTHS = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
"""How long a vector may be, in differences between the means of quarters."""

TRIED = 256
"""Training windows on which lengths are tried."""

ENOUGH, NEARLY = 0.85, 0.9
"""Share of them that a vector has to move, up and down; where none moves so many, share of what the best one moves."""

Values = Float[np.ndarray, " window"]
Attribute = Callable[[Score], float]


@dataclass(frozen=True, eq=False)
class Fit:
    """One attribute in a data set.

    Attributes:
        vector: mean z of the highest quarter of the windows minus mean z of the lowest quarter, times `length`.
        low, high: mean of the attribute in these quarters.
        spread: its standard deviation over windows.
        length: the least of `LENGTHS` that moves enough windows up and down.
        up, down: share of the windows below `high` whose decoded attribute grows when the vector is added, and of those
            above `low` where it shrinks when it is subtracted.
    """

    vector: Float[Tensor, " size"]
    low: float
    high: float
    spread: float
    length: float
    up: float
    down: float


def fit(
    model: Model | str | Path,
    data: Dataset | str | Path,
    *,
    windows: int = 50_000,
    seed: int = 0,
    progress: Callable[[int], None] = lambda _: None,
) -> dict[str, Fit]:
    """The vector of every attribute that varies, over random training windows.

    Directions are those of Roberts et al. 2018, section 5.3. Lengths are ours: a decoder that takes no notice of small
    steps may stay where it is all along the difference of the means.

    Args:
        model: or its name or its folder.
        data: a data set, its name or its folder.
        windows: how many to read at most.
        progress: called with every window read, and with those that lengths are tried on once per attribute.

    Raises:
        MusicaeError: there is no such model or data set, it is of another kind than the model, or has too few windows.
    """
    model = model if isinstance(model, Model) else load(model)
    data = data if isinstance(data, Dataset) else Dataset(find_dataset(str(data)))
    data.check_holds(model.representation)
    train = data.split("train")
    if len(train) < LEAST_WINDOWS:
        raise MusicaeError(f"{data.folder} has fewer than four training windows", "preprocess more MIDI files")
    chosen = train.choose(windows, seed)
    codes, values = [], []
    for indices in torch.split(chosen, BATCH):
        tokens = train.take(indices)
        codes.append(model.encode(tokens))
        values.append(
            [[attribute(score) for attribute in ATTRIBUTES.values()] for score in model.scores(tokens.numpy())]
        )
        progress(len(indices))
    z, columns = torch.cat(codes), np.concatenate(values).astype(np.float64).T
    trial = _Trial(model, z[:TRIED], train.take(chosen[:TRIED]))
    fits = {}
    for (name, attribute), column in zip(ATTRIBUTES.items(), columns, strict=True):
        if np.ptp(column) > 0:
            fits[name] = _fit(z, column, attribute, trial)
        progress(len(trial.z))
    return fits


def vectors_of(model: Model) -> dict[str, Tensor]:
    """The attribute vectors of a model.

    Raises:
        MusicaeError: it has none.
    """
    if not model.attributes:
        hint = "compute them from a data set like the one that it was trained on"
        message = f"model {model.name} has no attribute vectors"
        raise MusicaeError(message, hint, kind="no-attributes", model=model.name)
    return model.attributes


def require_vectors(model: Model, names: Iterable[str]) -> None:
    """Make sure that a model has the vectors of some attributes.

    Raises:
        MusicaeError: there is no such attribute, or it is always the same in the model's music.
    """
    vectors = vectors_of(model)
    for name in names:
        if name not in ATTRIBUTES:
            raise unknown_name("attribute vector", name, sorted(vectors))
        if name not in vectors:
            others = [found.name for found in catalog.described()[0] if name in found.attributes]
            hint = f"another model moves it: {others[0]}" if others else "no installed model moves it"
            message = f"{name} is always the same in the music of model {model.name}"
            raise MusicaeError(message, hint, kind="constant-attribute", models=others)


def spread_of(model: Model, name: str) -> float:
    """The standard deviation of an attribute over music.

    Raises:
        MusicaeError: the model's vectors are of a time when it was not measured.
    """
    if name not in model.spreads:
        message = f"how much {name} varies is not known of model {model.name}"
        raise MusicaeError(message, "compute its attribute vectors anew", kind="no-attributes", model=model.name)
    return model.spreads[name]


def fit_progress_total(windows: int) -> int:
    """How much the progress of a fit to so many windows comes to."""
    return windows + min(windows, TRIED) * len(ATTRIBUTES)


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


def store(model: Model, fits: Mapping[str, Fit], mode_vector: Float[Tensor, " size"] | None) -> Path:
    """Gives a model the vectors, in place of those it had, and writes them beside its weights; returns the file."""
    model.mode_vector = mode_vector
    model.attributes = {name: found.vector for name, found in fits.items()}
    model.spreads = {name: found.spread for name, found in fits.items()}
    return save_attributes(model)


class _Trial:
    """Windows on whose reconstructions vectors are tried."""

    def __init__(self, model: Model, z: Codes, tokens: Int64[Tensor, "window segment step field"]) -> None:
        self.model, self.z = model, z
        self.given = model.condition(tokens).numpy()
        self.before = self._decode(z, np.ones(len(z), dtype=bool))

    def moved(self, attribute: Attribute, step: Float[Tensor, " size"], low: float, high: float) -> tuple[float, float]:
        """The shares that a step moves, as `Fit.up` and `Fit.down` have it; 0 where there is no such window."""
        before, shares = self._values(attribute, self.before), []
        for sign, some in ((1, before < high), (-1, before > low)):
            after = self._values(attribute, self._decode(self.z + sign * step, some))
            shares.append(float((sign * (after - before[some]) > 0).mean()) if len(after) else 0.0)
        return shares[0], shares[1]

    def _decode(self, z: Codes, some: Bool[np.ndarray, " window"]) -> list[Score]:
        if not some.any():
            return []
        return self.model.scores(self.model.decode(z[torch.from_numpy(some)], self.given[some], temperature=0.0))

    @staticmethod
    def _values(attribute: Attribute, scores: list[Score]) -> Values:
        return np.array([float(attribute(score)) for score in scores])


def _fit(z: Codes, values: Values, attribute: Attribute, trial: _Trial) -> Fit:
    highest, lowest = highest_quarter(values), highest_quarter(-values)
    difference = (torch.from_numpy(highest - lowest) @ z.double()).float()
    low, high = (round(float(some @ values), 9) for some in (lowest, highest))  # weights sum to one but for rounding
    tried: dict[float, tuple[float, float]] = {}
    for length in LENGTHS:
        tried[length] = trial.moved(attribute, length * difference, low, high)
        if min(tried[length]) >= ENOUGH:
            break
    most = np.max(list(tried.values()), axis=0)
    enough = np.where(most >= ENOUGH, ENOUGH, NEARLY * most)
    length = next((length for length, moved in tried.items() if (moved >= enough).all()), LENGTHS[-1])
    return Fit(length * difference, low, high, float(values.std()), length, *tried[length])
