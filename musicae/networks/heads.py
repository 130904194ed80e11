"""Heads: the output of a network at an event to a distribution over what stands there.

One head per field. `forward` is one matrix product and gives the parameters of the distribution; everything else is a
function of these.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor, nn

from musicae.errors import MusicaeError
from musicae.networks.token_spec import FieldSpec
from musicae.networks.types import Params

COLDEST = 1e-6
"""Below this temperature the likeliest token is taken: logits that are divided by less leave the range of float32."""


class Head(nn.Module, ABC):
    """The interface of heads over the tokens of one field."""

    @abstractmethod
    def forward(self, hidden: Float[Tensor, "*event hidden"]) -> Params:
        """The parameters of the distribution at every event."""

    @abstractmethod
    def prepared(self, dtype: torch.dtype) -> Callable[[Float[Tensor, "*event hidden"]], Params]:
        """`forward` without gradients, with weights that are converted once: for many steps in a row."""

    @abstractmethod
    def log_prob(self, params: Params, target: Int64[Tensor, "*event"]) -> Float[Tensor, "*event"]:
        """log p(target), in nats."""

    @abstractmethod
    def draw(
        self, params: Params, temperature: float, generator: torch.Generator | None = None
    ) -> Int64[Tensor, "*event"]:
        """A token per event from p^(1 / temperature); temperature 0 takes the likeliest."""

    @abstractmethod
    def probabilities(self, params: Params) -> Float[Tensor, "*event vocabulary"]:
        """p of every token."""

    @abstractmethod
    def divergence(self, params: Params, other: Params) -> Float[Tensor, "*event"]:
        """KL(p || other), in nats."""

    @abstractmethod
    def exclude(self, params: Params, token: int) -> Params:
        """The parameters of the same distribution, given that it is not this token."""


class Categorical(Head):
    """softmax(W h + b)."""

    def __init__(self, hidden: int, field: FieldSpec) -> None:
        super().__init__()
        self.logits = nn.Linear(hidden, field.vocabulary)

    def forward(self, hidden: Float[Tensor, "*event hidden"]) -> Params:
        return self.logits(hidden)

    def prepared(self, dtype: torch.dtype) -> Callable[[Float[Tensor, "*event hidden"]], Params]:
        return _prepared(self.logits, dtype)

    def log_prob(self, params: Params, target: Int64[Tensor, "*event"]) -> Float[Tensor, "*event"]:
        return -F.cross_entropy(params.float(), target, reduction="none")

    def draw(
        self, params: Params, temperature: float, generator: torch.Generator | None = None
    ) -> Int64[Tensor, "*event"]:
        """By inverting the cumulative distribution."""
        if temperature < COLDEST:
            return params.argmax(-1)
        cumulative = torch.softmax(params.float() / temperature, -1).cumsum(-1)
        # In [0, 1): never past the last token, even where rounding leaves the total below one.
        uniform = torch.rand(len(params), 1, device=params.device, generator=generator) * cumulative[:, -1:]
        drawn = torch.searchsorted(cumulative, uniform, right=True).squeeze(1)
        return drawn.clamp_(max=params.shape[-1] - 1)  # weights may be such that all is NaN

    def probabilities(self, params: Params) -> Float[Tensor, "*event vocabulary"]:
        return params.float().softmax(-1)

    def divergence(self, params: Params, other: Params) -> Float[Tensor, "*event"]:
        log_p, log_q = params.float().log_softmax(-1), other.float().log_softmax(-1)
        return (log_p.exp() * (log_p - log_q)).sum(-1)

    def exclude(self, params: Params, token: int) -> Params:
        return params.index_fill(-1, torch.tensor([token], device=params.device), -torch.inf)


class Bernoulli(Head):
    """Independent bits, sigmoid(W h + b) each, of tokens that are sums of 2^bit: drums that are hit together.

    Nine outputs instead of 512, as Magenta's `BooleanLstmDecoder` has for drums.
    """

    bits: Tensor

    def __init__(self, hidden: int, field: FieldSpec) -> None:
        super().__init__()
        count = (field.vocabulary - 1).bit_length()
        if field.vocabulary != 2**count:
            message = f"a Bernoulli head needs 2^bits tokens; {field.name} has {field.vocabulary}"
            raise MusicaeError(message, "choose decoder.head categorical")
        tokens = torch.arange(field.vocabulary)
        self.register_buffer("bits", (tokens[:, None] >> torch.arange(count) & 1).float(), persistent=False)
        self.logits = nn.Linear(hidden, count)

    def forward(self, hidden: Float[Tensor, "*event hidden"]) -> Params:
        return self.logits(hidden)

    def prepared(self, dtype: torch.dtype) -> Callable[[Float[Tensor, "*event hidden"]], Params]:
        return _prepared(self.logits, dtype)

    def log_prob(self, params: Params, target: Int64[Tensor, "*event"]) -> Float[Tensor, "*event"]:
        return -F.binary_cross_entropy_with_logits(params.float(), self.bits[target], reduction="none").sum(-1)

    def draw(
        self, params: Params, temperature: float, generator: torch.Generator | None = None
    ) -> Int64[Tensor, "*event"]:
        if temperature < COLDEST:
            on = params >= 0
        else:
            uniform = torch.rand(params.shape, device=params.device, generator=generator)
            on = uniform < torch.sigmoid(params.float() / temperature)
        return (on.long() << torch.arange(on.shape[-1], device=on.device)).sum(-1)

    def probabilities(self, params: Params) -> Float[Tensor, "*event vocabulary"]:
        # log p = sum over bits of b log s(x) + (1 - b) log s(-x), and log s(x) - log s(-x) = x
        return (params.float() @ self.bits.T + F.logsigmoid(-params.float()).sum(-1, keepdim=True)).exp()

    def divergence(self, params: Params, other: Params) -> Float[Tensor, "*event"]:
        return bernoulli_divergence(params.float(), other.float()).sum(-1)

    def exclude(self, params: Params, token: int) -> Params:
        raise MusicaeError("a Bernoulli head excludes no single token", "choose decoder.head categorical")


def bernoulli_divergence(p: Float[Tensor, "*bit"], q: Float[Tensor, "*bit"]) -> Float[Tensor, "*bit"]:
    """The KL from bits with some logits to bits with others, in nats, bit by bit."""
    on = torch.sigmoid(p) * (F.logsigmoid(p) - F.logsigmoid(q))
    return on + torch.sigmoid(-p) * (F.logsigmoid(-p) - F.logsigmoid(-q))


def _prepared(layer: nn.Linear, dtype: torch.dtype) -> Callable[[Float[Tensor, "*event hidden"]], Params]:
    weight, bias = layer.weight.detach().to(dtype), layer.bias.detach().to(dtype)
    return lambda hidden: F.linear(hidden.detach(), weight, bias)


HEADS: dict[str, Callable[[int, FieldSpec], Head]] = {"categorical": Categorical, "bernoulli": Bernoulli}
