"""Encoders: features of a window to one vector."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from musicae.networks.ragged import Lengths
from musicae.networks.recurrent.stack import lstm
from musicae.networks.token_spec import TokenSpec
from musicae.networks.types import Encoding, Features, Mask


class BiLSTM(nn.Module):
    """A stack of bidirectional LSTMs that sums a sequence up in its last states, forward and backward."""

    def __init__(self, width: int, hidden: int, layers: int) -> None:
        super().__init__()
        self.lstm = lstm(width, hidden, layers, bidirectional=True)
        self.size = 2 * hidden

    def forward(
        self, features: Float[Tensor, "sequence step width"], lengths: Lengths | None = None
    ) -> Float[Tensor, "sequence size"]:
        return self.lstm.last_outputs(features, lengths)


class Encoder(nn.Module, ABC):
    """The interface of encoders.

    Attributes:
        size: of the vector that a window is summed up in.
    """

    size: int

    @abstractmethod
    def forward(self, features: Features, mask: Mask) -> Encoding:
        """One vector per window."""


class Bidirectional(Encoder):
    """One bidirectional LSTM stack over all segments in a row (Roberts et al. 2018, section 3.1).

    Args:
        hidden: units per direction.
    """

    def __init__(self, spec: TokenSpec, width: int, *, hidden: int = 512, layers: int = 1) -> None:
        super().__init__()
        self.reader = BiLSTM(width, hidden, layers)
        self.size, self.ragged = self.reader.size, spec.ragged

    def forward(self, features: Features, mask: Mask) -> Encoding:
        features, mask = features.flatten(1, 2), mask.flatten(1, 2)
        if not self.ragged:
            return self.reader(features)
        mask = mask.round()  # a critic may be given how likely it is that a step counts
        in_a_row = torch.argsort(mask, dim=1, descending=True, stable=True)
        features = features[torch.arange(len(features), device=features.device)[:, None], in_a_row]
        return self.reader(features, mask.sum(1).long())


class Hierarchical(Encoder):
    """One LSTM reads every segment, a second one the segments' codes (the multitrack model's encoder).

    Args:
        hidden: units per direction, on both levels.
    """

    def __init__(self, spec: TokenSpec, width: int, *, hidden: int = 512, layers: int = 1) -> None:
        super().__init__()
        self.segment = BiLSTM(width, hidden, layers)
        self.composer = BiLSTM(self.segment.size, hidden, layers)
        self.size, self.ragged = self.composer.size, spec.ragged

    def forward(self, features: Features, mask: Mask) -> Encoding:
        lengths = mask.round().flatten(0, 1).sum(1).long() if self.ragged else None
        return self.composer(self.segment(features.flatten(0, 1), lengths).unflatten(0, features.shape[:2]))


class Dense(Encoder):
    """Plain matrix products: an MLP over the steps of a segment, a second one over the segments' codes.

    Reads nothing step by step, so a window costs a fraction of an LSTM's time; it knows only windows of one length.

    Args:
        code: size of a segment's code.
        hidden: units of the hidden layers and of the result.
    """

    def __init__(self, spec: TokenSpec, width: int, *, code: int = 512, hidden: int = 1024) -> None:
        super().__init__()
        self.segment = mlp(spec.steps * width, hidden, code)
        self.window = mlp(spec.segments * code, hidden, hidden)
        self.size = hidden

    def forward(self, features: Features, mask: Mask) -> Encoding:
        inputs = (features * mask[..., None]).flatten(2)
        return self.window(self.segment(inputs).flatten(1))


class FeatureCritic(nn.Module):
    """One number per window, W e(x) + b, from an encoder of its own."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder, self.output = encoder, nn.Linear(encoder.size, 1)

    def forward(self, features: Features, mask: Mask) -> Float[Tensor, " batch"]:
        return self.output(self.encoder(features, mask)).squeeze(1)


def mlp(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    """Two linear layers, each normalized and rectified."""
    first = [nn.Linear(inputs, hidden), nn.LayerNorm(hidden), nn.ReLU()]
    return nn.Sequential(*first, nn.Linear(hidden, outputs), nn.LayerNorm(outputs), nn.ReLU())


ENCODERS: dict[str, Callable[..., Encoder]] = {
    "bidirectional": Bidirectional,
    "hierarchical": Hierarchical,
    "dense": Dense,
}
