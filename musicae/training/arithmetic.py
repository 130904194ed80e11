"""In what precision and on how many threads a training computes: on a CPU found out by trying, once per machine.

No flag of a processor says which is fastest. bfloat16 wins where the processor has matrix units for it and loses where
it has not; more threads win where they have enough to do. So a few updates on a part of a batch are timed under every
candidate, and the fastest is remembered in a file of the user's cache folder.
"""

from __future__ import annotations

import contextlib
import copy
import hashlib
import json
import math
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from musicae.checked_json import read_json
from musicae.cpu import THREADS, processor, usable_cores
from musicae.errors import MusicaeError
from musicae.networks.device import PRECISIONS, autocast, precision, precision_name
from musicae.storage.atomic import write_atomically

ROUNDS = 4
"""How often every candidate is timed; its best time counts, which other processes disturb least."""

TOO_SLOW = 2.0
"""How many times the best time makes it useless to time a candidate again."""

SHARE = 4
"""The part of a batch that is timed is one in so many windows.

In much smaller parts it costs more to convert the weights to bfloat16 than that saves: not so in whole batches.
"""

LONG_ENOUGH = 0.3
"""Seconds of computing that make a smaller part do."""

WORTH_A_THREAD = 1.1
"""How many times as fast more threads must be, which suffer more than one does beside other processes."""


@dataclass(frozen=True)
class Arithmetic:
    """How a training computes; kept in its run file, since other arithmetic rounds to other weights.

    Attributes:
        precision: of matrix products, float32 or bfloat16; "auto" is not settled yet.
        threads: on a CPU; 0 is not settled yet, or not ours to say.
    """

    precision: str = "auto"
    threads: int = 0

    @property
    def dtype(self) -> torch.dtype:
        """The type of matrix products."""
        return PRECISIONS[self.precision]

    @contextlib.contextmanager
    def on_its_threads(self) -> Iterator[None]:
        """Computes on these threads inside, but never on more than this machine has."""
        before = torch.get_num_threads()
        torch.set_num_threads(min(self.threads, max(before, _cores())) if self.threads else before)
        try:
            yield
        finally:
            torch.set_num_threads(before)


def choose_training_arithmetic(module: nn.Module, batch: Any, wanted: Arithmetic | None = None) -> Arithmetic:
    """The fastest arithmetic for updates of a module, on its batches.

    On a GPU it is bfloat16 where the GPU has it, float32 elsewhere.

    Args:
        module: gives the named terms of its loss for a batch; left as it is.
        batch: a dataclass with tensors whose first dimension is the batch.
        wanted: what is settled already stays.

    Raises:
        ValueError: a wanted precision is unknown, or `MUSICAE_THREADS` is not a number of threads.
    """
    wanted = wanted or Arithmetic()
    device = next(module.parameters()).device
    named = precision(device, wanted.precision)
    if device.type != "cpu":
        return replace(wanted, precision=precision_name(named))
    candidates = _candidates(wanted)
    if len(candidates) == 1:
        return candidates[0]
    key = _key(module, batch, candidates)
    remembered = _remembered().get(key)
    for candidate in candidates:
        if remembered == asdict(candidate):
            return candidate
    chosen = _fastest(candidates, _measure(module, batch, candidates))
    _remember(key, chosen)
    return chosen


