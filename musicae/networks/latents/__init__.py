"""Latents: one class and one line of the table each."""

from __future__ import annotations

from collections.abc import Callable

from musicae.networks.latents.base import Latent
from musicae.networks.latents.classes import ClassAndStyle
from musicae.networks.latents.deterministic import Deterministic, Sphere
from musicae.networks.latents.gaussian import Gaussian
from musicae.networks.latents.quantized import VectorQuantized

LATENTS: dict[str, Callable[..., Latent]] = {
    "gaussian": Gaussian,
    "deterministic": Deterministic,
    "sphere": Sphere,
    "class_and_style": ClassAndStyle,
    "vector_quantized": VectorQuantized,
}
