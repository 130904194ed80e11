"""Codes are normalized over the batches of all processes."""

from pathlib import Path

import torch

from musicae.networks.normalization import CodeNormalization


def test_normalization_over_processes_is_that_of_their_joint_batch(tmp_path: Path) -> None:
    x = torch.randn(8, 4, requires_grad=True)
    single, joint = CodeNormalization(4), CodeNormalization(4)
    alone = single(x)
    torch.distributed.init_process_group("gloo", init_method=f"file://{tmp_path / 'store'}", rank=0, world_size=1)
    try:
        together = joint(x)
        gradients = [torch.autograd.grad((y**3).sum(), x)[0] for y in (alone, together)]
    finally:
        torch.distributed.destroy_process_group()
    torch.testing.assert_close(together, alone)
    torch.testing.assert_close(gradients[1], gradients[0], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(joint.state_dict(), single.state_dict())
