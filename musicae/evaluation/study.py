"""A model on a data set, as measurements see it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from musicae.corpus.dataset import Dataset
from musicae.corpus.discover import Progress, no_progress
from musicae.evaluation.held_out import Hashes, held_out, ngram_of, training_hashes, training_windows
from musicae.evaluation.ngram import WindowNGram
from musicae.evaluation.sample_statistics import sample_windows
from musicae.evaluation.types import WindowTensor
from musicae.model import Model, WindowTokens


@dataclass(frozen=True)
class EvaluationSettings:
    """Options of single measurements.

    Attributes:
        pairs: of windows, between which to interpolate.
        points: of every interpolated path, both ends included.
        samples: draws of the sampler, of `samples` and `chords`.
        temperature: at which these are decoded.
        amount: how much of every attribute vector is added and subtracted, in lengths of the vector.
        codes, decodings: draws of the sampler, and how often each is decoded, of `consistency`.
        projection: of codes to two axes, for the map: "pca" or "umap".
    """

    pairs: int = 1024
    points: int = 11
    samples: int = 1024
    temperature: float = 0.25
    amount: float = 1.0
    codes: int = 64
    decodings: int = 8
    projection: str = "pca"


DEFAULT_SETTINGS = EvaluationSettings()


@dataclass(frozen=True, eq=False)
class Study:
    """A model, a data set, and what several measurements read of it, which is computed when it is first asked for.

    Attributes:
        n: how many held-out windows are read, or as many as there are.
    """

    model: Model
    data: Dataset
    split: str = "test"
    n: int = 1024
    settings: EvaluationSettings = DEFAULT_SETTINGS
    seed: int = 0
    progress: Progress = no_progress

    @cached_property
    def windows(self) -> WindowTensor:
        """Held-out windows."""
        return held_out(self.model, self.data, self.n, split=self.split, seed=self.seed)

    @cached_property
    def ends(self) -> WindowTensor:
        """Held-out windows, of which every other one and the next are a pair."""
        return held_out(self.model, self.data, 2 * self.settings.pairs, split=self.split, seed=self.seed)

    @cached_property
    def training(self) -> WindowTensor:
        """Training windows."""
        return training_windows(self.data, self.seed)

    @cached_property
    def ngram(self) -> WindowNGram | None:
        """A 5-gram model of them, where there is one."""
        return ngram_of(self.model, self.training)

    @cached_property
    def samples(self) -> WindowTokens:
        """Draws of the sampler, decoded."""
        return sample_windows(
            self.model,
            self.settings.samples,
            temperature=self.settings.temperature,
            seed=self.seed,
            progress=self.progress,
        )

    @cached_property
    def training_hashes(self) -> Hashes:
        """The hashes of the training windows that samples may be copies of."""
        return training_hashes(self.model, self.data.split("train"), self.seed)
