"""The state of a training: weights, optimizer moments and counters in one safetensors file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as save_tensors
from torch import nn

from musicae.errors import MusicaeError
from musicae.files import write_atomically


@dataclass
class Progress:
    """How far a training has come. All randomness follows from (seed, update, rank), so no generator is kept.

    Attributes:
        update: updates done.
        skipped: updates left out because a gradient was not finite.
        best: lowest validation loss so far.
        seconds: time spent in updates.
    """

    update: int = 0
    skipped: int = 0
    best: float = float("inf")
    seconds: float = 0.0


def save_state(path: Path, module: nn.Module, optimizer: torch.optim.Optimizer, progress: Progress) -> None:
    """Writes everything that a training needs to go on as if it had never stopped."""
    tensors = {f"weight/{name}": tensor for name, tensor in module.named_parameters()}
    for name, parameter in module.named_parameters():
        for key, value in optimizer.state.get(parameter, {}).items():
            tensors[f"{key}/{name}"] = value
    data = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    write_atomically(path, save_tensors(data, {"progress": json.dumps(asdict(progress))}))


def load_state(path: Path, module: nn.Module, optimizer: torch.optim.Optimizer) -> Progress:
    """Restores what `save_state` wrote.

    Raises:
        MusicaeError: the file is missing or damaged.
    """
    try:
        with safe_open(path, "pt") as file:
            progress = Progress(**json.loads(file.metadata()["progress"]))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, TypeError, KeyError, ValueError) as error:
        hint = "start anew with musicae train, or from its weights with --from"
        raise MusicaeError(f"cannot resume from {path}: {error}", hint) from None
    for name, parameter in module.named_parameters():
        parameter.data.copy_(tensors.pop(f"weight/{name}"))
    for name, parameter in module.named_parameters():
        moments = {key.partition("/")[0]: value for key, value in tensors.items() if key.partition("/")[2] == name}
        for key, value in moments.items():
            optimizer.state[parameter][key] = value if key == "step" else value.to(parameter.device)
    return progress
