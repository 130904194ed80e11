"""Codes are normalized, and classes counted, over the batches of all processes."""

from pathlib import Path

import torch
import torch.multiprocessing as mp
from safetensors.torch import load_file, save_file

from musicae.networks.normalization import CodeNormalization
from musicae.networks.priors import ClassesAndNormal

PROCESSES = 2


def normalize_and_count(rank: int, folder: str) -> None:
    """What one process does with its part of the batch."""
    store = f"file://{folder}/store"
    torch.distributed.init_process_group("gloo", init_method=store, rank=rank, world_size=PROCESSES)
    batch = load_file(f"{folder}/batch.safetensors")
    x, label = batch["x"].chunk(PROCESSES)[rank].requires_grad_(), batch["label"].chunk(PROCESSES)[rank]
    save_file(measured(x, label), f"{folder}/{rank}.safetensors")
    torch.distributed.destroy_process_group()


def measured(x: torch.Tensor, label: torch.Tensor) -> dict[str, torch.Tensor]:
    normalization, prior = CodeNormalization(4), ClassesAndNormal(5, classes=2)
    z = normalization(x)
    prior.count(label)
    (gradient,) = torch.autograd.grad((z**3).sum(), x)
    return {"z": z.detach(), "gradient": gradient, "frequencies": prior.frequencies, **normalization.state_dict()}


def test_two_processes_normalize_and_count_their_joint_batch(tmp_path: Path) -> None:
    x, label = torch.randn(8, 4), torch.tensor([0, 0, 0, -1, -1, 1, 0, 0])
    save_file({"x": x, "label": label}, tmp_path / "batch.safetensors")
    mp.spawn(normalize_and_count, (str(tmp_path),), nprocs=PROCESSES)  # type: ignore[attr-defined, no-untyped-call]
    parts = [load_file(tmp_path / f"{rank}.safetensors") for rank in range(PROCESSES)]
    for name, alone in measured(x.requires_grad_(), label).items():
        split = name in ("z", "gradient")
        for together in [torch.cat([part[name] for part in parts])] if split else [part[name] for part in parts]:
            torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-4)
