"""Critics that tell codes from draws of the prior: adversarial autoencoders, and those with a learned generator."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from musicae.errors import MusicaeError
from musicae.networks.device import float32, noise_source
from musicae.networks.latents.base import one_hot
from musicae.networks.regularizers.base import (
    Adversarial,
    Context,
    Step,
    Terms,
    check_weights,
    critic_group,
    critic_mlp,
)
from musicae.networks.types import ClassLabel, Code, Scalar

CodePart = Literal["code", "class", "style"]


class AdversarialPrior(Adversarial):
    """-log D(z) for the encoder; -log D(p) - log(1 - D(z)) for the critic (Makhzani et al. 2015, section 2).

    Args:
        weight: of the encoder's term, which is compared with the nats of a whole window.
        part: of the code that the critic sees: all of it, the class that it begins with, or what comes after.
        labels: the critic also sees the class of every window, or that it is unknown; draws for a window are of its
            class (section 2.3). 0 for none, or how many classes there are.
        noise: standard deviation of what is added to what the critic sees.
        start, ramp: updates before the encoder's term begins, and over which it rises.
        hidden: units of the critic's two layers.
        learning_rate_scale, beta1: of the critic and its Adam.
    """

    def __init__(
        self,
        context: Context,
        *,
        weight: float = 5.0,
        part: CodePart = "code",
        labels: int = 0,
        noise: float = 0.1,
        start: int = 0,
        ramp: int = 500,
        hidden: int = 256,
        learning_rate_scale: float = 0.5,
        beta1: float = 0.5,
    ) -> None:
        super().__init__()
        check_weights("adversarial_prior", labels=labels, noise=noise)
        self.stage(weight, start, ramp)
        self.noise, self.labels = noise, labels
        bounds = {"code": (0, context.code_size), "class": (0, context.classes)}
        self.columns = slice(*bounds.get(part, (context.classes, context.code_size)))
        width = self.columns.stop - self.columns.start
        if width < 1:
            raise MusicaeError(f"this latent has no {part}", "choose latent class_and_style, or part code")
        self.group = critic_group(learning_rate_scale, beta1=beta1)
        self.critic = critic_mlp(width + (labels + 1 if labels else 0), hidden, 1)

    def terms(self, step: Step) -> Terms:
        return {self.label: self.weight(step) * F.softplus(-self._logit(step.posterior.code, step.batch.label)).mean()}

    def critic_terms(self, step: Step) -> Terms:
        code, label, prior = step.posterior.code, step.batch.label, step.autoencoder.prior
        drawn = prior.sample(len(code), noise_source(code.device), label if self.labels else None).to(code)
        wrong = F.softplus(self._logit(code, label)) + F.softplus(-self._logit(drawn.detach(), label))
        return {f"{self.label}/critic": wrong.mean()}

    def _logit(self, code: Code, label: ClassLabel) -> Float[Tensor, " batch"]:
        with float32(code):
            seen = code.float()[:, self.columns]
            seen = seen + self.noise * torch.randn_like(seen)
            if self.labels:
                known = one_hot(label, self.labels)
                seen = torch.cat([seen, known, 1 - known.sum(1, keepdim=True)], 1)
            return self.critic(seen).squeeze(1)


class WassersteinCritic(Adversarial):
    """The critic max E f(c) - E f(c~) over codes c and draws c~ of a learned prior (Zhao et al. 2018, equation 2).

    The encoder and the prior's generator minimize what the critic maximizes.

    Args:
        weight: of the encoder's share, which is compared with the nats of a whole window; the generator's is 1.
        clamp: largest weight of the critic (Arjovsky et al. 2017); 0 leaves them free.
        gradient_penalty: weight of (|grad f| - 1)^2 between codes and draws (Gulrajani et al. 2017), instead.
        rounds: how often the critic moves per update.
        start, ramp: updates before the encoder's share begins, and over which it rises.
    """

    def __init__(
        self,
        context: Context,
        *,
        weight: float = 1.0,
        clamp: float = 0.02,
        gradient_penalty: float = 0.0,
        rounds: int = 5,
        start: int = 0,
        ramp: int = 500,
        hidden: int = 300,
        learning_rate_scale: float = 0.1,
    ) -> None:
        super().__init__()
        check_weights("wasserstein_critic", gradient_penalty=gradient_penalty)
        self.stage(weight, start, ramp)
        self.gradient_penalty = gradient_penalty
        self.group = critic_group(learning_rate_scale, clamp=clamp, rounds=rounds)
        self.critic = critic_mlp(context.code_size, hidden, 1)

    def terms(self, step: Step) -> Terms:
        code = step.posterior.code
        drawn = step.autoencoder.prior.sample(len(code), noise_source(code.device)).to(code)
        return {self.label: self.weight(step) * self._mean(code), f"{self.label}/generator": -self._mean(drawn)}

    def critic_terms(self, step: Step) -> Terms:
        code = step.posterior.code
        drawn = step.autoencoder.prior.sample(len(code), noise_source(code.device)).detach().to(code)
        loss = self._mean(drawn) - self._mean(code)
        if self.gradient_penalty:
            loss = loss + self.gradient_penalty * self._steepness(code.float(), drawn.float())
        return {f"{self.label}/critic": loss}

    def _mean(self, code: Code) -> Scalar:
        with float32(code):
            return self.critic(code.float()).mean()

    def _steepness(self, codes: Code, draws: Code) -> Scalar:
        """The mean of (|grad f| - 1)^2 at random points between codes and draws."""
        between = torch.lerp(codes, draws, torch.rand(len(codes), 1, device=codes.device)).requires_grad_()
        with float32(codes), torch.enable_grad():
            (gradient,) = torch.autograd.grad(self.critic(between).sum(), between, create_graph=True)
        return (gradient.norm(dim=1) - 1).square().mean()
