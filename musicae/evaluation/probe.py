"""A linear probe: how much of an attribute can be read off a code linearly (Alain and Bengio 2017)."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int64
from torch import Tensor

from musicae.evaluation.attribute_effects import attribute_values
from musicae.evaluation.types import CodeArray, WindowTensor
from musicae.model import Model
from musicae.music.attributes import ATTRIBUTES

PENALTY = 1e-3
"""Ridge penalty, per window, on standardized codes."""

HeldOutCodes = Float[np.ndarray, "held_out size"]
HeldOutWindows = Int64[Tensor, "held_out segment step field"]
Targets = Float[np.ndarray, "window target"]
HeldOutTargets = Float[np.ndarray, "held_out target"]


def measure_probe(model: Model, training: WindowTensor, held_out: HeldOutWindows) -> dict[str, float]:
    """R^2 on held-out windows of every attribute that varies, read linearly off posterior means.

    Args:
        training: windows on which the probe is fitted.
    """
    (x, y), (held, truth) = (
        (model.encode(windows).double().numpy(), attribute_values(model.scores(windows.numpy()), list(ATTRIBUTES)))
        for windows in (training, held_out)
    )
    found = r_squared(ridge(x, y, held), truth)
    return {name: value for name, value, varies in zip(ATTRIBUTES, found, np.ptp(truth, 0) > 0, strict=True) if varies}


def ridge(x: CodeArray, y: Targets, held: HeldOutCodes) -> HeldOutTargets:
    """Predictions for held-out codes of the linear map that fits y to x best, with a small ridge penalty."""
    center, scale = x.mean(0), x.std(0) + 1e-9
    normal, offset = (x - center) / scale, y.mean(0)
    gram = normal.T @ normal / len(x) + PENALTY * np.eye(x.shape[1])
    weights = np.linalg.solve(gram, normal.T @ (y - offset) / len(x))
    predictions: HeldOutTargets = (held - center) / scale @ weights + offset
    return predictions


def r_squared(predictions: HeldOutTargets, truth: HeldOutTargets) -> list[float]:
    """1 - mean squared error / variance, per target; 0 where the truth does not vary."""
    error, variance = ((predictions - truth) ** 2).mean(0), truth.var(0)
    shares: list[float] = np.where(variance > 0, 1 - error / np.where(variance > 0, variance, 1), 0.0).tolist()
    return shares
