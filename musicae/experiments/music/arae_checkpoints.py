"""The four checkpoints of adversarially regularized autoencoders (Zhao et al. 2018, arXiv:1706.04223), on any model.

Two ask whether draws are where codes are, two whether codes of similar music are similar. In the source the last two
are of sentences: a pair at edit distance 5 or less, and words that change places. Here a variant has up to 5 random
steps replaced, so that its edit distance to the window is 5 at most, since few windows have such neighbors in any
corpus; and what changes places are the pitches of neighboring notes, while the rhythm stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Integer
from torch import Tensor

from musicae.evaluation.held_out import decode_all
from musicae.evaluation.reconstruction import hits_of, step_mask
from musicae.evaluation.study import Study
from musicae.model import BATCH, Codes, Model, WindowTokens
from musicae.music.representations.base import Field

NEIGHBORED, VARIANTS, EDITS = 250, 100, 5
"""Windows, variants of each, and steps of a variant that are replaced at most: the source's."""

SWAPS, SWAPPED = (0, 1, 2, 3, 4), 512
"""How often notes change places in a window, the source's; and of how many windows."""

CodeParts = Float[Tensor, "code size"]
Variants = Integer[np.ndarray, "variant segment step column"]


def measure_checkpoints(on: Study) -> dict[str, float | list[float]]:
    """All four; of models whose tokens are events the first two alone, since a step of theirs is no edit."""
    found: dict[str, float | list[float]] = {**where_codes_are(on)}
    if on.model.autoencoder.spec.ragged:
        return found
    return found | neighbor_cosines(on) | swap_curves(on)


def where_codes_are(on: Study) -> dict[str, float]:
    """Checkpoints 1 and 2: mean length, and trace of the covariance, of codes of held-out music and of draws.

    `dimensions` is how many directions codes vary in as much as in the others, whatever their scale. Where a sampler is
    fitted to codes after training, draws agree with them whatever the training was.
    """
    width, source = on.model.autoencoder.latent.code_size, torch.Generator().manual_seed(on.seed)
    mean, std = on.model.posteriors(on.windows)
    codes = (mean + std * torch.randn(std.shape, generator=source))[:, -width:]
    draws = on.model.sample_codes(len(codes), on.seed)[:, -width:]
    (code_norm, code_variance), (draw_norm, draw_variance) = map(length_and_variance, (codes, draws))
    return {
        "code_norm": code_norm,
        "draw_norm": draw_norm,
        "code_variance": code_variance,
        "draw_variance": draw_variance,
        "dimensions": participation(codes),
    }


def length_and_variance(codes: CodeParts) -> tuple[float, float]:
    """E |c| and tr cov(c)."""
    return codes.norm(dim=1).mean().item(), codes.var(0, correction=0).sum().item()


def participation(codes: CodeParts) -> float:
    """(tr C)^2 / tr C^2 of the covariance C: n where codes vary alike in n directions and in no other; NaN in none."""
    covariance = codes.double().T.cov(correction=0)
    return (covariance.trace().square() / covariance.square().sum()).item()


def neighbor_cosines(on: Study) -> dict[str, float]:
    """Checkpoint 3: the mean cosine of the codes of a window and of its variants, beside that of two windows."""
    windows = on.windows[:NEIGHBORED].numpy()
    some = variants(windows, len(on.model.representation.shape.fields), VARIANTS, np.random.default_rng(on.seed))
    code, near = on.model.encode(windows), on.model.encode(some).unflatten(0, (len(windows), VARIANTS))
    return {
        "neighbor_cosine": F.cosine_similarity(code[:, None], near, dim=2).mean().item(),
        "pair_cosine": F.cosine_similarity(code, code.roll(1, 0), dim=1).mean().item(),
    }


def variants(windows: WindowTokens, fields: int, n: int, rng: np.random.Generator) -> Variants:
    """`n` variants of every window: 1 to `EDITS` of its steps are those of other windows; conditions stay."""
    flat = np.repeat(windows.reshape(len(windows), -1, windows.shape[-1]), n, axis=0)
    rows, steps = flat.shape[:2]
    place = rng.random((rows, steps)).argsort(1)  # of every row, each number below `steps` once
    struck = place < rng.integers(1, EDITS + 1, size=(rows, 1))
    others = flat[rng.integers(rows, size=(rows, steps)), rng.integers(steps, size=(rows, steps))]
    flat[..., :fields] = np.where(struck[..., None], others, flat)[..., :fields]
    return flat.reshape(rows, *windows.shape[1:])


def swap_curves(on: Study) -> dict[str, list[float]]:
    """Checkpoint 4: what is decoded where k times two notes change places in what is encoded, for every k of `SWAPS`.

    `swap_nll` is the nll of the window as it was, in nats, the true steps before each given; `swap_accuracy` the share
    of its steps that come back free running.
    """
    model, windows, rng = on.model, on.windows[:SWAPPED], np.random.default_rng(on.seed)
    mask, truth, condition = step_mask(model, windows), windows.numpy(), model.condition(windows)
    fields, curves = model.representation.shape.fields, {"swap_nll": list[float](), "swap_accuracy": list[float]()}
    for k in SWAPS:
        z = model.encode(swapped(truth, fields, k, rng))
        hits = hits_of(model, decode_all(model, z, condition), truth, mask)
        curves["swap_nll"].append(nll_given(model, windows, z))
        curves["swap_accuracy"].append(float(hits.sum() / (mask.sum() * len(fields))))
    return curves


def swapped(windows: WindowTokens, fields: Sequence[Field], k: int, rng: np.random.Generator) -> WindowTokens:
    """Windows in which k times, one after the other, two neighboring notes of a line that differ change places."""
    moved = windows.copy()
    for window in moved:
        steps = window.reshape(-1, window.shape[-1])
        for _ in range(k):
            if places := swappable(steps, fields):
                line, first, second = places[rng.integers(len(places))]
                steps[[first, second], line] = steps[[second, first], line]
    return moved


def swappable(steps: Integer[np.ndarray, "step column"], fields: Sequence[Field]) -> list[tuple[int, int, int]]:
    """The lines, and the steps in each, where a note begins and the next one is another."""
    found = []
    for line, field in enumerate(fields):
        notes = np.flatnonzero(np.isin(steps[:, line], field.onsets)).tolist()
        found += [(line, a, b) for a, b in pairwise(notes) if steps[a, line] != steps[b, line]]
    return found


def nll_given(model: Model, windows: Integer[Tensor, "window segment step column"], z: Codes) -> float:
    """Nats per window that windows cost, teacher forced, given codes of whatever."""
    parts = zip(z.split(BATCH), windows.split(BATCH), strict=True)
    return float(np.concatenate([model.nll(codes, part.numpy()) for codes, part in parts]).mean())
