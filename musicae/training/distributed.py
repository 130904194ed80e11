"""Several processes that train one model, as `torchrun` starts them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel


@dataclass(frozen=True)
class Ranks:
    """This process among those that train together; alone when nothing started more."""

    rank: int = 0
    size: int = 1

    def share(self, batch: Tensor) -> Tensor:
        """This process's part of something that was drawn alike in all of them."""
        part = len(batch) // self.size
        return batch[self.rank * part : (self.rank + 1) * part]

    def share_batch(self, batch: Any) -> Any:
        """This process's part of every tensor of a dataclass."""
        if self.size == 1:
            return batch
        values = {field.name: getattr(batch, field.name) for field in fields(batch)}
        return replace(batch, **{name: self.share(x) for name, x in values.items() if isinstance(x, Tensor)})

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Averages gradients over the processes, where no wrapped module has done so."""
        if self.size == 1:
            return
        for parameter in parameters:
            if parameter.grad is not None:
                dist.all_reduce(parameter.grad)
                parameter.grad /= self.size

    def wrap(self, module: nn.Module, device: torch.device) -> nn.Module:
        """The module, with gradients averaged over the processes."""
        if self.size == 1:
            return module
        ids = [device.index] if device.type == "cuda" else None
        return DistributedDataParallel(module, device_ids=ids, broadcast_buffers=False)  # they are alike

    def leave(self) -> None:
        """Leaves the group of processes, when all are ready to: one that leaves early aborts the others."""
        if self.size > 1:
            dist.barrier()
            dist.destroy_process_group()

    def agree(self, *values: float, device: torch.device) -> list[float]:
        """Of every value, the largest that any process has."""
        if self.size == 1:
            return list(values)
        largest = torch.tensor(values, dtype=torch.float64, device=device)
        dist.all_reduce(largest, dist.ReduceOp.MAX)
        return list(largest.tolist())


def join_ranks(device: torch.device) -> tuple[Ranks, torch.device]:
    """Joins the processes that `torchrun` started and says which device is this one's."""
    if "WORLD_SIZE" not in os.environ or int(os.environ["WORLD_SIZE"]) == 1:
        return Ranks(), device
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    if not dist.is_initialized():
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    return Ranks(dist.get_rank(), dist.get_world_size()), device
