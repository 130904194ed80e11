"""How a group of parameters is trained: declared by whoever owns them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from musicae.errors import MusicaeError


@dataclass(frozen=True)
class GroupSettings:
    """How a group of parameters, those of a critic say, is trained.

    Attributes:
        optimizer: Adam, plain gradient descent, or Muon for hidden matrices and Adam for the rest.
        learning_rate_scale: times the learning rate of the schedule.
        betas: of Adam.
        clip: largest norm of their gradient.
        weight_decay: w, of Adam: w times a weight is added to its gradient, as the term w / 2 |weights|^2 of the loss
            would.
        clamp: largest size of a weight after an update (Arjovsky et al. 2017); 0 leaves them free.
        rounds: how often they move per update; all but the last time alone, on batches of their own.

    Raises:
        MusicaeError: a setting is out of range.
    """

    optimizer: Literal["adam", "muon", "sgd"] = "adam"
    learning_rate_scale: float = 1.0
    betas: tuple[float, float] = (0.9, 0.999)
    clip: float = 1.0
    weight_decay: float = 0.0
    clamp: float = 0.0
    rounds: int = 1

    def __post_init__(self) -> None:
        positive = min(self.learning_rate_scale, self.clip) > 0 and self.rounds >= 1
        if not (positive and min(self.clamp, self.weight_decay) >= 0):
            hint = "the scale of the rate and the clip are above 0, clamp and decay 0 or more, the rounds one or more"
            raise MusicaeError(f"a critic, or another group, cannot be trained with {self}", hint)
