"""Where and how networks run: device and precision, chosen so that nobody has to."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import torch


def choose_device(name: str = "auto") -> torch.device:
    """The device of that name; `auto` takes CUDA, then Apple's MPS, then the CPU.

    Raises:
        ValueError: the device is not there.
    """
    name = str(name)
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device(next(kind for kind, found in there.items() if found))
    if not there.get(name.partition(":")[0], False):
        raise ValueError(f"device {name} is not available")
    return torch.device(name)


def precision(device: torch.device, name: str = "auto") -> torch.dtype:
    """What matrix products are computed in: float32 or bfloat16 by name.

    `auto` is bfloat16 on a GPU that has it, and float32 elsewhere: which is faster on a CPU depends on the processor,
    and the music that a code decodes to should not.

    Raises:
        ValueError: there is no precision of that name.
    """
    if name not in ("auto", *PRECISIONS):
        raise ValueError(f"precision {name} is none of auto, {', '.join(PRECISIONS)}")
    if name != "auto":
        return PRECISIONS[name]
    return torch.bfloat16 if device.type == "cuda" and torch.cuda.is_bf16_supported() else torch.float32


def precision_name(dtype: torch.dtype) -> str:
    """What `precision` calls a type."""
    return str(dtype).removeprefix("torch.")


def autocast(device: torch.device, dtype: torch.dtype) -> AbstractContextManager[object]:
    """Runs matrix products in `dtype`; does nothing for float32."""
    return contextlib.nullcontext() if dtype == torch.float32 else torch.autocast(device.type, dtype)


def float32(x: torch.Tensor) -> torch.autocast:
    """Inside, products of what lies where x does are computed in float32, whatever the rest is computed in."""
    return torch.autocast(x.device.type, enabled=False)


@contextmanager
def single_threaded(windows: int = 1) -> Iterator[None]:
    """Computes one window on one thread: to the same bytes however many there are, and faster than if they shared it.

    How threads share a matrix product decides in which order its numbers are added, and so their last digits.
    """
    before = torch.get_num_threads()
    if windows > 1 or before == 1:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def noise_source(device: torch.device) -> torch.Generator:
    """The generator that torch itself draws from on a device, so that whoever seeds that seeds this."""
    if device.type == "cuda":
        return torch.cuda.default_generators[device.index or 0]
    return torch.default_generator


PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}
