"""Regularizers: one class and one line of the table each."""

from __future__ import annotations

from collections.abc import Callable

from musicae.networks.regularizers.base import Regularizer
from musicae.networks.regularizers.kl import KL

REGULARIZERS: dict[str, Callable[..., Regularizer]] = {"kl": KL}
