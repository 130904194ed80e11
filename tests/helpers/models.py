"""Small models with random weights."""

from dataclasses import replace

import numpy as np
import torch

from musicae.clips.reading import Source
from musicae.clips.style import Style
from musicae.config import Config, spec
from musicae.model import Model
from musicae.music.attributes import ATTRIBUTES
from musicae.objectives import apply
from musicae.presets import PRESETS


def tiny_config(preset: str) -> Config:
    """A preset with layers of a few units and a code of 8 numbers."""
    return replace(
        PRESETS[preset],
        embedding=spec("features", size=8),
        encoder=spec("dense", code=16, hidden=16),
        latent=spec("gaussian", size=8),
        sampler=spec("mixture_bootstrap"),
        decoder=spec("conductor", hidden=16, layers=1, conductor_hidden=16, conductor_layers=1),
    )


def tiny_model(preset: str) -> Model:
    """A model whose weights are random and large enough for different codes to sound different."""
    model = Model(tiny_config(preset), preset, "cpu")
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weights in model.autoencoder.parameters():
            weights.copy_(torch.randn(weights.shape, generator=generator))
    return model


def labeled_model(objective: str, labels: tuple[str, ...]) -> Model:
    """A model of two bars of melody with a class beside every code."""
    torch.manual_seed(0)
    return Model(apply(tiny_config("melody-2bar"), objective, labels), "mode", "cpu")


def with_vectors(model: Model) -> Model:
    """The model, with a vector of every attribute."""
    model.attributes = {name: torch.eye(8)[i % 8] for i, name in enumerate(ATTRIBUTES)}
    model.spreads = dict.fromkeys(ATTRIBUTES, 0.1)
    return model


def window(model: Model, seed: int = 0) -> Source:
    """Random music of the model's kind."""
    score = model.representation.generate(np.random.default_rng(seed))
    return Source(model.representation.encode(score), model.representation, Style(90.0), f"score {seed}")
