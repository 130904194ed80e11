"""An upper limit of what building a network may take: configurations are text, and text may ask for gigabytes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.overrides import TorchFunctionMode


class AllocationLimit(TorchFunctionMode):
    """So many numbers, and no more, may be asked for inside, in all.

    Raises:
        RuntimeError: there is no room for a tensor that is made inside, before it takes memory; or it is empty.
    """

    def __init__(self, numbers: int) -> None:
        super().__init__()
        self.numbers = self.left = numbers

    def __torch_function__(
        self, function: Callable[..., Any], kinds: Any, args: Sequence[Any] = (), named: Mapping[str, Any] | None = None
    ) -> Any:
        named = named or {}
        if function in FACTORIES:
            size = FACTORIES[function](*args, **named)
            numbers = math.prod(size) if all(isinstance(length, int) for length in size) else 1
            if numbers < 1:
                raise RuntimeError(f"weights of shape {tuple(size)} are none")
            self.left -= numbers
            if self.left < 0:
                raise RuntimeError(f"it would take more than {self.numbers:,} numbers")
        return function(*args, **named)


def _size(*args: Any, **named: Any) -> Sequence[Any]:
    """Of `torch.zeros(2, 3)`, `torch.zeros((2, 3))` and `torch.zeros(size=(2, 3))`."""
    first = args[0] if len(args) == 1 and isinstance(args[0], tuple | list) else args
    return tuple(named.get("size", first))


def _size_of_full(size: Any = (), *args: Any, **named: Any) -> Sequence[Any]:
    return tuple(size) if isinstance(size, tuple | list) else (size,)


def _size_of_eye(n: Any, m: Any = None, **named: Any) -> Sequence[Any]:
    return n, n if m is None else m


FACTORIES: Mapping[Callable[..., Any], Callable[..., Sequence[Any]]] = {
    **dict.fromkeys((torch.empty, torch.zeros, torch.ones, torch.rand, torch.randn), _size),
    torch.full: _size_of_full,
    torch.eye: _size_of_eye,
    torch.tril_indices: _size_of_eye,
    torch.triu_indices: _size_of_eye,
}
"""What weights and buffers are made by, and the size that is asked for."""
