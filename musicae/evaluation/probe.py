"""A linear probe: how much of an attribute can be read off a code with a ruler (Alain and Bengio 2017)."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int64
from torch import Tensor

from musicae.evaluation.attribute_effects import values
from musicae.evaluation.held_out import Windows
from musicae.model import Model
from musicae.music.attributes import ATTRIBUTES

PENALTY = 1e-3
"""Ridge penalty, per window, on standardized codes."""

Heard = Int64[Tensor, "heard segment step field"]
CodeRows = Float[np.ndarray, "window size"]
Held = Float[np.ndarray, "held size"]
Targets = Float[np.ndarray, "window target"]
HeldTargets = Float[np.ndarray, "held target"]


def measure(model: Model, heard: Heard, held_out: Windows) -> dict[str, float]:
    """R^2 on held-out windows of every attribute that varies, read linearly off posterior means.

    Args:
        heard: training windows, on which the probe is fitted.
    """
    (x, y), (held, truth) = (
        (model.encode(windows).double().numpy(), values(model.scores(windows.numpy()), list(ATTRIBUTES)))
        for windows in (heard, held_out)
    )
    found = r_squared(ridge(x, y, held), truth)
    return {name: value for name, value, varies in zip(ATTRIBUTES, found, np.ptp(truth, 0) > 0, strict=True) if varies}


def ridge(x: CodeRows, y: Targets, held: Held) -> HeldTargets:
    """Predictions for held-out codes of the linear map that fits y to x best, with a small ridge penalty."""
    center, scale = x.mean(0), x.std(0) + 1e-9
    normal, offset = (x - center) / scale, y.mean(0)
    gram = normal.T @ normal / len(x) + PENALTY * np.eye(x.shape[1])
    weights = np.linalg.solve(gram, normal.T @ (y - offset) / len(x))
    predictions: HeldTargets = (held - center) / scale @ weights + offset
    return predictions


def r_squared(predictions: HeldTargets, truth: HeldTargets) -> list[float]:
    """1 - mean squared error / variance, per target; 0 where the truth does not vary."""
    error, variance = ((predictions - truth) ** 2).mean(0), truth.var(0)
    shares: list[float] = np.where(variance > 0, 1 - error / np.where(variance > 0, variance, 1), 0.0).tolist()
    return shares
