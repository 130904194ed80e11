"""Small models with random weights."""

from dataclasses import replace

import torch

from musicae.config import Config, spec
from musicae.model import Model
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