def _candidates(wanted: Arithmetic) -> list[Arithmetic]:
    """What there is to choose from; of equals the first is taken."""
    precisions = tuple(PRECISIONS) if wanted.precision == "auto" else (wanted.precision,)
    every = torch.get_num_threads()
    if os.environ.get(THREADS, "").strip():
        threads = [usable_cores()]
    elif wanted.threads:
        threads = [wanted.threads]
    else:
        threads = sorted({1, max(1, every // 2), every})  # two processors may share a core
    return [Arithmetic(name, count) for count, name in product(threads, precisions)]


def _measure(module: nn.Module, batch: Any, candidates: list[Arithmetic]) -> list[float]:
    """The best time of every candidate in seconds; interleaved, so that a busy moment meets all of them."""
    update = _update(copy.deepcopy(module).train())
    best = [math.inf] * len(candidates)
    with torch.random.fork_rng(devices=[]):
        part = _part(batch, lambda part: _cpu_seconds(update, part, candidates[0]))
        for candidate in candidates:
            _seconds(update, part, candidate)  # what is computed once only
        for _ in range(ROUNDS):
            for i, candidate in enumerate(candidates):
                if best[i] == math.inf or best[i] < TOO_SLOW * min(best):
                    best[i] = min(best[i], _seconds(update, part, candidate))
    return best


def _update(module: nn.Module) -> Callable[[Any, torch.dtype], None]:
    """A function that goes forward and backward."""

    def update(batch: Any, dtype: torch.dtype) -> None:
        with autocast(torch.device("cpu"), dtype):
            terms = module(batch)
        module.zero_grad()
        torch.stack(list(terms.values())).sum().backward()

    return update


def _seconds(update: Callable[[Any, torch.dtype], None], batch: Any, arithmetic: Arithmetic) -> float:
    with arithmetic.on_its_threads():
        start = time.perf_counter()
        update(batch, arithmetic.dtype)
        return time.perf_counter() - start


def _cpu_seconds(update: Callable[[Any, torch.dtype], None], batch: Any, arithmetic: Arithmetic) -> float:
    """What an update costs this process, whatever others do meanwhile."""
    start = time.process_time()
    _seconds(update, batch, arithmetic)
    return time.process_time() - start


def _part(batch: Any, seconds: Callable[[Any], float]) -> Any:
    """A share of the windows, two at least; fewer if they take long."""
    enough, n = _size(batch) // SHARE, 2
    seconds(_first(batch, n))
    while n < enough and seconds(_first(batch, n)) < LONG_ENOUGH:
        n *= 2
    return _first(batch, n)


def _first(batch: Any, n: int) -> Any:
    return replace(batch, **{name: tensor[:n] for name, tensor in _tensors(batch).items()})


def _size(batch: Any) -> int:
    return min(len(tensor) for tensor in _tensors(batch).values())


def _tensors(batch: Any) -> dict[str, Tensor]:
    assert is_dataclass(batch)
    values = {field.name: getattr(batch, field.name) for field in fields(batch)}
    return {name: value for name, value in values.items() if isinstance(value, Tensor)}


def _fastest(candidates: list[Arithmetic], seconds: list[float]) -> Arithmetic:
    """The fastest; one thread, where more gain next to nothing."""
    handicaps = [1.0 if candidate.threads == 1 else WORTH_A_THREAD for candidate in candidates]
    costs = [time * handicap for time, handicap in zip(seconds, handicaps, strict=True)]
    return candidates[costs.index(min(costs))]


def _key(module: nn.Module, batch: Any, candidates: list[Arithmetic]) -> str:
    """What the choice depends on: the machine, the library, the shapes and the candidates."""
    shapes = [[name, list(value.shape)] for name, value in module.named_parameters()]
    shapes += [[name, list(value.shape)] for name, value in _tensors(batch).items()]
    facts = [processor(), _cores(), torch.__version__, [asdict(x) for x in candidates], shapes]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]


def _cores() -> int:
    try:
        return usable_cores()
    except ValueError:  # MUSICAE_THREADS, which is refused where it is read first
        return torch.get_num_threads()


def cache_path() -> Path:
    """Where choices are remembered: `arithmetic.json` in the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base else Path.home() / ".cache") / "musicae" / "arithmetic.json"


def _remembered() -> dict[str, Any]:
    """All choices by key; none where there is no file, or one that is damaged."""
    try:
        found = read_json(cache_path())
    except (OSError, ValueError, RuntimeError):  # RuntimeError: a user without a home
        return {}
    return found if isinstance(found, dict) else {}


def _remember(key: str, chosen: Arithmetic) -> None:
    with contextlib.suppress(MusicaeError, OSError, RuntimeError):
        known = {**_remembered(), key: asdict(chosen)}
        write_atomically(cache_path(), (json.dumps(known, indent=1) + "\n").encode())
