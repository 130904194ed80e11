"""torch's own LSTM: differentiable as often as anyone asks, or, with cuDNN, once and fast on a GPU.

It runs in the type that autocast asks for. Left to autocast itself, cuDNN's would run in float16 whatever was asked
for, where small gradients vanish.
"""

from __future__ import annotations

import warnings
from contextlib import AbstractContextManager, nullcontext

import torch
from jaxtyping import Float
from torch import Tensor, nn

from musicae.networks.ragged import Lengths, State, packed
from musicae.networks.recurrent.backend import Backend, product_dtype, refuse_second_derivative


class TorchLSTM(Backend):
    """All steps of a stack in one call of `torch.lstm`.

    Args:
        cudnn: cuDNN may run it on a GPU; there is no second derivative then, on any device.
    """

    def __init__(self, *, cudnn: bool) -> None:
        self.cudnn = cudnn

    def run(
        self,
        stack: nn.LSTM,
        inputs: Float[Tensor, "sequence step width"],
        context: Float[Tensor, "sequence context"],
        h: State,
        c: State,
        lengths: Lengths | None,
    ) -> Float[Tensor, "sequence step hidden"]:
        dtype = product_dtype(inputs)
        # [sequence, context] -> [sequence, step, context]
        repeated = context.to(dtype)[:, None].expand(-1, inputs.shape[1], -1)
        both = torch.cat([inputs.to(dtype), repeated], -1)  # [sequence, step, width + context]
        return self._guarded(self._outputs(stack, both, h, c, lengths)[0])

    def last_outputs(
        self, stack: nn.LSTM, inputs: Float[Tensor, "sequence step width"], lengths: Lengths | None
    ) -> Float[Tensor, "sequence size"]:
        zeros = inputs.new_zeros(2 * stack.num_layers, len(inputs), stack.hidden_size)
        h = self._outputs(stack, inputs, zeros, zeros, lengths)[1]
        return self._guarded(torch.cat([h[-2], h[-1]], -1))  # [sequence, 2 hidden]

    def _outputs(
        self, stack: nn.LSTM, inputs: Float[Tensor, "sequence step width"], h: State, c: State, lengths: Lengths | None
    ) -> tuple[Float[Tensor, "sequence step size"], State]:
        """Outputs, and h after the last step of every sequence."""
        dtype, packing = product_dtype(inputs), packed(lengths, *inputs.shape[:2])
        with torch.autocast(inputs.device.type, enabled=False), warnings.catch_warnings(), self._library():
            warnings.filterwarnings("ignore", "RNN module weights are not part of single contiguous chunk")
            weights = [weight.to(dtype) for layer in stack.all_weights for weight in layer]
            # Nothing is dropped: of `train` cuDNN only learns whether a backward pass follows, in evaluation too.
            options = (stack.num_layers, 0.0, torch.is_grad_enabled(), stack.bidirectional)
            return packing.lstm(inputs.to(dtype), h.to(dtype), c.to(dtype), weights, options)

    def _library(self) -> AbstractContextManager[object]:
        return nullcontext() if self.cudnn else torch.backends.cudnn.flags(enabled=False)

    def _guarded(self, out: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """The same tensor; where cuDNN may have made it, its backward pass refuses to be differentiated."""
        if self.cudnn and out.requires_grad:
            out.register_hook(lambda grad: refuse_second_derivative("cudnn"))
        return out
