"""A learned density of codes: draws from N(0, 1) are carried to where the codes of music lie.

dx/dt = v(x, t) from t = 0 to 1, where the network v is trained to match d x_t / dt on the way between a draw x_0 and a
code x_1 (flow matching: Lipman et al. 2023, arXiv:2210.02747; for music from codes of phrases, Mittal et al. 2021,
arXiv:2103.16091). What is unusual:
- The way turns, x_t = cos(pi t / 2) x_0 + sin(pi t / 2) x_1 (Albergo and Vanden-Eijnden 2023, arXiv:2209.15571), so
  that x_t keeps the variance 1, and of codes that are Gaussian nothing is to be learned: v = 0 carries N(0, 1) to
  itself. So a flow that was not trained draws what `FittedGaussian` draws.
- It moves in the directions in which codes vary most; in the others they are drawn from a Gaussian.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from musicae.errors import MusicaeError
from musicae.networks.priors import Prior
from musicae.networks.samplers.base import CodeBatch, LearnedSampler
from musicae.networks.types import Code, Scalar

QUARTER_TURN = math.pi / 2
TIME_FEATURES = 64
FREQUENCIES = (0.5, 50.0)
"""The least and the largest of the sines of t that a network sees, in radians."""

Times = Float[Tensor, " batch"]
Whitened = Float[Tensor, "batch direction"]


class FlowMatching(LearnedSampler):
    """Codes of training windows in their principal directions, each scaled to variance 1, as a flow from N(0, 1).

    Its loss is the mean of |v(x_t, t) - dx_t/dt|^2 over directions, both without their factor pi / 2: 1 for v = 0.

    Args:
        directions: how many of the principal directions the network moves in, at most.
        hidden, blocks: of the network.
        steps: of Heun's method, two evaluations each, when codes are drawn.
        updates, batch: how long it is trained, and on how many codes at once.
    """

    mean: Tensor
    root: Tensor
    """Principal directions of codes as rows, the widest first, each as long as their standard deviation along it."""

    def __init__(
        self,
        size: int,
        prior: Prior,
        *,
        directions: int = 64,
        hidden: int = 320,
        blocks: int = 5,
        steps: int = 24,
        updates: int = 6_000,
        batch: int = 1_024,
    ) -> None:
        super().__init__()
        counts = {"directions": directions, "hidden": hidden, "blocks": blocks, "steps": steps}
        for name, count in {**counts, "updates": updates, "batch": batch}.items():
            if count < 1:
                raise MusicaeError(f"sampler.{name} is {count}", f"give sampler.{name} one or more")
        self.directions, self.steps, self.updates, self.batch = min(directions, size), steps, updates, batch
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("root", torch.eye(size))
        self.velocity = Velocity(self.directions, hidden, blocks)

    @torch.no_grad()
    def fit(self, mean: Code, std: Code) -> None:
        """Takes over mean and covariance of posterior means, and forgets what was learned of others."""
        centered = mean.double() - mean.double().mean(0)
        variances, directions = torch.linalg.eigh(centered.T @ centered / len(mean))
        self.mean.copy_(mean.mean(0))
        self.root.copy_((directions * variances.clamp(min=1e-12).sqrt()).T.flip(0))
        self.velocity.reset()

    def whitened(self, code: Code) -> Whitened:
        """Codes along the directions that the network moves in; mean 0 and variance 1 over training windows."""
        rows = self.root[: self.directions]
        return (code - self.mean) @ (rows / rows.square().sum(1, keepdim=True)).T

    def forward(self, batch: CodeBatch) -> dict[str, Scalar]:
        """The loss of a batch of codes, at times and from draws of torch's own generator."""
        x1 = self.whitened(batch.code)
        x0, t = torch.randn_like(x1), torch.rand(len(x1), device=x1.device)
        turned = QUARTER_TURN * t[:, None]
        found = self.velocity(turned.cos() * x0 + turned.sin() * x1, t)
        return {"flow": (found.float() - (turned.cos() * x1 - turned.sin() * x0)).square().mean()}

    @torch.no_grad()
    def sample(self, n: int, generator: torch.Generator) -> Float[Tensor, "n size"]:
        """By Heun's method, with steps of equal length in t."""
        drawn = torch.randn(n, len(self.mean), generator=generator).to(self.mean)
        x, step = drawn[:, : self.directions], 1 / self.steps
        for start in range(self.steps):
            v = self._at(x, start * step)
            x = x + step * (v + self._at(x + step * v, (start + 1) * step)) / 2
        return (self.mean + torch.cat([x, drawn[:, self.directions :]], 1) @ self.root).cpu()

    def _at(self, x: Whitened, t: float) -> Whitened:
        """dx/dt at one time for all."""
        return QUARTER_TURN * self.velocity(x, torch.full((len(x),), t, device=x.device))


class Velocity(nn.Module):
    """The network of a flow: blocks that add to what passes, scaled and shifted by the time (Peebles and Xie 2023)."""

    frequencies: Tensor

    def __init__(self, directions: int, hidden: int, blocks: int) -> None:
        super().__init__()
        least, largest = map(math.log, FREQUENCIES)
        frequencies = torch.linspace(least, largest, TIME_FEATURES // 2).exp()
        self.register_buffer("frequencies", frequencies, persistent=False)
        self.input = nn.Linear(directions, hidden)
        self.time = nn.Sequential(nn.Linear(TIME_FEATURES, hidden // 2 + 1), nn.SiLU())
        self.blocks = nn.ModuleList(_Block(hidden, hidden // 2 + 1) for _ in range(blocks))
        self.norm, self.output = nn.LayerNorm(hidden), nn.Linear(hidden, directions)
        self.reset()

    def reset(self) -> None:
        """Draws its weights anew; it is 0 everywhere then."""
        for module in self.modules():
            if isinstance(module, nn.Linear):
                module.reset_parameters()
        nn.init.zeros_(self.output.weight)
        nn.init.zeros_(self.output.bias)

    def forward(self, x: Whitened, t: Times) -> Whitened:
        angle = t[:, None] * self.frequencies
        time = self.time(torch.cat([angle.sin(), angle.cos()], 1))
        hidden = self.input(x)
        for block in self.blocks:
            hidden = hidden + block(hidden, time)
        return self.output(self.norm(hidden))


class _Block(nn.Module):
    """Two layers around a gate (SwiGLU: Shazeer 2020)."""

    def __init__(self, hidden: int, time: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(hidden, elementwise_affine=False)
        self.modulation = nn.Linear(time, 2 * hidden)
        self.first, self.second = nn.Linear(hidden, 2 * hidden), nn.Linear(hidden, hidden)

    def forward(self, x: Float[Tensor, "batch hidden"], time: Float[Tensor, "batch time"]) -> Tensor:
        scale, shift = self.modulation(time).chunk(2, 1)
        gate, value = self.first(self.norm(x) * (1 + scale) + shift).chunk(2, 1)
        return self.second(F.silu(gate) * value)
