"""The optimizer of an autoencoder's weights."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from musicae.networks.autoencoder import Autoencoder

Moments = dict[str, Tensor]

ADAM, MUON = ("step", "exp_avg", "exp_avg_sq"), ("momentum_buffer",)
"""The names of what they remember of a parameter."""


class Optimizer:
    """Adam for all weights, or Muon for the hidden matrices and Adam for the others.

    Muon (Jordan et al. 2024) orthogonalizes the momentum of a matrix, so that an update moves it in all directions
    alike; scaled to the size of Adam's updates (Liu et al. 2025), it takes the same learning rate. Embeddings and
    output heads are no maps between hidden spaces: they stay with Adam, as do vectors.
    """

    def __init__(self, autoencoder: Autoencoder, *, muon: bool, fused: bool) -> None:
        matrices = list(_hidden_matrices(autoencoder)) if muon else []
        taken = {id(parameter) for parameter in matrices}
        others = [parameter for parameter in autoencoder.parameters() if id(parameter) not in taken]
        self.parts: list[torch.optim.Optimizer] = [torch.optim.Adam(others, fused=fused)]
        self.remembered: dict[nn.Parameter, tuple[str, ...]] = dict.fromkeys(others, ADAM)
        if matrices:
            self.parts.append(torch.optim.Muon(matrices, weight_decay=0.0, adjust_lr_fn="match_rms_adamw"))
            self.remembered |= dict.fromkeys(matrices, MUON)

    def step(self, learning_rate: float) -> None:
        """Moves the weights along their gradients."""
        for part in self.parts:
            for group in part.param_groups:
                group["lr"] = learning_rate
            part.step()

    def moments(self, parameter: nn.Parameter) -> Moments:
        """What is remembered of the gradients of a parameter, and how many there were; empty before the first."""
        return next((part.state[parameter] for part in self.parts if parameter in part.state), {})

    def restore(self, moments: dict[nn.Parameter, Moments]) -> None:
        """Puts back what `moments` gave of every parameter.

        Raises:
            ValueError: another optimizer gave it.
        """
        if any(known and set(known) != set(self.remembered[parameter]) for parameter, known in moments.items()):
            raise ValueError("its optimizer was another one")
        for part in self.parts:
            own = (parameter for group in part.param_groups for parameter in group["params"])
            state = {number: moments[parameter] for number, parameter in enumerate(own) if moments.get(parameter)}
            part.load_state_dict({"state": state, "param_groups": part.state_dict()["param_groups"]})


def _hidden_matrices(autoencoder: Autoencoder) -> Iterator[nn.Parameter]:
    excepted = {id(parameter) for parameter in autoencoder.input_and_output_parameters()}
    for parameter in autoencoder.parameters():
        if parameter.ndim == 2 and id(parameter) not in excepted:
            yield parameter
