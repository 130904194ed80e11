"""Span decoders: LSTMs that write some fields of a span from its context."""

from __future__ import annotations

from typing import cast

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from musicae.networks.heads import HEADS, Head
from musicae.networks.ragged import Lengths, State
from musicae.networks.recurrent.stack import first_state, lstm
from musicae.networks.recurrent.step import StepLSTM
from musicae.networks.sampling import StepwiseDecoder
from musicae.networks.token_spec import TokenSpec
from musicae.networks.types import Params, Row

SpanContext = Float[Tensor, "row context"]
"""c_s of every span of every window; a row is a span."""


class SpanDecoder(nn.Module):
    """One LSTM that writes some of the fields of a span, step by step.

    Its first state is tanh(W c_s); every step sees the features of the previous tokens, zeros at the start, those of
    the condition of the step itself, and c_s (Roberts et al. 2018, section 3.2).

    Args:
        widths: of the features of all fields, then of all conditions.
        fields: numbers of the fields that it writes.
        context: size of c_s.
        heads: the name of a head (`HEADS`) for each of the fields.
    """

    def __init__(
        self,
        spec: TokenSpec,
        widths: list[int],
        fields: list[int],
        context: int,
        hidden: int,
        layers: int,
        heads: list[str],
    ) -> None:
        super().__init__()
        self.fields = fields
        self.reads = [*fields, *range(len(spec.fields), len(widths))]
        self.initial_state = nn.Linear(context, 2 * layers * hidden)
        self.lstm = lstm(sum(widths[i] for i in self.reads) + context, hidden, layers)
        made = [HEADS[name](hidden, spec.fields[i]) for name, i in zip(heads, fields, strict=True)]
        self.heads = cast("list[Head]", nn.ModuleList(made))

    def state(self, context: SpanContext) -> tuple[State, State]:
        """The first h and c."""
        return first_state(self.initial_state(context), self.lstm)

    def forward(
        self, inputs: Float[Tensor, "row place width"], context: SpanContext, lengths: Lengths | None
    ) -> Float[Tensor, "row place hidden"]:
        """Outputs of all steps at once, from the features of the tokens before each, and of its condition."""
        return self.lstm.run(inputs, context, *self.state(context), lengths)


class SpanStepwise(StepwiseDecoder):
    """A span decoder, one step after the other, over all spans of all windows at once.

    Args:
        tables: per field, then per condition, the features of every token.
        condition: of every step.
    """

    def __init__(
        self,
        decoder: SpanDecoder,
        tables: list[Float[Tensor, "_ _"]],
        context: SpanContext,
        condition: Int64[Tensor, "row place condition"],
    ) -> None:
        self.fields, self.heads = decoder.fields, list(decoder.heads)
        self.rows, self.steps, _ = condition.shape
        self.device = context.device
        self._lstm = StepLSTM(decoder.lstm, [tables[i] for i in decoder.reads], context, *decoder.state(context))
        self._outputs = [head.prepared(self._lstm.dtype) for head in self.heads]
        self._condition = condition.unbind(1)
        self._position = 0

    def step(self, previous: Row | None) -> list[Params]:
        return self.params(self.hidden(previous))

    def params(self, hidden: Float[Tensor, "row hidden"]) -> list[Params]:
        """The distributions that an output of the LSTM stands for, without gradients."""
        return [output(hidden) for output in self._outputs]

    def hidden(self, previous: Row | None) -> Float[Tensor, "row hidden"]:
        """The output of the LSTM at the next step."""
        inputs = [] if previous is None else self._lstm.lookup(previous)
        return self._advance(inputs)

    def expected(self) -> list[Float[Tensor, "row place _"]]:
        """The distributions of all steps, each of which sees the expected features of the step before it."""
        found: list[list[Params]] = []
        inputs: list[Tensor] = []
        for _ in range(self.steps):
            hidden = self._advance(inputs)
            found.append([head(hidden) for head in self.heads])
            probabilities = [head.probabilities(params) for head, params in zip(self.heads, found[-1], strict=True)]
            inputs = self._lstm.expect(probabilities)
        return [torch.stack(steps, 1) for steps in zip(*found, strict=True)]

    def _advance(self, inputs: list[Float[Tensor, "row gates"]]) -> Float[Tensor, "row hidden"]:
        condition = self._condition[self._position]
        self._position += 1
        return self._lstm.step(inputs, condition)
