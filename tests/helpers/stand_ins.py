"""Models whose results are known, and windows of music written by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from musicae.model import Model
from musicae.music.chords import progression
from musicae.music.representations import multitrack
from musicae.music.score import Notes, Score, Track
from musicae.networks.autoencoder import Autoencoder
from musicae.networks.decoders import Decoder, Logits, NoConductor, draw
from musicae.networks.embedding import Embedding
from musicae.networks.encoders import Encoder
from musicae.networks.latents import Code, Gaussian, Normal, Posterior
from musicae.networks.token_spec import Given, Tokens, TokenSpec, Written
from tests.helpers.models import tiny_model

C4, D4, E4 = 41, 43, 45
"""Melody tokens."""

BAND = multitrack.Multitrack(bars=1, chords=True)


class StandIn(Autoencoder):
    """A code is its window, one-hot; what is decoded follows from `scores(code)`, in the same layout."""

    def __init__(self, spec: TokenSpec, scores: Callable[[Tensor], Tensor]) -> None:
        self.vocabularies = [field.vocabulary for field in spec.fields]
        size = spec.segments * spec.steps * sum(self.vocabularies)
        latent, nothing = Gaussian(1, size=size), Decoder(spec, NoConductor(), [], 0.0)
        super().__init__(spec, Embedding(spec), Encoder(), latent, Normal(size), nothing, [])
        self.scores = scores

    def encode(self, tokens: Tokens) -> Posterior:
        fields = [F.one_hot(tokens[..., i], size).float() for i, size in enumerate(self.vocabularies)]
        z = torch.cat(fields, -1).flatten(1)
        return Posterior(z, z, torch.ones_like(z), z)

    def logits(self, tokens: Tokens, z: Code, sampling_probability: float = 0.0) -> Logits:
        scores = self.scores(z).unflatten(1, (self.spec.segments, self.spec.steps, -1))
        return list(self.spec.events(scores, self.spec.mask(tokens)).split(self.vocabularies, -1))

    def sample(
        self,
        z: Code,
        given: Given,
        temperature: float,
        generator: torch.Generator | None = None,
        fixed: Written | None = None,
    ) -> Tokens:
        fields = self.scores(z).reshape(-1, sum(self.vocabularies)).split(self.vocabularies, -1)
        drawn = torch.stack([draw(field, temperature, generator) for field in fields], -1)
        return torch.cat([drawn.unflatten(0, given.shape[:3]), given], -1)


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
    tokens = np.full((1, 8, 64, 1), multitrack.END)
    for row, events in zip(tokens[0, :, :, 0], rows, strict=False):
        row[: len(events)] = events
    condition = BAND.condition_of(progression("C"))[None]
    return torch.from_numpy(np.concatenate([tokens, condition], -1)).long()


PIANO, VIOLIN, BEAT = multitrack.PROGRAM, multitrack.PROGRAM + 40, multitrack.DRUMS
QUARTER = multitrack.TIME_SHIFT + 23
LOUD = multitrack.VELOCITY + 5


def quarters(*pitches: int, is_drum: bool = False) -> Score:
    """A score of one track, of quarters one after the other."""
    notes = Notes.of([(24 * i, 24 * i + 24, pitch, 80) for i, pitch in enumerate(pitches)])
    return Score(96, (Track(notes, is_drum=is_drum),), end=24 * max(len(pitches), 1))
