"""LSTMs over sequences and one step at a time, always on the weights of an `nn.LSTM`.

On a GPU a sequence is one fused call (cuDNN). On a CPU torch's own LSTM multiplies the constant part of an input again
at every step, and its backward pass runs at half the speed of its matrix products. So sequences run through
`Recurrence` there: the same equations, with the input and weight products of all steps in one.
"""

from __future__ import annotations

import warnings
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.utils.rnn import pack_padded_sequence

State = Float[Tensor, "layer sequence hidden"]


def lstm(inputs: int, hidden: int, layers: int, bidirectional: bool = False) -> nn.LSTM:
    """A stack of LSTMs whose forget gates start open: their bias is 1 (Jozefowicz et al. 2015)."""
    stack = nn.LSTM(inputs, hidden, layers, batch_first=True, bidirectional=bidirectional)
    for name, parameter in stack.named_parameters():
        if name.startswith("bias"):
            nn.init.zeros_(parameter)
        if name.startswith("bias_ih"):
            nn.init.ones_(parameter[hidden : 2 * hidden])
    return stack


def first_state(
    state: Float[Tensor, "sequence state"], stack: nn.LSTM
) -> tuple[Float[Tensor, "layer sequence hidden"], Float[Tensor, "layer sequence hidden"]]:
    """h and c of every layer, as the tanh of numbers that a linear layer made of a context."""
    layers = torch.tanh(state).unflatten(1, (2, stack.num_layers, stack.hidden_size))
    h, c = layers.permute(1, 2, 0, 3).contiguous()
    return h, c


def run(
    stack: nn.LSTM,
    inputs: Float[Tensor, "sequence step width"],
    context: Float[Tensor, "sequence context"],
    h: State,
    c: State,
) -> Float[Tensor, "sequence step hidden"]:
    """Outputs of the top layer of a one-directional stack whose input is [inputs, context] at every step."""
    if inputs.device.type != "cpu":
        dtype = _dtype(inputs)
        repeated = context.to(dtype)[:, None].expand(-1, inputs.shape[1], -1)
        return fused(stack, torch.cat([inputs.to(dtype), repeated], -1), h, c)[0]
    out = inputs.transpose(0, 1)
    for layer in range(stack.num_layers):
        weight, bias = getattr(stack, f"weight_ih_l{layer}"), _bias(stack, f"l{layer}")
        if layer == 0:
            weight, shared = weight.split([inputs.shape[2], context.shape[1]], 1)
            bias = F.linear(context, shared, bias)
        gates = F.linear(out, weight)
        gates = gates + bias.to(gates.dtype)
        out = recur(gates, getattr(stack, f"weight_hh_l{layer}"), h[layer], c[layer])
    return out.transpose(0, 1)


def last_outputs(stack: nn.LSTM, inputs: Float[Tensor, "sequence step width"]) -> Float[Tensor, "sequence size"]:
    """The last outputs of a bidirectional stack: forward after the last step, backward after the first."""
    if inputs.device.type != "cpu":
        h = fused(stack, inputs, *_zeros(stack, len(inputs), inputs))[1]
        return torch.cat([h[-2], h[-1]], -1)
    out = inputs.transpose(0, 1)
    zeros = out.new_zeros(out.shape[1], stack.hidden_size, dtype=torch.float32)
    for layer in range(stack.num_layers):
        ways = []
        for suffix, forward in ((f"l{layer}", True), (f"l{layer}_reverse", False)):
            steps = out if forward else out.flip(0)
            gates = F.linear(steps, getattr(stack, f"weight_ih_{suffix}"), _bias(stack, suffix))
            hidden = recur(gates, getattr(stack, f"weight_hh_{suffix}"), zeros, zeros)
            ways.append(hidden)
        if layer + 1 < stack.num_layers:
            out = torch.cat([ways[0], ways[1].flip(0)], -1)
    return torch.cat([ways[0][-1], ways[1][-1]], -1)


def last_outputs_ragged(
    stack: nn.LSTM, inputs: Float[Tensor, "sequence step width"], lengths: Int64[Tensor, " sequence"]
) -> Float[Tensor, "sequence size"]:
    """`last_outputs` of sequences that end at different steps."""
    packed = pack_padded_sequence(inputs, lengths.cpu(), batch_first=True, enforce_sorted=False)
    zeros = _zeros(stack, len(inputs), inputs)
    h = fused(stack, packed.data, *zeros, packed.batch_sizes)[1][:, packed.unsorted_indices]
    return torch.cat([h[-2], h[-1]], -1)


