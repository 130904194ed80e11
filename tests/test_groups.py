"""Groups of parameters: Muon beside Adam, critics beside the autoencoder."""

from pathlib import Path
from typing import Literal

import pytest
import torch
from torch import nn

from musicae.config import Training
from musicae.corpus.dataset import Dataset
from musicae.errors import MusicaeError
from musicae.networks.groups import GroupSettings
from musicae.training.groups import GroupOptimizer, Optimizers, ParameterGroup
from musicae.training.music_task import parameter_groups
from tests.helpers.trainings import tiny, trainer, weights


def parameters(n: int = 2) -> list[nn.Parameter]:
    generator = torch.Generator().manual_seed(n)
    return [nn.Parameter(torch.randn(3, 3, generator=generator)) for _ in range(n)]


def loss(of: list[nn.Parameter], scale: float = 1.0) -> torch.Tensor:
    return scale * torch.stack([parameter.square().sum() for parameter in of]).sum()


def test_muon_moves_all_directions_of_hidden_matrices_alike(data: Dataset, tmp_path: Path) -> None:
    model = trainer(data, tmp_path / "m", tiny(optimizer="muon")).task.model
    before = weights(model)
    optimizer = GroupOptimizer(parameter_groups(model.autoencoder, Training(optimizer="muon"))[0])
    generator = torch.Generator().manual_seed(0)
    for parameter in model.autoencoder.parameters():
        parameter.grad = torch.randn(parameter.shape, generator=generator) ** 3
    optimizer.step(1e-2)
    after = weights(model)
    moved = {name: after[name] - before[name] for name in after}
    hidden = moved["encoder.window.3.weight"]
    spread = torch.linalg.svdvals(hidden)
    assert spread.max() < 3 * spread.min()
    assert moved["embedding.fields.0.matrix"].abs().amax() == pytest.approx(1e-2, rel=1e-3)  # Adam's first update
    assert hidden.square().mean().sqrt() == pytest.approx(0.2e-2, rel=0.3)


def test_every_group_is_clipped_by_its_own_norm() -> None:
    ours, theirs = parameters(1), parameters(2)
    before = [parameter.detach().clone() for parameter in ours + theirs]
    optimizers = Optimizers(
        [
            ParameterGroup("ours", ours, GroupSettings("sgd", clip=1.0)),
            ParameterGroup("theirs", theirs, GroupSettings("sgd", clip=0.5)),
        ]
    )
    optimizers.backward({"ours": loss(ours, 100.0), "theirs": loss(theirs, 1e-3)})
    assert optimizers.step(1.0)
    moved = [parameter.detach() - old for parameter, old in zip(ours + theirs, before, strict=True)]
    assert moved[0].norm() == pytest.approx(1.0, rel=1e-4)
    torch.testing.assert_close(moved[1], -2e-3 * before[1])


def test_a_group_has_a_rate_and_a_clamp_of_its_own() -> None:
    ours, theirs = parameters(1), parameters(2)
    before = [parameter.detach().clone() for parameter in ours + theirs]
    optimizers = Optimizers(
        [
            ParameterGroup("ours", ours),
            ParameterGroup("theirs", theirs, GroupSettings(learning_rate_scale=0.1, clamp=0.2)),
        ]
    )
    optimizers.backward({"all": loss(ours) + loss(theirs)})
    optimizers.step(1e-2)
    torch.testing.assert_close((ours[0] - before[0]).abs(), torch.full((3, 3), 1e-2), rtol=1e-3, atol=0)
    expected = (before[1] - 1e-3 * before[1].sign()).clamp(-0.2, 0.2)
    torch.testing.assert_close(theirs[0].detach(), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("broken", ["ours", "theirs"])
def test_gradients_that_are_not_finite_move_no_group(broken: str) -> None:
    groups = {"ours": parameters(1), "theirs": parameters(2)}
    optimizers = Optimizers([ParameterGroup(name, group) for name, group in groups.items()])
    before = {name: group[0].detach().clone() for name, group in groups.items()}
    optimizers.backward({name: loss(group, torch.inf if name == broken else 1.0) for name, group in groups.items()})
    assert not optimizers.step(1e-2)
    assert all(torch.equal(group[0], before[name]) for name, group in groups.items())


def test_a_group_without_a_gradient_stays() -> None:
    ours, theirs = parameters(1), parameters(2)
    before = theirs[0].detach().clone()
    optimizers = Optimizers([ParameterGroup("ours", ours), ParameterGroup("theirs", theirs)])
    optimizers.backward({"all": loss(ours)})
    assert optimizers.step(1e-2)
    assert torch.equal(theirs[0], before) and not optimizers.moments(theirs[0])


@pytest.mark.parametrize("optimizer", ["adam", "muon", "sgd"])
def test_moments_go_out_and_come_back(optimizer: Literal["adam", "muon", "sgd"]) -> None:
    ours, copies = parameters(1), parameters(1)
    first, second = (Optimizers([ParameterGroup("ours", group, GroupSettings(optimizer))]) for group in (ours, copies))
    first.backward({"loss": loss(ours)})
    first.step(1e-2)
    with torch.no_grad():
        copies[0].copy_(ours[0])
    second.restore({copies[0]: {name: value.clone() for name, value in first.moments(ours[0]).items()}})
    for optimizers, group in ((first, ours), (second, copies)):
        optimizers.backward({"loss": loss(group)})
        optimizers.step(1e-2)
    assert torch.equal(ours[0], copies[0])


def test_weights_decay_as_by_a_term_of_the_loss() -> None:
    ours, theirs = parameters(1), parameters(1)
    decaying = Optimizers([ParameterGroup("ours", ours, GroupSettings(clip=1e9, weight_decay=0.3))])
    plain = Optimizers([ParameterGroup("theirs", theirs, GroupSettings(clip=1e9))])
    for _ in range(3):
        decaying.backward({"nll": loss(ours)})
        plain.backward({"nll": loss(theirs), "decay": loss(theirs, 0.3 / 2)})
        assert decaying.step(0.1) and plain.step(0.1)
    torch.testing.assert_close(ours[0], theirs[0])


def test_a_parameter_belongs_to_one_group() -> None:
    shared = parameters(1)
    with pytest.raises(ValueError, match="two groups"):
        Optimizers([ParameterGroup("ours", shared), ParameterGroup("theirs", shared)])


@pytest.mark.parametrize(
    "setting", [{"clip": 0.0}, {"rounds": 0}, {"clamp": -1.0}, {"weight_decay": -1.0}, {"learning_rate_scale": 0.0}]
)
def test_settings_out_of_range_are_refused(setting: dict[str, float]) -> None:
    with pytest.raises(MusicaeError, match="critic"):
        GroupSettings(**setting)  # type: ignore[arg-type]
