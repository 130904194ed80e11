"""LSTMs one step at a time, where the next input depends on this output; differentiable as often as anyone asks."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor, nn

from musicae.networks.ragged import State
from musicae.networks.recurrent.backend import bias, tanh


class StepLSTM:
    """The layers of an LSTM, stepped by hand where the next input depends on this output.

    The part of an input that never changes (the context) is multiplied once, and so is every row of a token table:
    a step costs the recurrent products alone.

    Args:
        stack: the LSTM whose input is [token features, features of the condition, context].
        tables: the features of every token, per field, and then per column of the condition.
        context: what every step sees besides the previous tokens.
    """

    def __init__(
        self,
        stack: nn.LSTM,
        tables: list[Float[Tensor, "_ _"]],
        context: Float[Tensor, "sequence context"],
        h: State,
        c: State,
    ) -> None:
        widths = [table.shape[1] for table in tables]
        first: Tensor = getattr(stack, "weight_ih_l0")  # noqa: B009 - torch declares it as a module too
        *tokens, shared = first.split([*widths, first.shape[1] - sum(widths)], 1)
        self.tables = [F.linear(table, weight) for table, weight in zip(tables, tokens, strict=True)]
        self.constant = F.linear(context, shared, bias(stack, "l0"))
        layers = range(stack.num_layers)
        self.dtype = dtype = self.constant.dtype
        self.recurrent = [getattr(stack, f"weight_hh_l{k}").to(dtype) for k in layers]
        self.upward = [getattr(stack, f"weight_ih_l{k}").to(dtype) for k in layers[1:]]
        self.biases = [bias(stack, f"l{k}").to(dtype) for k in layers[1:]]
        self.h, self.c = list(h.to(dtype)), list(c.float())

    def lookup(self, tokens: Int64[Tensor, "row field"]) -> list[Float[Tensor, "row gates"]]:
        """What tokens add to the gates of the next step, per field."""
        return [F.embedding(column, table) for column, table in zip(tokens.unbind(1), self.tables, strict=False)]

    def expect(self, probabilities: list[Float[Tensor, "row _"]]) -> list[Float[Tensor, "row gates"]]:
        """What tokens add in expectation, from the probabilities of all of them, per field."""
        return [p.to(table.dtype) @ table for p, table in zip(probabilities, self.tables, strict=False)]

    def step(
        self, inputs: list[Float[Tensor, "row gates"]], condition: Int64[Tensor, "row condition"]
    ) -> Float[Tensor, "row hidden"]:
        """The top layer's output after reading the previous tokens (`lookup`), under the condition of this step.

        Without inputs it is the first step: the features of previous tokens are zero.
        """
        gates = self.constant  # [row, 4 hidden]
        for part in inputs:
            gates = gates + part
        tables = self.tables[len(self.tables) - condition.shape[1] :]
        for column, table in zip(condition.unbind(1), tables, strict=True):
            gates = gates + F.embedding(column, table)
        gates = torch.addmm(gates, self.h[0], self.recurrent[0].T)
        self.h[0], self.c[0] = cell(gates, self.c[0])
        for k, (weight, constant) in enumerate(zip(self.upward, self.biases, strict=True), 1):
            gates = torch.addmm(F.linear(self.h[k - 1], weight, constant), self.h[k], self.recurrent[k].T)
            self.h[k], self.c[k] = cell(gates, self.c[k])
        return self.h[-1]


def cell(
    gates: Float[Tensor, "sequence gates"], c: Float[Tensor, "sequence hidden"]
) -> tuple[Float[Tensor, "sequence hidden"], Float[Tensor, "sequence hidden"]]:
    """c' = sigmoid(f) c + sigmoid(i) tanh(g), h' = sigmoid(o) tanh(c'), gates in torch's order i, f, g, o."""
    i, f, g, o = gates.float().chunk(4, 1)  # 4 x [sequence, hidden]
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * tanh(g)
    return (torch.sigmoid(o) * tanh(c)).to(gates.dtype), c
