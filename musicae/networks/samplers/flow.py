"""A learned density of codes: draws from N(0, 1) are carried to where the codes of music lie.

dx/dt = v(x, t) from t = 0 to 1, where the network v is trained to match d x_t / dt on the way between a draw x_0 and a
code x_1 (flow matching: Lipman et al. 2023, arXiv:2210.02747; for music from codes of phrases, Mittal et al. 2021,
arXiv:2103.16091). What is unusual:
- The way turns, x_t = cos(pi t / 2) x_0 + sin(pi t / 2) x_1 (Albergo and Vanden-Eijnden 2023, arXiv:2209.15571), so
  that x_t keeps the variance 1, and of codes that are Gaussian nothing is to be learned: v = 0 carries N(0, 1) to
  itself. So a flow that was not trained draws nearly what `FittedGaussian` draws.
- It moves in the directions in which codes vary most, and leaves them at their mean in the others.
- It may be guided away from that Gaussian (`guidance`), which is to it what a worse model is to a better one in
  autoguidance (Karras et al. 2024, arXiv:2406.02507): v_worse + (1 + w) (v - v_worse), of which v_worse is 0 here. Only
  where little noise is left, which is where keys are decided: earlier it makes draws alike (Kynkaanniemi et al. 2024,
  arXiv:2404.07724).
- Times are drawn so that noise levels are lognormal (Karras et al. 2022, arXiv:2206.00364): where nearly all is noise,
  or nearly nothing, there is little to learn.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from musicae.errors import MusicaeError
from musicae.networks.device import float32
from musicae.networks.priors import Prior
from musicae.networks.samplers.base import CodeBatch, CodeMoments, LearnedSampler
from musicae.networks.types import Code, Scalar

QUARTER_TURN = math.pi / 2
TIME_FEATURES = 64
FREQUENCIES = (0.5, 50.0)
"""The least and the largest of the sines of t that a network sees, in radians."""
NOISE_LEVELS = (-1.2, 0.8)
"""Mean and standard deviation of ln cot(pi t / 2), the logarithm of the noise beside the code in x_t."""

GUIDED_FROM = 0.7
"""The t behind which draws are guided."""

Times = Float[Tensor, " batch"]


class FlowMatching(LearnedSampler):
    """Codes of training windows in their principal directions, each scaled to variance 1, as a flow from N(0, 1).

    Its loss is the mean of |v(x_t, t) - dx_t/dt|^2 over directions, both without their factor pi / 2: 1 where v = 0.

    Args:
        share: of the variance of codes that lies in the principal directions that are kept.
        hidden, blocks: of the network.
        steps: of Heun's method, two evaluations each, when codes are drawn.
        guidance: w, by how much further than learned draws are carried from what the fitted Gaussian gives, once t is
            `GUIDED_FROM`.
        updates, batch: how long it is trained, and on how many codes at once.
    """

    mean: Tensor
    root: Tensor
    """Principal directions of codes as rows, the widest first, each as long as their standard deviation along it; 0
    where a direction is not kept."""

    def __init__(
        self,
        size: int,
        prior: Prior,
        *,
        share: float = 0.98,
        hidden: int = 320,
        blocks: int = 5,
        steps: int = 16,
        guidance: float = 1.0,
        updates: int = 6_000,
        batch: int = 1_024,
    ) -> None:
        super().__init__()
        counts = {"hidden": hidden, "blocks": blocks, "steps": steps, "updates": updates, "batch": batch}
        for name, count in counts.items():
            if count < 1:
                raise MusicaeError(f"sampler.{name} is {count}", f"give sampler.{name} one or more")
        if not 0 < share <= 1:
            raise MusicaeError(f"sampler.share is {share}", "give sampler.share more than 0, and 1 at most")
        if not 0 <= guidance <= 10:
            raise MusicaeError(f"sampler.guidance is {guidance}", "give sampler.guidance a number from 0 to 10")
        self.share, self.steps, self.guidance = share, steps, guidance
        self.updates, self.batch = updates, batch
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("root", torch.eye(size))
        self.velocity = Velocity(size, hidden, blocks)

    @torch.no_grad()
    def fit(self, mean: Code, std: Code) -> None:
        """Takes over mean and covariance of posterior means, and forgets what was learned of others."""
        centered = mean.double() - mean.double().mean(0)
        variances, directions = torch.linalg.eigh(centered.T @ centered / len(mean))
        variances, directions = variances.flip(0).clamp(min=1e-12), directions.T.flip(0)
        kept = variances.cumsum(0) - variances < self.share * variances.sum()
        self.mean.copy_(mean.mean(0))
        self.root.copy_(directions * (variances.sqrt() * kept)[:, None])
        self.velocity.reset()

    @property
    def kept(self) -> Float[Tensor, " size"]:
        """1 for the directions that are kept, 0 for the others."""
        return (self.root != 0).any(1).to(self.root)

    def whitened(self, code: Code) -> Code:
        """Codes along the principal directions, of mean 0 and variance 1 over training windows; 0 if not kept."""
        lengths = self.root.square().sum(1, keepdim=True)
        return (code - self.mean) @ (self.root / lengths.masked_fill(lengths == 0, 1)).T

    def forward(self, batch: CodeBatch) -> dict[str, Scalar]:
        """The loss of a batch of codes, at times and from draws of torch's own generator."""
        with float32(batch.code):  # what is to be learned is fine
            x1, kept = self.whitened(batch.code), self.kept
        x0 = torch.randn_like(x1) * kept
        mean, std = NOISE_LEVELS
        turned = torch.atan((-mean - std * torch.randn(len(x1), 1, device=x1.device)).exp())
        found = self.velocity(turned.cos() * x0 + turned.sin() * x1, turned[:, 0] / QUARTER_TURN)
        missed = (found.float() - (turned.cos() * x1 - turned.sin() * x0)) * kept
        return {"flow": missed.square().sum() / (len(x1) * kept.sum())}

    @torch.no_grad()
    def sample(self, n: int, generator: torch.Generator) -> Float[Tensor, "n size"]:
        """By Heun's method, with steps of equal length in t."""
        kept, step = self.kept, 1 / self.steps
        x = torch.randn(n, len(self.mean), generator=generator).to(self.mean) * kept
        for start in range(self.steps):
            v = self._at(x, start * step) * kept
            x = x + step * (v + self._at(x + step * v, (start + 1) * step) * kept) / 2
        return (self.mean + x @ self.root).cpu()

    def moments(self) -> CodeMoments:
        return CodeMoments(self.mean.cpu(), self.root.cpu())

    def _at(self, x: Code, t: float) -> Code:
        """dx/dt at one time for all, guided."""
        scale = QUARTER_TURN * (1 + self.guidance if t > GUIDED_FROM else 1.0)
        return scale * self.velocity(x, torch.full((len(x),), t, device=x.device))


class Velocity(nn.Module):
    """The network of a flow: blocks that add to what passes, scaled and shifted by the time (Peebles and Xie 2023)."""

    frequencies: Tensor

    def __init__(self, size: int, hidden: int, blocks: int) -> None:
        super().__init__()
        least, largest = map(math.log, FREQUENCIES)
        frequencies = torch.linspace(least, largest, TIME_FEATURES // 2).exp()
        self.register_buffer("frequencies", frequencies, persistent=False)
        self.input = nn.Linear(size, hidden)
        self.time = nn.Sequential(nn.Linear(TIME_FEATURES, hidden // 2 + 1), nn.SiLU())
        self.blocks = nn.ModuleList(_Block(hidden, hidden // 2 + 1) for _ in range(blocks))
        self.norm, self.output = nn.LayerNorm(hidden), nn.Linear(hidden, size)
        self.reset()

    def reset(self) -> None:
        """Draws its weights anew; it is 0 everywhere then."""
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.LayerNorm):
                module.reset_parameters()
        nn.init.zeros_(self.output.weight)
        nn.init.zeros_(self.output.bias)

    def forward(self, x: Code, t: Times) -> Code:
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