def fused(
    stack: nn.LSTM, inputs: Float[Tensor, ...], h: State, c: State, batch_sizes: Tensor | None = None
) -> tuple[Float[Tensor, ...], State]:
    """All steps of a stack in torch's own LSTM: outputs, and h after the last step.

    It runs in the type that autocast asks for. Left to autocast itself, cuDNN's would run in float16 whatever was asked
    for, where small gradients vanish.

    Args:
        batch_sizes: of a packed sequence.
    """
    dtype = _dtype(inputs)
    with torch.autocast(inputs.device.type, enabled=False), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "RNN module weights are not part of single contiguous chunk")
        weights = [weight.to(dtype) for layer in stack.all_weights for weight in layer]
        state, inputs = (h.to(dtype), c.to(dtype)), inputs.to(dtype)
        options = (stack.num_layers, 0.0, stack.training, stack.bidirectional)
        if batch_sizes is None:
            out, h, _ = torch.lstm(inputs, state, weights, True, *options, stack.batch_first)
        else:
            out, h, _ = torch.lstm(inputs, batch_sizes, state, weights, True, *options)
    return out, h


def recur(
    inputs: Float[Tensor, "step sequence gates"],
    weight: Float[Tensor, "gates hidden"],
    h: Float[Tensor, "sequence hidden"],
    c: Float[Tensor, "sequence hidden"],
) -> Float[Tensor, "step sequence hidden"]:
    """The outputs of one LSTM layer at every step, given the part of its gates that comes from the input."""
    out: Tensor = Recurrence.apply(inputs, weight, h, c)  # type: ignore[no-untyped-call]
    return out


class Recurrence(torch.autograd.Function):
    """`recur`, with a backward pass of its own.

    gates_t = inputs_t + W h_(t-1); c_t = sigmoid(f) c_(t-1) + sigmoid(i) tanh(g); h_t = sigmoid(o) tanh(c_t), the
    gates in torch's order i, f, g, o. The gradient of W is one product over all steps. Sequences go through in
    blocks whose states stay in the cache; products run in the autocast type, cells and their gradients in float32.
    """

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, weight: Tensor, h: Tensor, c: Tensor) -> Tensor:
        steps, sequences, hidden, given = len(inputs), *h.shape, inputs.dtype
        dtype = _dtype(weight)
        inputs, recurrent = inputs.to(dtype), weight.to(dtype)
        active = torch.empty(steps, sequences, 4 * hidden, dtype=dtype)
        states = torch.empty(steps + 1, sequences, hidden, dtype=dtype)
        cells = torch.empty(steps + 1, sequences, hidden)
        states[0], cells[0] = h, c
        for rows in _blocks(sequences, hidden):
            for t in range(steps):
                gates = torch.addmm(inputs[t, rows], states[t, rows], recurrent.T, out=active[t, rows])
                gates[:, : 2 * hidden].sigmoid_()
                gates[:, 2 * hidden : 3 * hidden].tanh_()
                gates[:, 3 * hidden :].sigmoid_()
                i, f, g, o = gates.float().chunk(4, 1)
                cell = torch.mul(f, cells[t, rows], out=cells[t + 1, rows]).addcmul_(i, g)
                states[t + 1, rows] = tanh(cell).mul_(o)
        ctx.save_for_backward(recurrent, states, cells, active)
        ctx.dtypes = (given, weight.dtype, h.dtype, c.dtype)
        return states[1:]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, ...]:
        recurrent, states, cells, active = ctx.saved_tensors
        steps, sequences, hidden = grad.shape
        d_gates = torch.empty_like(active)
        d_h, d_c = torch.zeros_like(cells[0]), torch.zeros_like(cells[0])
        for rows in _blocks(sequences, hidden):
            for t in range(steps - 1, -1, -1):
                d = _cell_backward(
                    active[t, rows], cells[t, rows], cells[t + 1, rows], d_h[rows] + grad[t, rows], d_c[rows]
                )
                d_gates[t, rows] = d
                d_h[rows] = d_gates[t, rows] @ recurrent
        d_weight = d_gates.flatten(0, 1).T @ states[:-1].flatten(0, 1)
        grads = (d_gates, d_weight, d_h, d_c)
        return tuple(value.to(dtype) for value, dtype in zip(grads, ctx.dtypes, strict=True))


def _cell_backward(active: Tensor, before: Tensor, after: Tensor, d_h: Tensor, d_c: Tensor) -> Tensor:
    """The gradient of a step's gates before activation; `d_c` is moved back one step in place."""
    gates = active.float()
    i, f, g, o = gates.chunk(4, 1)
    tanh_c = tanh(after)
    d = torch.empty_like(gates)
    d_i, d_f, d_g, d_o = d.chunk(4, 1)
    sigmoid_backward, tanh_backward = torch.ops.aten.sigmoid_backward, torch.ops.aten.tanh_backward
    sigmoid_backward.grad_input(d_h * tanh_c, o, grad_input=d_o)
    d_c += tanh_backward(d_h * o, tanh_c)
    sigmoid_backward.grad_input(d_c * g, i, grad_input=d_i)
    sigmoid_backward.grad_input(d_c * before, f, grad_input=d_f)
    tanh_backward.grad_input(d_c * i, g, grad_input=d_g)
    d_c *= f
    return d


