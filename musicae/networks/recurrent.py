"""LSTMs over sequences and one step at a time, always on the weights of an `nn.LSTM`.

On a GPU a sequence is one fused call (cuDNN). On a CPU torch's own LSTM multiplies the constant part of an input again
at every step, and its backward pass runs at half the speed of its matrix products. So sequences run through
`Recurrence` there: the same equations, with the input and weight products of all steps in one.
"""

from __future__ import annotations

import warnings
from itertools import accumulate
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from musicae.networks.ragged import Full, Lengths, Packing, packed

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
    lengths: Lengths | None = None,
) -> Float[Tensor, "sequence step hidden"]:
    """Outputs of the top layer of a one-directional stack whose input is [inputs, context] at every step.

    Args:
        lengths: of every sequence in steps, one at least; outputs after its last step are zero.
    """
    packing = packed(lengths, *inputs.shape[:2])
    if inputs.device.type != "cpu":
        dtype = _dtype(inputs)
        repeated = context.to(dtype)[:, None].expand(-1, inputs.shape[1], -1)
        return fused(stack, torch.cat([inputs.to(dtype), repeated], -1), h, c, packing)[0]
    out, context, h, c = packing.rows(inputs), packing.sorted(context), packing.sorted(h), packing.sorted(c)
    for layer in range(stack.num_layers):
        weight, bias = getattr(stack, f"weight_ih_l{layer}"), _bias(stack, f"l{layer}")
        if layer == 0:
            weight, shared = weight.split([inputs.shape[2], context.shape[1]], 1)
            bias = F.linear(context, shared, bias)
        gates = F.linear(out, weight)
        gates = packing.spread(gates, bias.to(gates.dtype)) if layer == 0 else gates + bias.to(gates.dtype)
        out = recur(gates, getattr(stack, f"weight_hh_l{layer}"), h[layer], c[layer], packing.sizes)
    return packing.padded(out)


def last_outputs(
    stack: nn.LSTM, inputs: Float[Tensor, "sequence step width"], lengths: Lengths | None = None
) -> Float[Tensor, "sequence size"]:
    """The last outputs of a bidirectional stack: forward after the last step, backward after the first.

    Args:
        lengths: of every sequence in steps, one at least.
    """
    packing = packed(lengths, *inputs.shape[:2])
    if inputs.device.type != "cpu":
        zeros = inputs.new_zeros(2 * stack.num_layers, len(inputs), stack.hidden_size)
        h = fused(stack, inputs, zeros, zeros, packing)[1]
        return torch.cat([h[-2], h[-1]], -1)
    out = packing.rows(inputs)
    zeros = out.new_zeros(len(inputs), stack.hidden_size, dtype=torch.float32)
    for layer in range(stack.num_layers):
        ways = []
        for suffix, steps in ((f"l{layer}", out), (f"l{layer}_reverse", packing.reversed(out))):
            gates = F.linear(steps, getattr(stack, f"weight_ih_{suffix}"), _bias(stack, suffix))
            ways.append(recur(gates, getattr(stack, f"weight_hh_{suffix}"), zeros, zeros, packing.sizes))
        if layer + 1 < stack.num_layers:
            out = torch.cat([ways[0], packing.reversed(ways[1])], -1)
    return packing.unsorted(torch.cat([packing.last(way) for way in ways], -1))


def fused(
    stack: nn.LSTM, inputs: Float[Tensor, "sequence step width"], h: State, c: State, packing: Packing
) -> tuple[Float[Tensor, "sequence step size"], State]:
    """All steps of a stack in torch's own LSTM: outputs, and h after the last step of every sequence.

    It runs in the type that autocast asks for. Left to autocast itself, cuDNN's would run in float16 whatever was asked
    for, where small gradients vanish.
    """
    dtype = _dtype(inputs)
    with torch.autocast(inputs.device.type, enabled=False), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "RNN module weights are not part of single contiguous chunk")
        weights = [weight.to(dtype) for layer in stack.all_weights for weight in layer]
        inputs, state = inputs.to(dtype), (packing.sorted(h.to(dtype)), packing.sorted(c.to(dtype)))
        options = (stack.num_layers, 0.0, stack.training, stack.bidirectional)
        if isinstance(packing, Full):
            out, h, _ = torch.lstm(inputs, state, weights, True, *options, stack.batch_first)
            return out, h
        out, h, _ = torch.lstm(packing.rows(inputs), torch.tensor(packing.sizes), state, weights, True, *options)
        return packing.padded(out), packing.unsorted(h)


