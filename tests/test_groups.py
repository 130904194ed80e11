"""Muon, beside Adam."""

from pathlib import Path

import pytest
import torch

from musicae.corpus.dataset import Dataset
from musicae.training.loop import optimizer_of
from tests.helpers.trainings import tiny, trainer, weights


def test_muon_moves_all_directions_of_hidden_matrices_alike(data: Dataset, tmp_path: Path) -> None:
    model = trainer(data, tmp_path / "m", tiny(optimizer="muon")).model
    before = weights(model)
    optimizer = optimizer_of(model)
    for parameter in model.autoencoder.parameters():
        parameter.grad = torch.randn_like(parameter) ** 3
    optimizer.step(1e-2)
    after = weights(model)
    moved = {name: after[name] - before[name] for name in after}
    hidden = moved["encoder.window.3.weight"]
    spread = torch.linalg.svdvals(hidden)
    assert spread.max() < 3 * spread.min()
    assert moved["embedding.fields.0.matrix"].abs().amax() == pytest.approx(1e-2, rel=1e-3)  # Adam's first update
    assert hidden.square().mean().sqrt() == pytest.approx(0.2e-2, rel=0.3)
