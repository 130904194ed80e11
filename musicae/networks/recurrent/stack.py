"""Stacks of LSTMs, and the choice of the backend that runs them."""

from __future__ import annotations

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from musicae.errors import MusicaeError
from musicae.networks.ragged import Lengths, State
from musicae.networks.recurrent.backend import Backend
from musicae.networks.recurrent.fast_cpu import FastCPU
from musicae.networks.recurrent.plain import TorchLSTM

MOST_LAYERS = 100

BackendName = Literal["auto", "plain", "fast_cpu", "cudnn"]

BACKENDS: dict[str, Backend] = {"plain": TorchLSTM(cudnn=False), "fast_cpu": FastCPU(), "cudnn": TorchLSTM(cudnn=True)}


class LSTM(nn.LSTM):
    """torch's LSTM with batches first, whose sequences run on a backend. `lstm` makes one.

    Attributes:
        backend: `plain`, until `use_backend` chooses another one.
    """

    backend: Backend = BACKENDS["plain"]

    def run(
        self,
        inputs: Float[Tensor, "sequence step width"],
        context: Float[Tensor, "sequence context"],
        h: State,
        c: State,
        lengths: Lengths | None = None,
    ) -> Float[Tensor, "sequence step hidden"]:
        """Outputs of the top layer, as `Backend.run` says."""
        return self.backend.run(self, inputs, context, h, c, lengths)

    def last_outputs(
        self, inputs: Float[Tensor, "sequence step width"], lengths: Lengths | None = None
    ) -> Float[Tensor, "sequence size"]:
        """The last outputs of both directions, as `Backend.last_outputs` says."""
        return self.backend.last_outputs(self, inputs, lengths)


def lstm(inputs: int, hidden: int, layers: int, bidirectional: bool = False) -> LSTM:
    """A stack of LSTMs whose forget gates start open: their bias is 1 (Jozefowicz et al. 2015).

    Raises:
        ValueError: it has no layer, or too many.
    """
    if not 1 <= layers <= MOST_LAYERS:
        raise ValueError(f"an LSTM has 1 to {MOST_LAYERS} layers, not {layers}")
    stack = LSTM(inputs, hidden, layers, batch_first=True, bidirectional=bidirectional)
    for name, parameter in stack.named_parameters():
        if name.startswith("bias"):
            nn.init.zeros_(parameter)
        if name.startswith("bias_ih"):
            nn.init.ones_(parameter[hidden : 2 * hidden])
    return stack


def first_state(state: Float[Tensor, "sequence state"], stack: nn.LSTM) -> tuple[State, State]:
    """h and c of every layer, tanh(W context), from what a linear layer made of a context, W context."""
    # [sequence, 2 layer hidden] -> [sequence, (h, c), layer, hidden]
    layers = torch.tanh(state).unflatten(1, (2, stack.num_layers, stack.hidden_size))
    h, c = layers.permute(1, 2, 0, 3).contiguous()  # 2 x [layer, sequence, hidden]
    return h, c


def use_backend(module: nn.Module, name: BackendName, device: torch.device) -> None:
    """Sets the backend of every LSTM in a module that is to run on a device.

    Args:
        name: `auto` is `fast_cpu` on a CPU, `cudnn` on CUDA, and `plain` elsewhere.

    Raises:
        MusicaeError: the backend does not run on this device.
    """
    if name == "fast_cpu" and device.type != "cpu":
        raise MusicaeError(f"the recurrent backend fast_cpu does not run on {device}", "choose auto, plain or cudnn")
    automatic = {"cpu": "fast_cpu", "cuda": "cudnn"}.get(device.type, "plain")
    backend = BACKENDS[automatic if name == "auto" else name]
    for part in module.modules():
        if isinstance(part, LSTM):
            part.backend = backend
