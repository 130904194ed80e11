"""What all measurements share: held-out windows, and codes decoded batch by batch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float, Int64, Integer, UInt64
from torch import Tensor

from musicae.corpus.dataset import Dataset
from musicae.corpus.dataset import Windows as Corpus
from musicae.corpus.window_hashes import window_hashes
from musicae.errors import MusicaeError
from musicae.evaluation.ngram import Language
from musicae.model import BATCH, Model
from musicae.seeds import mix
from musicae.training.attribute_vectors import check_kind

HEARD = 20_000
"""Training windows that language models learn from, and among which the nearest ones are sought."""

KNOWN_ROWS = 2**26
"""Rows of training windows that samples may be copies of: of two million 2-bar melodies, or 260,000 of 16 bars."""

Windows = Int64[Tensor, "window segment step field"]
Tokens = Integer[np.ndarray, "window segment step field"]
Given = Int64[Tensor, "window segment step given"]
Codes = Float[Tensor, "window size"]
Hashes = UInt64[np.ndarray, " hash"]
Advance = Callable[[int], None]
"""Hears how much was done since it was called last."""


def no_progress(done: int) -> None:
    """Reports progress to nobody."""


def held_out(model: Model, data: Dataset, n: int, *, split: str = "test", seed: int = 0) -> Windows:
    """Random windows of a split, `n` or as many as there are; the same ones for every model.

    Raises:
        MusicaeError: the data set is of another kind than the model, or has fewer than two windows there.
    """
    check_kind(model, data)
    windows = data.split(split)
    if len(windows) < 2:
        hint = "choose another one with --split, or preprocess more music"
        raise MusicaeError(f"the {split} split of {data.folder} has {len(windows)} windows", hint)
    return windows.sample(n, seed)


def hashes_of(model: Model, tokens: Tokens) -> Hashes:
    """A number for every window; windows that are transpositions of one another have the same."""
    bars, rows = model.representation.bars, tokens.reshape(-1, tokens.shape[-1])
    return window_hashes(rows, model.representation.shape, model.representation.window // bars, bars)[1][::bars]


def known_to(model: Model, train: Corpus, seed: int = 0) -> Hashes:
    """The hashes of training windows, of all unless there are too many."""
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(seed))
    some = order[: KNOWN_ROWS // model.representation.window]
    return np.concatenate([hashes_of(model, train.take(part).numpy()) for part in some.split(2**14)])


def decoded(
    model: Model,
    z: Codes,
    given: Given,
    *,
    temperature: float = 0.0,
    seed: int = 0,
    progress: Advance = no_progress,
) -> Tokens:
    """Tokens of many codes: the likeliest at temperature 0, else drawn; `progress` hears the size of every batch.

    Args:
        given: what the decoder is told for every code, as `Model.condition` finds it in windows.
    """
    parts = []
    for number, (part, told) in enumerate(zip(z.split(BATCH), given.split(BATCH), strict=True)):
        parts.append(model.decode(part, told.numpy(), temperature=temperature, seed=mix(seed, number)))
        progress(len(part))
    return np.concatenate(parts)


def training_windows(data: Dataset, seed: int = 0) -> Windows:
    """Some of the training windows.

    Raises:
        MusicaeError: there are none.
    """
    train = data.split("train")
    if not len(train):
        hint = "preprocess it together with the music that the model was trained on, with --splits"
        raise MusicaeError(f"{data.folder} has no training windows to compare with", hint)
    return train.sample(HEARD, seed)


def ngram_of(model: Model, heard: Windows) -> Language | None:
    """A language model of training windows, for windows of steps; rows of events have none."""
    if model.autoencoder.spec.ragged:
        return None
    return Language([field.vocabulary for field in model.representation.shape.fields], heard.numpy())
