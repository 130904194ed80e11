"""What every recurrent backend does, and how one refuses what it cannot do."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from jaxtyping import Float
from torch import Tensor, nn

from musicae.errors import MusicaeError
from musicae.networks.ragged import Lengths, State


class Backend(ABC):
    """The interface of all backends: a stack's equations over whole sequences, as `torch.nn.LSTM` defines them.

    i, f, g, o = W_ih x_t + b_ih + W_hh h_(t-1) + b_hh; c_t = sigmoid(f) c_(t-1) + sigmoid(i) tanh(g);
    h_t = sigmoid(o) tanh(c_t); a layer's h are the next one's x. Every backend gives first derivatives.
    """

    @abstractmethod
    def run(
        self,
        stack: nn.LSTM,
        inputs: Float[Tensor, "sequence step width"],
        context: Float[Tensor, "sequence context"],
        h: State,
        c: State,
        lengths: Lengths | None,
    ) -> Float[Tensor, "sequence step hidden"]:
        """Outputs of the top layer of a one-directional stack whose input is [inputs, context] at every step.

        Args:
            lengths: of every sequence in steps, one at least; outputs after its last step are zero. None is all steps.
        """

    @abstractmethod
    def last_outputs(
        self, stack: nn.LSTM, inputs: Float[Tensor, "sequence step width"], lengths: Lengths | None
    ) -> Float[Tensor, "sequence size"]:
        """The last outputs of a bidirectional stack, from zero states: forward after the last step, backward after the
        first.

        Args:
            lengths: as in `run`.
        """


def refuse_second_derivative(backend: str) -> None:
    """Make sure that the backward pass under way is not itself to be differentiated (`create_graph=True`).

    Raises:
        MusicaeError: it is, and this backend cannot.
    """
    if torch.is_grad_enabled():
        raise MusicaeError(
            f"the recurrent backend {backend} gives first derivatives, and a second one is asked for",
            "run these networks on the backend plain, which gives derivatives of any order",
        )


def product_dtype(x: Tensor) -> torch.dtype:
    """The type of matrix products on a tensor's device: autocast's where it is on."""
    device = x.device.type
    return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else x.dtype


def bias(stack: nn.LSTM, suffix: str) -> Float[Tensor, " gates"]:
    """b_ih + b_hh of one layer and direction, by the end of its parameters' names (`l0_reverse`)."""
    total: Tensor = getattr(stack, f"bias_ih_{suffix}") + getattr(stack, f"bias_hh_{suffix}")
    return total


def tanh(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """2 sigmoid(2 x) - 1: on a CPU torch's tanh takes several times as long as its sigmoid."""
    return 2 * torch.sigmoid(2 * x) - 1
