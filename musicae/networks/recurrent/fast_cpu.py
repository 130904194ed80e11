"""LSTMs over sequences on a CPU, with a backward pass of their own.

torch's own multiplies the constant part of an input again at every step, and its backward pass runs at half the speed
of its matrix products. Here the input products of all steps are one, and so is the gradient of the recurrent weights.
"""

from __future__ import annotations

from itertools import accumulate
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from musicae.networks.ragged import Lengths, State, packed
from musicae.networks.recurrent.backend import (
    Backend,
    bias,
    product_dtype,
    refuse_second_derivative,
    tanh,
)


class FastCPU(Backend):
    """One `Recurrence` per layer and direction. It gives no second derivative."""

    def run(
        self,
        stack: nn.LSTM,
        inputs: Float[Tensor, "sequence step width"],
        context: Float[Tensor, "sequence context"],
        h: State,
        c: State,
        lengths: Lengths | None,
    ) -> Float[Tensor, "sequence step hidden"]:
        packing = packed(lengths, *inputs.shape[:2])
        out, context, h, c = packing.rows(inputs), packing.sorted(context), packing.sorted(h), packing.sorted(c)
        for layer in range(stack.num_layers):
            weight, constant = getattr(stack, f"weight_ih_l{layer}"), bias(stack, f"l{layer}")
            if layer == 0:
                weight, shared = weight.split([inputs.shape[2], context.shape[1]], 1)
                constant = F.linear(context, shared, constant)  # [sequence, 4 hidden]
            gates = F.linear(out, weight)  # [row, 4 hidden]
            constant = constant.to(gates.dtype)
            gates = packing.add(gates, constant) if layer == 0 else gates + constant
            out = recur(gates, getattr(stack, f"weight_hh_l{layer}"), h[layer], c[layer], packing.sizes)
        return packing.padded(out)

    def last_outputs(
        self, stack: nn.LSTM, inputs: Float[Tensor, "sequence step width"], lengths: Lengths | None
    ) -> Float[Tensor, "sequence size"]:
        packing = packed(lengths, *inputs.shape[:2])
        out = packing.rows(inputs)
        zeros = out.new_zeros(len(inputs), stack.hidden_size, dtype=torch.float32)
        for layer in range(stack.num_layers):
            directions = []
            for suffix, steps in ((f"l{layer}", out), (f"l{layer}_reverse", packing.reversed(out))):
                gates = F.linear(steps, getattr(stack, f"weight_ih_{suffix}"), bias(stack, suffix))
                directions.append(recur(gates, getattr(stack, f"weight_hh_{suffix}"), zeros, zeros, packing.sizes))
            if layer + 1 < stack.num_layers:
                out = torch.cat([directions[0], packing.reversed(directions[1])], -1)  # [row, 2 hidden]
        return packing.unsorted(torch.cat([packing.last(direction) for direction in directions], -1))


def recur(
    inputs: Float[Tensor, "row gates"],
    weight: Float[Tensor, "gates hidden"],
    h: Float[Tensor, "sequence hidden"],
    c: Float[Tensor, "sequence hidden"],
    sizes: list[int],
) -> Float[Tensor, "row hidden"]:
    """The outputs of one LSTM layer at every step, from the part of its gates that comes from its input.

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
        (sequences, hidden), dtype = h.shape, product_dtype(weight)
        ctx.sizes, ctx.dtypes = sizes, (inputs.dtype, weight.dtype, h.dtype, c.dtype)
        inputs, recurrent = inputs.to(dtype), weight.to(dtype)
        active = torch.empty(len(inputs), 4 * hidden, dtype=dtype)
        states = torch.empty(sequences + len(inputs), hidden, dtype=dtype)  # the first ones, then a row for every input
        cells = torch.empty(sequences + len(inputs), hidden)
        states[:sequences], cells[:sequences] = h, c
        for _, before, row, after in _steps(sizes, hidden):
            gates = torch.addmm(inputs[row], states[before], recurrent.T, out=active[row])  # [sequence, 4 hidden]
            gates[:, : 2 * hidden].sigmoid_()
            gates[:, 2 * hidden : 3 * hidden].tanh_()
            gates[:, 3 * hidden :].sigmoid_()
            i, f, g, o = gates.float().chunk(4, 1)  # 4 x [sequence, hidden]
            cell = torch.mul(f, cells[before], out=cells[after]).addcmul_(i, g)
            states[after] = tanh(cell).mul_(o)
        ctx.save_for_backward(recurrent, states, cells, active)
        return states[sequences:]

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        # torch's own guard, `once_differentiable`, gives weights no gradient and no word of it: they reach the graph
        # of a second derivative through states that were computed here.
        refuse_second_derivative("fast_cpu")
        recurrent, states, cells, active = ctx.saved_tensors
        sizes, hidden = ctx.sizes, grad.shape[1]
        d_gates = torch.empty_like(active)
        d_h, d_c = torch.zeros(2, sizes[0], hidden)
        for some, before, row, after in reversed(_steps(sizes, hidden)):
            d = _cell_backward(active[row], cells[before], cells[after], d_h[some] + grad[row], d_c[some])
            d_gates[row] = d
            d_h[some] = d_gates[row] @ recurrent
        d_weight = d_gates.T @ _shifted(states, sizes)  # [4 hidden, row] @ [row, hidden]
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
    i, f, g, o = gates.chunk(4, 1)  # 4 x [sequence, hidden]
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
    """PackedRows that go through the recurrence together: as many as keep their states in a core's cache."""
    block = max(32, 2**16 // hidden)
    return [slice(start, start + block) for start in range(0, sequences, block)]
