"""The mode vector: which way in z music in major becomes music in minor.

It leads from the mean code of music in major to that of music in minor, as attribute vectors lead from music with
little of an attribute to music with much (Roberts et al. 2018, section 5.3), but all of it on one tonic. In music of
all keys no direction of z is the mode, as C major and A minor have the same notes; on one tonic it is the third.
"""

from __future__ import annotations

from pathlib import Path

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from musicae.corpus.augment import Transposition
from musicae.corpus.dataset import Dataset
from musicae.model import BATCH, Model
from musicae.music.key import Key, key_index, mode
from musicae.music.representations.base import SHIFTS, Representation
from musicae.music.transposition import shorter_way
from musicae.storage.catalog import find_dataset

TONIC = 0
"""The pitch class on which the modes of music are compared: C."""

MODE_WINDOWS = 10_000
"""Training windows, at most, that are read."""

LEAST_OF_MODE = 16
"""Windows that a mean is of, at least."""


def has_modes(representation: Representation) -> bool:
    """Whether windows have a mode that their code alone decides: they have pitches, and no chord to follow."""
    return representation.pitched_parts > 0 and not representation.has_chords


def fit_mode_vector(model: Model, data: Dataset | str | Path, *, seed: int = 0) -> Float[Tensor, " size"] | None:
    """Mean z of random training windows in minor minus that of those in major, all transposed to C.

    Those of no clear mode do not count.

    Args:
        data: a data set, its name or its folder.

    Returns:
        None where music has no modes (`has_modes`), or data have too few windows in either.
    """
    if not has_modes(model.representation):
        return None
    data = data if isinstance(data, Dataset) else Dataset(find_dataset(str(data)))
    train = data.split("train")
    tokens = train.take(train.choose(MODE_WINDOWS, seed))
    scores = model.scores(tokens.numpy())
    modes = torch.tensor([mode(score) for score in scores])
    shifts = torch.tensor([to_tonic(key_index(score) % 12) for score in scores])
    moved, inside = Transposition(model.representation.shape)(tokens, shifts - SHIFTS.start)
    minor, major = (moved[inside & (modes == of)] for of in (1, 0))
    if min(len(minor), len(major)) < LEAST_OF_MODE:
        return None
    return _mean_code(model, minor) - _mean_code(model, major)


def to_tonic(tonic: int) -> int:
    """Semitones from a tonic to `TONIC`, by the shorter way: -5 to 6."""
    return shorter_way(Key(tonic), Key(TONIC))


def _mean_code(model: Model, windows: Int64[Tensor, "window segment step field"]) -> Float[Tensor, " size"]:
    return torch.cat([model.encode(part) for part in windows.split(BATCH)]).mean(0)