def _blocks(sequences: int, hidden: int) -> list[slice]:
    """Rows that go through the recurrence together: as many as keep their states in a core's cache."""
    block = max(32, 2**16 // hidden)
    return [slice(start, start + block) for start in range(0, sequences, block)]


class Cells:
    """The layers of an LSTM, stepped by hand where the next input depends on this output.

    The part of an input that never changes (the context) is multiplied once, and so is every row of a token table:
    a step costs the recurrent products alone.

    Args:
        stack: the LSTM whose input is [token features, features of what is given, context].
        tables: per field, and then for everything given, the features of every token.
        context: what every step sees besides the previous tokens.
    """

    def __init__(
        self,
        stack: nn.LSTM,
        tables: list[Float[Tensor, "_ width"]],
        context: Float[Tensor, "sequence context"],
        h: State,
        c: State,
    ) -> None:
        widths = [table.shape[1] for table in tables]
        first: Tensor = getattr(stack, "weight_ih_l0")  # noqa: B009 - torch declares it as a module too
        *tokens, shared = first.split([*widths, first.shape[1] - sum(widths)], 1)
        self.tables = [F.linear(table, weight) for table, weight in zip(tables, tokens, strict=True)]
        self.constant = F.linear(context, shared, _bias(stack, "l0"))
        layers = range(stack.num_layers)
        self.dtype = dtype = self.constant.dtype
        self.recurrent = [getattr(stack, f"weight_hh_l{k}").to(dtype) for k in layers]
        self.upward = [getattr(stack, f"weight_ih_l{k}").to(dtype) for k in layers[1:]]
        self.biases = [_bias(stack, f"l{k}").to(dtype) for k in layers[1:]]
        self.h, self.c = list(h.to(dtype)), list(c.float())

    def step(
        self, tokens: Int64[Tensor, "sequence field"] | None, given: Int64[Tensor, "sequence given"]
    ) -> Float[Tensor, "sequence hidden"]:
        """The top layer's output after reading tokens, and what is given for this step.

        None is the start: the features of tokens are zero.
        """
        gates = self.constant
        split = len(self.tables) - given.shape[1]
        for i, table in enumerate(self.tables[:split] if tokens is not None else []):
            gates = gates + F.embedding(tokens[:, i], table)  # type: ignore[index]
        for i, table in enumerate(self.tables[split:]):
            gates = gates + F.embedding(given[:, i], table)
        gates = torch.addmm(gates, self.h[0], self.recurrent[0].T)
        self.h[0], self.c[0] = cell(gates, self.c[0])
        for k, (weight, bias) in enumerate(zip(self.upward, self.biases, strict=True), 1):
            gates = torch.addmm(F.linear(self.h[k - 1], weight, bias), self.h[k], self.recurrent[k].T)
            self.h[k], self.c[k] = cell(gates, self.c[k])
        return self.h[-1]


def cell(
    gates: Float[Tensor, "sequence gates"], c: Float[Tensor, "sequence hidden"]
) -> tuple[Float[Tensor, "sequence hidden"], Float[Tensor, "sequence hidden"]]:
    """c' = sigmoid(f) c + sigmoid(i) tanh(g), h' = sigmoid(o) tanh(c'), gates in torch's order i, f, g, o."""
    i, f, g, o = gates.float().chunk(4, 1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * tanh(g)
    return (torch.sigmoid(o) * tanh(c)).to(gates.dtype), c


def tanh(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """2 sigmoid(2 x) - 1: on a CPU torch's tanh takes several times as long as its sigmoid."""
    return 2 * torch.sigmoid(2 * x) - 1


def _bias(stack: nn.LSTM, suffix: str) -> Float[Tensor, " gates"]:
    total: Tensor = getattr(stack, f"bias_ih_{suffix}") + getattr(stack, f"bias_hh_{suffix}")
    return total


def _zeros(stack: nn.LSTM, sequences: int, like: Tensor) -> tuple[State, State]:
    shape = (stack.num_layers * (1 + stack.bidirectional), sequences, stack.hidden_size)
    zeros = like.new_zeros(shape)
    return zeros, zeros


def _dtype(inputs: Tensor) -> torch.dtype:
    """The type of matrix products: autocast's where it is on."""
    device = inputs.device.type
    return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else inputs.dtype
