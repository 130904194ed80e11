"""Models whose results are known, and windows of music written by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from musicae.model import Model
from musicae.music.chords import progression
from musicae.music.representations import event_rows, multitrack
from musicae.music.score import Notes, Score, Track
from musicae.networks.autoencoder import Autoencoder
from musicae.networks.batch import Batch
from musicae.networks.decoders.base import Predictions, TokenDecoder
from musicae.networks.embedding import Embedding
from musicae.networks.encoders import ENCODERS
from musicae.networks.heads import Categorical
from musicae.networks.latents.base import Latent, Posterior
from musicae.networks.priors import StandardNormal
from musicae.networks.samplers.base import PriorSampler
from musicae.networks.sampling import SamplingOptions, StepwiseDecoder
from musicae.networks.token_spec import TokenSpec
from musicae.networks.types import ClassLabel, Code, Condition, Encoding, Features, Mask, Tokens
from tests.helpers.models import tiny_model

C4, D4, E4 = 41, 43, 45
"""Melody tokens."""

BAND = multitrack.Multitrack(bars=1, chords=True)


class StandInDecoder(TokenDecoder):
    """What is decoded follows from `scores(code)`, the logits of a window side by side."""

    spans = 1

    def __init__(self, spec: TokenSpec, scores: Callable[[Code], Code]) -> None:
        super().__init__()
        self.spec, self.scores = spec, scores
        self.heads = [Categorical(1, field) for field in spec.fields]
        self.vocabularies = [field.vocabulary for field in spec.fields]

    def predict(self, batch: Batch, z: Code, embedding: Embedding) -> Predictions:
        mask = self.spec.mask(batch.target)
        scores = self.scores(z).unflatten(1, (self.spec.segments, self.spec.steps, -1))
        params = list(self.spec.events(scores, mask).split(self.vocabularies, -1))
        return Predictions(self.spec, self.heads, params, self.spec.events(batch.target, mask), mask)

    def log_prob(self, batch: Batch, z: Code, embedding: Embedding) -> Float[Tensor, " batch"]:
        return self.predict(batch, z, embedding).log_prob()

    def sample(self, z: Code, condition: Condition, embedding: Embedding, drawing: SamplingOptions) -> Tokens:
        fields = self.scores(z).reshape(-1, sum(self.vocabularies)).split(self.vocabularies, -1)
        drawn = [
            head.draw(field, drawing.temperature, drawing.generator)
            for head, field in zip(self.heads, fields, strict=True)
        ]
        return torch.stack(drawn, -1).unflatten(0, condition.shape[:3])

    def soft(self, z: Code, condition: Condition, embedding: Embedding) -> tuple[Features, Mask]:
        raise AssertionError

    def stepwise(self, z: Code, condition: Condition, embedding: Embedding) -> list[StepwiseDecoder]:
        raise AssertionError


class OneHotCodes(Latent):
    """Codes of some size, in which nothing is learned."""

    stochastic = True

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = self.code_size = size

    def forward(self, h: Encoding, label: ClassLabel | None = None) -> Posterior:
        return Posterior(h, h, torch.ones_like(h), h)

    def settle(self, z: Code) -> Code:
        return z


class StandIn(Autoencoder):
    """A code is its window, one-hot; what is decoded follows from `scores(code)`, in the same layout."""

    def __init__(self, spec: TokenSpec, scores: Callable[[Code], Code], decoder: TokenDecoder | None = None) -> None:
        size = spec.segments * spec.steps * sum(field.vocabulary for field in spec.fields)
        prior, embedding = StandardNormal(size), Embedding(spec)
        encoder = ENCODERS["dense"](spec, embedding.width, code=1, hidden=1)
        decoder = decoder or StandInDecoder(spec, scores)
        super().__init__(embedding, encoder, OneHotCodes(size), prior, PriorSampler(size, prior), decoder, {})

    def encode(self, tokens: Tokens, condition: Condition) -> Posterior:
        columns = zip(tokens.unbind(-1), self.spec.fields, strict=True)
        fields = [F.one_hot(column, field.vocabulary).float() for column, field in columns]
        return self.latent(torch.cat(fields, -1).flatten(1))


def identity(preset: str = "melody-2bar") -> Model:
    """A model that loses nothing."""
    model = tiny_model(preset)
    model.autoencoder = StandIn(model.autoencoder.spec, lambda z: 50 * z)
    return model


def constant(window: Tokens, preset: str = "melody-2bar") -> Model:
    """A model that always writes the same window."""
    model = identity(preset)
    always = model.encode(window)
    model.autoencoder = StandIn(model.autoencoder.spec, lambda z: 50 * always.expand_as(z))
    return model


def melody_windows(*windows: Mapping[int, int]) -> Tokens:
    """Two bars of melody each, of tokens by step."""
    tokens = torch.zeros(len(windows), 32, dtype=torch.int64)
    for row, events in zip(tokens, windows, strict=True):
        for step, token in events.items():
            row[step] = token
    return tokens.view(-1, 2, 16, 1)


def random_windows(model: Model, n: int) -> Tokens:
    kind, generator = model.representation, np.random.default_rng(0)
    return torch.as_tensor(np.stack([kind.encode(kind.generate(generator)) for _ in range(n)])).long()


def band(*rows: tuple[int, ...]) -> Tokens:
    """A bar of multitrack tokens from the events of its tracks, under C."""
    tokens = np.full((1, 8, 64, 1), event_rows.END)
    for row, events in zip(tokens[0, :, :, 0], rows, strict=False):
        row[: len(events)] = events
    condition = BAND.condition_of(progression("C"))[None]
    return torch.from_numpy(np.concatenate([tokens, condition], -1)).long()


PIANO, VIOLIN, BEAT = event_rows.PROGRAM, event_rows.PROGRAM + 40, event_rows.DRUMS
QUARTER = event_rows.TIME_SHIFT + 23
LOUD = event_rows.VELOCITY + 5


def quarters(*pitches: int, is_drum: bool = False) -> Score:
    """A score of one track, of quarters one after the other."""
    notes = Notes.of([(24 * i, 24 * i + 24, pitch, 80) for i, pitch in enumerate(pitches)])
    return Score(96, (Track(notes, is_drum=is_drum),), end=24 * max(len(pitches), 1))