def recur(
    inputs: Float[Tensor, "row gates"],
    weight: Float[Tensor, "gates hidden"],
    h: Float[Tensor, "sequence hidden"],
    c: Float[Tensor, "sequence hidden"],
    sizes: list[int],
) -> Float[Tensor, "row hidden"]:
    """The outputs of one LSTM layer at every step, given the part of its gates that comes from the input.

    Args:
        sizes: how many sequences have a first step, a second one, ...; rows are packed in this order.
    """
    out: Tensor = Recurrence.apply(inputs, weight, h, c, sizes)  # type: ignore[no-untyped-call]
    return out


class Recurrence(torch.autograd.Function):
    """`recur`, with a backward pass of its own.

    gates_t = inputs_t + W h_(t-1); c_t = sigmoid(f) c_(t-1) + sigmoid(i) tanh(g); h_t = sigmoid(o) tanh(c_t), the
    gates in torch's order i, f, g, o. The gradient of W is one product over all steps. Sequences go through in
    blocks whose states stay in the cache; products run in the autocast type, cells and their gradients in float32.
    """

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, weight: Tensor, h: Tensor, c: Tensor, sizes: list[int]) -> Tensor:
        (sequences, hidden), given = h.shape, inputs.dtype
        dtype = _dtype(weight)
        inputs, recurrent = inputs.to(dtype), weight.to(dtype)
        active = torch.empty(len(inputs), 4 * hidden, dtype=dtype)
        states = torch.empty(sequences + len(inputs), hidden, dtype=dtype)  # the first ones, then a row for every input
        cells = torch.empty(sequences + len(inputs), hidden)
        states[:sequences], cells[:sequences] = h, c
        for _, before, row, after in _steps(sizes, hidden):
            gates = torch.addmm(inputs[row], states[before], recurrent.T, out=active[row])
            gates[:, : 2 * hidden].sigmoid_()
            gates[:, 2 * hidden : 3 * hidden].tanh_()
            gates[:, 3 * hidden :].sigmoid_()
            i, f, g, o = gates.float().chunk(4, 1)
            cell = torch.mul(f, cells[before], out=cells[after]).addcmul_(i, g)
            states[after] = tanh(cell).mul_(o)
        ctx.save_for_backward(recurrent, states, cells, active)
        ctx.sizes, ctx.dtypes = sizes, (given, weight.dtype, h.dtype, c.dtype)
        return states[sequences:]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        recurrent, states, cells, active = ctx.saved_tensors
        sizes, hidden = ctx.sizes, grad.shape[1]
        d_gates = torch.empty_like(active)
        d_h, d_c = torch.zeros(2, sizes[0], hidden)
        for some, before, row, after in reversed(_steps(sizes, hidden)):
            d = _cell_backward(active[row], cells[before], cells[after], d_h[some] + grad[row], d_c[some])
            d_gates[row] = d
            d_h[some] = d_gates[row] @ recurrent
        d_weight = d_gates.T @ _shifted(states, sizes)
        grads = (d_gates, d_weight, d_h, d_c)
        return *(value.to(dtype) for value, dtype in zip(grads, ctx.dtypes, strict=True)), None


class _Step(NamedTuple):
    """One step of a block of packed sequences: which sequences, their states before it, its rows, the states after it.

    States are the first ones, and then one for every row.
    """

    sequences: slice
    before: slice
    rows: slice
    after: slice


def _steps(sizes: list[int], hidden: int) -> list[_Step]:
    """The steps of all sequences, block by block."""
    found = []
    for block in _blocks(sizes[0], hidden):
        before = row = block.start
        for size in sizes:
            count = min(block.stop, size) - block.start
            if count <= 0:
                break
            after = sizes[0] + row
            found.append(_Step(*(slice(start, start + count) for start in (block.start, before, row, after))))
            before, row = after, row + size
    return found


def _shifted(states: Float[Tensor, "_ hidden"], sizes: list[int]) -> Float[Tensor, "row hidden"]:
    """The state before every step, of the first ones and those after every step."""
    if sizes[0] == sizes[-1]:
        return states[: -sizes[-1]]
    starts = [0, *(sizes[0] + start for start in accumulate(sizes, initial=0))]
    return torch.cat([states[start : start + size] for start, size in zip(starts, sizes, strict=False)])


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


class StepLSTM:
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
        tables: list[Float[Tensor, "_ _"]],
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


def _dtype(inputs: Tensor) -> torch.dtype:
    """The type of matrix products: autocast's where it is on."""
    device = inputs.device.type
    return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else inputs.dtype
