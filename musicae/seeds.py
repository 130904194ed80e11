"""Seeds of seeds: everything random derives its own from one number and a path that says what it is for."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from musicae.errors import MusicaeError


def child_seeds(seed: int, *path: int, n: int = 1) -> list[int]:
    """`n` seeds below 2^32 of what lies at a path under a seed, e.g. `(update, rank)`; other paths, of numbers below
    2^32, have other seeds, but for zeros at their ends, which count for nothing.

    (NumPy's SeedSequence: the children of different entropies collide no more often than chance.)
    """
    return [int(child) for child in np.random.SeedSequence((seed, *path)).generate_state(n)]


def generator(seed: int, *path: int) -> torch.Generator:
    """A generator of its own for what lies at a path under a seed."""
    (child,) = child_seeds(seed, *path)
    return torch.Generator().manual_seed(child)


@contextmanager
def seeded(seed: int, device: torch.device | None = None) -> Iterator[None]:
    """Inside, what torch's own generators draw follows from a seed; after it they go on as if nothing had been drawn.

    Args:
        device: whose generator is meant besides that of the CPU.
    """
    with torch.random.fork_rng(devices=[device] if device and device.type == "cuda" else []):
        torch.default_generator.manual_seed(seed)
        if device and device.type == "cuda":
            torch.cuda.manual_seed_all(seed)
        yield


def fresh_seed(seed: int | None = None) -> int:
    """The seed, or where there is none, one of five digits that nobody knows yet.

    Raises:
        MusicaeError: the seed is not a whole number, or negative.
    """
    if seed is None:
        return secrets.randbelow(90_000) + 10_000
    if not isinstance(seed, int | np.integer) or seed < 0:
        raise MusicaeError(f"the seed is {seed!r:.60}, not a whole number of 0 or more", "choose another one")
    return int(seed)
