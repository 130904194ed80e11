"""What all measurements share: held-out windows, training windows, and codes decoded batch by batch."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Int64, UInt64
from torch import Tensor

from musicae.corpus import IN_TRAINING
from musicae.corpus.dataset import Dataset, Windows
from musicae.corpus.window_hashes import window_hashes
from musicae.errors import MusicaeError
from musicae.evaluation.ngram import WindowNGram
from musicae.evaluation.types import Advance, ConditionTensor, WindowTensor
from musicae.model import BATCH, Codes, Model, WindowTokens
from musicae.seeds import child_seeds

TRAINING_WINDOWS = 20_000
"""Training windows that n-gram models learn from, and among which the nearest ones are sought."""

HASHED_ROWS = 2**26
"""Rows of training windows that samples may be copies of: of two million 2-bar melodies, or 260,000 of 16 bars."""

Hashes = UInt64[np.ndarray, " hash"]


def held_out(model: Model, data: Dataset, n: int, *, split: str = "test", seed: int = 0) -> WindowTensor:
    """Random windows of a split, `n` or as many as there are; the same ones for every model.

    Raises:
        MusicaeError: the data set is of another kind than the model, or has fewer than two windows there.
    """
    data.check_holds(model.representation)
    windows = data.split(split)
    if len(windows) < 2:
        message = f"the {split} split of {data.folder} has {len(windows)} windows"
        raise MusicaeError(message, "choose another split, or add more music", kind="few-held-out", split=split)
    return windows.sample(n, seed)


def held_out_runs(
    model: Model, data: Dataset, n: int, length: int, *, split: str = "test", seed: int = 0
) -> Int64[Tensor, "run window segment step column"]:
    """Random runs of so many windows of a split, each right after the one before; `n` or as many as there are.

    A run is one where a window begins at every bar, so that it is of one piece. (Windows of a single bar do not tell:
    of them a run may go on in the next piece.) Data sets have every window once: no run comes back note for note.

    Raises:
        MusicaeError: the data set is of another kind than the model.
    """
    data.check_holds(model.representation)
    windows = data.split(split)
    begun, numbers = windows.offsets.long().sort()
    size, bars = model.representation.window, model.representation.bars
    steps = torch.arange((length - 1) * bars + 1) * (size // bars)
    whole = torch.isin(begun[:, None] + steps, begun).all(1)
    starts = begun[whole]
    starts = starts[torch.randperm(len(starts), generator=torch.Generator().manual_seed(seed))[:n]]
    places = torch.searchsorted(begun, starts[:, None] + torch.arange(length) * size)
    return windows.take(numbers[places].flatten()).unflatten(0, (len(starts), length))


def training_windows(data: Dataset, seed: int = 0) -> WindowTensor:
    """Random training windows, `TRAINING_WINDOWS` or as many as there are.

    Raises:
        MusicaeError: there are none.
    """
    train = data.split("train")
    if not len(train):
        hint = "preprocess it together with the music that the model was trained on, and give that its split"
        message = f"{data.folder} has no training windows to compare with"
        raise MusicaeError(message, hint, kind="no-training-windows")
    return train.sample(TRAINING_WINDOWS, seed)


def repeated_share(data: Dataset) -> float:
    """Of all different windows of held-out songs, how many stand in training songs, too, in any key.

    Preprocessing has left these out.
    """
    left_out = data.counts.get(IN_TRAINING, 0)
    kept = sum(split.get("windows", 0) for name, split in data.manifest.get("splits", {}).items() if name != "train")
    return left_out / max(left_out + kept, 1)


def hashes_of(model: Model, tokens: WindowTokens) -> Hashes:
    """A number for every window; windows that are transpositions of one another have the same."""
    bars, rows = model.representation.bars, tokens.reshape(-1, tokens.shape[-1])
    return window_hashes(rows, model.representation.shape, model.representation.window // bars, bars)[1][::bars]


def training_hashes(model: Model, train: Windows, seed: int = 0) -> Hashes:
    """The hashes of all training windows, or of random ones of `HASHED_ROWS` rows in all."""
    some = train.choose(HASHED_ROWS // model.representation.window, seed)
    return np.concatenate([hashes_of(model, train.take(part).numpy()) for part in some.split(2**14)])


def decode_all(
    model: Model,
    z: Codes,
    condition: ConditionTensor,
    *,
    temperature: float = 0.0,
    seed: int = 0,
    done: Advance = lambda _: None,
) -> WindowTokens:
    """Tokens of many codes: the likeliest at temperature 0, else sampled.

    Args:
        condition: of every code, as `Model.condition` finds it in windows.
        done: takes the size of every batch that is decoded.
    """
    parts = []
    for number, (codes, conditions) in enumerate(zip(z.split(BATCH), condition.split(BATCH), strict=True)):
        (child,) = child_seeds(seed, number)
        parts.append(model.decode(codes, conditions.numpy(), temperature=temperature, seed=child))
        done(len(codes))
    return np.concatenate(parts)


def ngram_of(model: Model, training: WindowTensor) -> WindowNGram | None:
    """A 5-gram model of training windows, where tokens are steps of a grid; rows of events have none."""
    if model.autoencoder.spec.ragged:
        return None
    return WindowNGram([field.vocabulary for field in model.representation.shape.fields], training.numpy())
