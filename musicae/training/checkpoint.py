"""The state of a training: weights, optimizer moments and counters in one safetensors file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save as save_tensors
from torch import nn

from musicae.errors import MusicaeError
from musicae.storage.atomic import write_atomically
from musicae.training.groups import ADAM, MUON, Moments, Optimizer


@dataclass
class TrainingState:
    """How far a training has come. All randomness follows from (seed, update, rank), so no generator is kept.

    Attributes:
        update: updates done.
        seconds: time spent, validations included.
        saved, saved_seconds: both at the last save.
        skipped: updates left out because a gradient was not finite; `failures` of them in a row just now.
        best: lowest validation loss so far, reached at `best_update`.
        sums: of the terms of the loss, over the `summed` updates since the last log line.
    """

    update: int = 0
    seconds: float = 0.0
    saved: int = 0
    saved_seconds: float = 0.0
    skipped: int = 0
    failures: int = 0
    best: float = float("inf")
    best_update: int = 0
    sums: dict[str, float] = field(default_factory=dict)
    summed: int = 0

    def add(self, terms: dict[str, float]) -> None:
        """Counts in the terms of an update."""
        self.sums = {name: self.sums.get(name, 0.0) + term for name, term in terms.items()}
        self.summed += 1

    def take_means(self) -> dict[str, float]:
        """The means of the terms since the last call."""
        means = {name: total / self.summed for name, total in self.sums.items()}
        self.sums, self.summed = {}, 0
        return means


def save_state(path: Path, module: nn.Module, optimizer: Optimizer, progress: TrainingState) -> None:
    """Writes everything that a training needs to go on where it stopped."""
    tensors = {f"weight/{name}": tensor for name, tensor in module.state_dict().items()}
    for name, parameter in module.named_parameters():
        for key, value in optimizer.moments(parameter).items():
            tensors[f"{key}/{name}"] = value
    data = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    write_atomically(path, save_tensors(data, {"progress": json.dumps(asdict(progress))}))


def load_state(path: Path, module: nn.Module, optimizer: Optimizer) -> TrainingState:
    """Restores what `save_state` wrote.

    Raises:
        MusicaeError: the file is damaged, or is of another network.
    """
    try:
        with safe_open(path, "pt") as file:
            progress = TrainingState(**json.loads(file.metadata()["progress"]))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        module.load_state_dict({name: tensors[f"weight/{name}"] for name in module.state_dict()})
        moments: dict[nn.Parameter, Moments] = {}
        for name, parameter in module.named_parameters():
            keys = [key for key in (*ADAM, *MUON) if f"{key}/{name}" in tensors]
            moments[parameter] = {key: tensors[f"{key}/{name}"] for key in keys}
        optimizer.restore(moments)
    except (OSError, SafetensorError, RuntimeError, TypeError, KeyError, ValueError) as error:
        message, hint = f"cannot resume from {path}: {error}", "begin again, or from the best weights"
        raise MusicaeError(message, hint, kind="cannot-resume", path=path) from None
    return progress
