"""Muon against torch's, and against what orthogonal means."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from musicae.training.muon import Muon, orthogonal


@pytest.mark.parametrize("shape", [(8, 8), (5, 12), (12, 5)])
def test_singular_values_become_about_one(shape: tuple[int, int]) -> None:
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    values = torch.linalg.svdvals(orthogonal(matrix))
    assert values.min() > 0.6 and values.max() < 1.25
    u, _, v = torch.linalg.svd(matrix, full_matrices=False)
    assert torch.nn.functional.cosine_similarity(orthogonal(matrix).flatten(), (u @ v).flatten(), dim=0) > 0.97


def test_nothing_has_no_direction() -> None:
    assert not orthogonal(torch.zeros(3, 4)).any()


@pytest.mark.parametrize("shape", [(6, 16), (16, 6)])
def test_updates_are_those_of_torch_in_its_own_numbers(shape: tuple[int, int]) -> None:
    generator = torch.Generator().manual_seed(0)
    start = torch.randn(shape, generator=generator)
    ours, theirs = (nn.Parameter(start.clone()) for _ in range(2))
    mine = Muon([ours])
    mine.dtype = torch.bfloat16
    torchs = torch.optim.Muon([theirs], lr=0.01, weight_decay=0.0, adjust_lr_fn="match_rms_adamw")
    for _ in range(4):
        gradient = torch.randn(shape, generator=generator)
        ours.grad, theirs.grad = gradient.clone(), gradient.clone()
        mine.param_groups[0]["lr"] = 0.01
        mine.step()
        torchs.step()
    torch.testing.assert_close(ours, theirs)
    assert torchs.state[theirs].keys() == mine.state[ours].keys()
