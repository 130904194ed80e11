"""Groups of parameters, each with an optimizer of its own: the model's weights, and those of every critic.

Whoever owns parameters declares how they are trained; gradients are clipped, weights moved and clamped group by group.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from musicae.networks.groups import GroupSettings
from musicae.training.muon import Muon

Moments = dict[str, Tensor]
LossTerms = dict[str, Float[Tensor, ""]]

REMEMBERED = {"adam": ("step", "exp_avg", "exp_avg_sq"), "muon": ("momentum_buffer",), "sgd": ()}
"""The names of what optimizers remember of a parameter."""

GROUP_DEFAULTS = GroupSettings()


@dataclass(frozen=True, eq=False)
class ParameterGroup:
    """Parameters that are trained alike.

    Attributes:
        name: what they are part of.
        outer: matrices that are no maps between hidden spaces (embedding tables, heads), which Muon leaves to Adam.
    """

    name: str
    parameters: Sequence[nn.Parameter]
    settings: GroupSettings = GROUP_DEFAULTS
    outer: Sequence[nn.Parameter] = ()


class GroupOptimizer:
    """The optimizer of one group: Adam, gradient descent, or Muon for its hidden matrices and Adam for the rest."""

    def __init__(self, group: ParameterGroup) -> None:
        self.group = group
        matrices = _hidden_matrices(group) if group.settings.optimizer == "muon" else []
        taken = {id(parameter) for parameter in matrices}
        others = [parameter for parameter in group.parameters if id(parameter) not in taken]
        fused = all(parameter.device.type != "mps" for parameter in others)
        self.parts: list[torch.optim.Optimizer] = []
        if others and group.settings.optimizer == "sgd":
            self.parts.append(torch.optim.SGD(others, fused=fused))
        elif others:
            settings = group.settings
            adam = torch.optim.Adam(others, betas=settings.betas, weight_decay=settings.weight_decay, fused=fused)
            self.parts.append(adam)
        if matrices:
            self.parts.append(Muon(matrices))
        rest = REMEMBERED["sgd" if group.settings.optimizer == "sgd" else "adam"]
        self.remembered = {**dict.fromkeys(others, rest), **dict.fromkeys(matrices, REMEMBERED["muon"])}

    def clip(self) -> Float[Tensor, ""]:
        """Shortens the group's gradient to its largest norm; returns the norm that it had."""
        return nn.utils.clip_grad_norm_(self.group.parameters, self.group.settings.clip)

    def step(self, learning_rate: float, dtype: torch.dtype = torch.float32) -> None:
        """Moves the weights along their gradients, and clamps them."""
        for part in self.parts:
            if isinstance(part, Muon):
                part.dtype = dtype
            for settings in part.param_groups:
                settings["lr"] = learning_rate * self.group.settings.learning_rate_scale
            part.step()
        if self.group.settings.clamp:
            with torch.no_grad():
                for parameter in self.group.parameters:
                    parameter.clamp_(-self.group.settings.clamp, self.group.settings.clamp)


class Optimizers:
    """Those of all groups.

    Raises:
        ValueError: a parameter is in two groups.
    """

    def __init__(self, groups: Iterable[ParameterGroup]) -> None:
        self.of_groups = [GroupOptimizer(group) for group in groups]
        parameters = [id(parameter) for one in self.of_groups for parameter in one.group.parameters]
        if len(set(parameters)) < len(parameters):
            raise ValueError("a parameter is in two groups")

    def backward(self, terms: LossTerms) -> None:
        """The gradient of the sum of the terms, in place of any that there was."""
        for one in self.of_groups:
            for parameter in one.group.parameters:
                parameter.grad = None
        torch.stack(list(terms.values())).sum().backward()

    def step(
        self,
        learning_rate: float,
        only: Sequence[GroupOptimizer] | None = None,
        *,
        dtype: torch.dtype = torch.float32,
    ) -> bool:
        """Clips the gradients of groups and moves their weights.

        Whether gradients are finite is the one thing that an update waits for. Averaged over processes, they are so in
        all of them or in none.

        Args:
            only: the groups that are moved, if not all.
            dtype: of the matrix products that optimizers take.

        Returns:
            Whether the gradients are finite; if not, nothing was changed.
        """
        moved = self.of_groups if only is None else only
        norms = [one.clip() for one in moved if any(p.grad is not None for p in one.group.parameters)]
        if not norms or not torch.isfinite(torch.stack(norms)).all():
            return False
        for one in moved:
            one.step(learning_rate, dtype)
        return True

    def with_rounds(self, round: int) -> list[GroupOptimizer]:
        """The groups that have a round of this number, from 0, at every update."""
        return [one for one in self.of_groups if one.group.settings.rounds > round]

    @property
    def rounds(self) -> int:
        """The most rounds that a group has."""
        return max((one.group.settings.rounds for one in self.of_groups), default=1)

    def moments(self, parameter: nn.Parameter) -> Moments:
        """What is remembered of the gradients of a parameter, and how many there were; empty before the first."""
        parts = (part for one in self.of_groups for part in one.parts)
        return next((part.state[parameter] for part in parts if parameter in part.state), {})

    def restore(self, moments: dict[nn.Parameter, Moments]) -> None:
        """Puts back what `moments` gave of every parameter.

        Raises:
            ValueError: another optimizer gave it.
        """
        remembered = {parameter: names for one in self.of_groups for parameter, names in one.remembered.items()}
        if any(known and set(known) != set(remembered.get(parameter, ())) for parameter, known in moments.items()):
            raise ValueError("its optimizer was another one")
        for parameter, known in moments.items():
            if any(value.shape not in (parameter.shape, ()) for value in known.values()):
                raise ValueError("what its optimizer remembers has other shapes than the weights")
        for part in (part for one in self.of_groups for part in one.parts):
            own = (parameter for group in part.param_groups for parameter in group["params"])
            state = {number: moments[parameter] for number, parameter in enumerate(own) if moments.get(parameter)}
            part.load_state_dict({"state": state, "param_groups": part.state_dict()["param_groups"]})


def _hidden_matrices(group: ParameterGroup) -> list[nn.Parameter]:
    outer = {id(parameter) for parameter in group.outer}
    return [parameter for parameter in group.parameters if parameter.ndim == 2 and id(parameter) not in outer]
