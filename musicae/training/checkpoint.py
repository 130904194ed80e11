"""The state of a training: weights, optimizer moments and counters in one safetensors file."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor, nn

from musicae.checked_json import parse_json, typed
from musicae.errors import MusicaeError
from musicae.storage.atomic import write_atomically
from musicae.storage.tensor_files import read_head
from musicae.training.groups import REMEMBERED, LossTerms, Moments, Optimizers


@dataclass
class TrainingState:
    """How far a training has come. All randomness follows from (seed, update, rank), so no generator is kept.

    Attributes:
        update: updates done.
        seconds: time spent, validations included.
        saved, saved_seconds: both at the last save.
        skipped: updates left out because a gradient was not finite; `failures` of them in a row just now.
        best: lowest validation loss so far, reached at `best_update`: 0 where that is the loss of the weights that the
            training began with. Infinite before the first validation.
        sums: of the terms of the loss since the last log line; on the device, until they are asked for.
        counts: per term, the updates that had it.
    """

    update: int = 0
    seconds: float = 0.0
    saved: int = 0
    saved_seconds: float = 0.0
    skipped: int = 0
    failures: int = 0
    best: float = float("inf")
    best_update: int = 0
    sums: dict[str, float | Tensor] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def measured(self) -> bool:
        """Whether there has been a validation with a loss that can be lower or higher than others."""
        return math.isfinite(self.best)

    @property
    def duration(self) -> str:
        """The time spent, in words."""
        return f"{self.seconds / 60:.1f} minutes" if self.seconds >= 60 else f"{self.seconds:.0f} s"

    def add(self, terms: LossTerms) -> None:
        """Counts in the terms of an update; others may have other terms."""
        for name, term in terms.items():
            self.sums[name] = self.sums.get(name, 0.0) + term.detach().float()
            self.counts[name] = self.counts.get(name, 0) + 1

    def take_means(self) -> dict[str, float]:
        """The means of the terms since the last call, each over the updates that had it."""
        means = {name: float(total) / self.counts[name] for name, total in self.sums.items()}
        self.sums, self.counts = {}, {}
        return means

    def to_json(self) -> str:
        """Everything as JSON text; the sums are single-precision numbers, which survive it."""
        self.sums = {name: float(total) for name, total in self.sums.items()}
        return json.dumps(asdict(self))


def save_state(path: Path, module: nn.Module, optimizers: Optimizers, state: TrainingState, identity: str) -> None:
    """Writes everything that a training needs to go on where it stopped.

    Args:
        identity: of the task.
    """
    tensors = {f"weight/{name}": tensor for name, tensor in module.state_dict().items()}
    for name, parameter in module.named_parameters():
        for key, value in optimizers.moments(parameter).items():
            tensors[f"{key}/{name}"] = value
    data = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    write_atomically(path, save_tensors(data, {"state": state.to_json(), "identity": identity}))


def load_state(path: Path, module: nn.Module, optimizers: Optimizers, identity: str) -> TrainingState:
    """Restores what `save_state` wrote.

    Raises:
        MusicaeError: the file is damaged, or is of another task, network or optimizer.
    """
    try:
        notes, tensors = read_head(path).notes, load_tensors(path.read_bytes())  # `safe_open` wants paths in UTF-8
        state = _state_of(notes["state"])
        if notes["identity"] != identity:
            raise ValueError(f"it is of {notes['identity']}, not of {identity}")
        weights = {name: tensors[f"weight/{name}"] for name in module.state_dict()}
        _check_shapes(weights, module)
        module.load_state_dict(weights)
        optimizers.restore({weight: _moments(tensors, name) for name, weight in module.named_parameters()})
    except (OSError, SafetensorError, RuntimeError, TypeError, KeyError, ValueError) as error:
        hint = "begin again, or from the best weights"
        raise MusicaeError(f"cannot resume from {path}: {error}", hint, kind="cannot-resume", path=path) from None
    return state


def _check_shapes(weights: dict[str, Tensor], module: nn.Module) -> None:
    """
    Raises:
        ValueError: a weight has not the shape that it has in the network.
    """
    for name, tensor in module.state_dict().items():
        if weights[name].shape != tensor.shape:
            was, now = (tuple(one.shape) for one in (weights[name], tensor))
            raise ValueError(f"{name} has shape {was} there and {now} now: sizes cannot change within a training")


def _state_of(text: str) -> TrainingState:
    """What `TrainingState.to_json` wrote.

    Raises:
        ValueError: it is something else.
    """
    data = typed(parse_json(text), dict[str, Any], "the state")
    best = data.pop("best", math.inf)
    state: TrainingState = typed(data if best == math.inf else {**data, "best": best}, TrainingState, "the state")
    numbers = (state.update, state.seconds, state.saved, state.saved_seconds, state.skipped, state.failures)
    if min(*numbers, state.best_update) < 0 or state.sums.keys() != state.counts.keys():
        raise ValueError("the state counts what cannot be")
    if min(state.counts.values(), default=1) < 1:
        raise ValueError("the state has means of nothing")
    return state


def _moments(tensors: dict[str, Tensor], name: str) -> Moments:
    """What a file holds of the moments of a parameter."""
    keys = {key for names in REMEMBERED.values() for key in names}
    return {key: tensors[f"{key}/{name}"] for key in sorted(keys) if f"{key}/{name}" in tensors}
