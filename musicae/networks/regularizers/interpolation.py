"""A critic of interpolations: adversarially constrained autoencoder interpolation."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from musicae.networks.device import float32
from musicae.networks.groups import GroupSettings
from musicae.networks.regularizers.base import Adversarial, Context, Step, Terms, check_weights
from musicae.networks.types import Features, Mask


class AdversarialInterpolation(Adversarial):
    """weight * D(x_a)^2 for the autoencoder; (D(x_a) - a)^2 + D(g x + (1 - g) x^)^2 for the critic, which guesses
    how much was mixed (Berthelot et al. 2019, ACAI, equations 2 and 3).

    x_a is decoded from (1 - a) z1 + a z2 with a ~ U[0, 1/2], under the condition of the first. What the critic sees are
    features that the decoder writes on its own, from the expected features of the step before: interpolations and
    reconstructions x^ alike, so that it cannot tell them apart by who wrote them.

    Args:
        weight: of a number that is below .25, so that it is compared with the nats of a whole window.
        gamma: g, the share of the true window in the one that counts as real.
        start, ramp: updates before the autoencoder's term begins, and over which it rises.
    """

    def __init__(
        self,
        context: Context,
        *,
        weight: float = 10.0,
        gamma: float = 0.2,
        start: int = 0,
        ramp: int = 500,
        learning_rate_scale: float = 1.0,
    ) -> None:
        super().__init__()
        check_weights("adversarial_interpolation", gamma=gamma)
        self.stage(weight, start, ramp)
        self.gamma = gamma
        self.group = GroupSettings(learning_rate_scale=learning_rate_scale)
        self.critic = context.make_critic()

    def terms(self, step: Step) -> Terms:
        mixed, _ = self._mixed(step)
        return {self.label: self.weight(step) * self._guess(*mixed).square().mean()}

    def critic_terms(self, step: Step) -> Terms:
        with torch.no_grad():
            mixed, alpha = self._mixed(step)
            true = step.autoencoder.embed_target(step.batch)
            own = step.autoencoder.soft(step.posterior.z, step.batch)
            real = [self.gamma * x + (1 - self.gamma) * y for x, y in zip(true, own, strict=True)]
        wrong = (self._guess(*mixed) - alpha).square() + self._guess(real[0], real[1]).square()
        return {f"{self.label}/critic": wrong.mean()}

    def _mixed(self, step: Step) -> tuple[tuple[Features, Mask], Float[Tensor, " batch"]]:
        """What is decoded from windows' codes mixed with their neighbors' in the batch, and how much of these."""
        z = step.posterior.z
        alpha = torch.rand(len(z), 1, device=z.device) / 2
        between = torch.lerp(z, z.roll(1, 0), alpha)
        return step.autoencoder.soft(between, step.batch), alpha[:, 0]

    def _guess(self, features: Features, mask: Mask) -> Float[Tensor, " batch"]:
        with float32(features):
            return self.critic(features.float(), mask.float())
