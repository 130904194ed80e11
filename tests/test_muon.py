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


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_every_singular_value_is_what_the_polynomial_makes_of_it(dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(0)
    u, _, v = torch.linalg.svd(torch.randn(24, 96, generator=generator), full_matrices=False)
    values = 10 ** torch.linspace(-2, 0, 24)  # from strong to weak directions, as gradients have them
    expected = values / values.norm()
    for _ in range(5):
        expected = 3.4445 * expected - 4.7750 * expected**3 + 2.0315 * expected**5
    found = (u.T @ orthogonal(((u * values) @ v).to(dtype)).float() @ v.T).diagonal()
    torch.testing.assert_close(found, expected, rtol=1e-3 if dtype == torch.float32 else 0.1, atol=0.02)


def test_nothing_has_no_direction() -> None:
    assert not orthogonal(torch.zeros(3, 4)).any()


@pytest.mark.parametrize("shape", [(6, 16), (16, 6)])
def test_updates_are_those_of_torch_but_for_rounding(shape: tuple[int, int]) -> None:
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
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-3)  # in bfloat16; updates are of .005 an element
    assert torchs.state[theirs].keys() == mine.state[ours].keys()
