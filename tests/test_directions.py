"""Principal directions of the codes of music: what every sampler knows of them, and how codes move along them."""

from __future__ import annotations

import pytest
import torch

from musicae import geometry
from musicae.clips.directions import directions_from, directions_of, require_names
from musicae.clips.names import DIRECTION_NAMES
from musicae.errors import MusicaeError
from musicae.model import Model
from musicae.networks.priors import StandardNormal
from musicae.networks.samplers import SAMPLERS
from tests.helpers.models import tiny_model, with_vectors


def codes(n: int = 4_096) -> torch.Tensor:
    """Codes around (1, 2, 3) that vary by 4, 2 and 1 along turned axes."""
    generator = torch.Generator().manual_seed(0)
    turned, _ = torch.linalg.qr(torch.randn(3, 3, generator=generator))
    white = torch.randn(n, 3, generator=generator)
    return white * torch.tensor([4.0, 2.0, 1.0]) @ turned.T + torch.tensor([1.0, 2.0, 3.0])


@pytest.mark.parametrize("name", [name for name in SAMPLERS if name != "prior"])
def test_every_sampler_that_was_fitted_knows_the_directions_of_codes(name: str) -> None:
    sampler, z = SAMPLERS[name](3, StandardNormal(3)), codes()
    sampler.fit(z, torch.zeros_like(z))
    known = sampler.moments()
    found = directions_from(known.mean, known.rows)
    truth = geometry.principal_axes((z - z.mean(0)) / len(z) ** 0.5, 3)
    torch.testing.assert_close(known.mean, z.mean(0), atol=1e-4, rtol=0)
    kept = len(found.axes)
    assert kept >= 2
    assert (found.axes * truth[0][:kept]).sum(1).abs().min() > 0.95
    torch.testing.assert_close(found.stds, truth[1][:kept], rtol=0.2, atol=0)


def test_a_sampler_that_draws_from_the_prior_names_nothing(model: Model) -> None:
    sampler = SAMPLERS["prior"](3, StandardNormal(3))
    known = sampler.moments()
    assert directions_from(known.mean, known.rows).names == ()
    model.autoencoder.sampler = SAMPLERS["prior"](8, StandardNormal(8))
    with pytest.raises(MusicaeError, match="no direction has a name") as caught:
        require_names(model, ["direction1"])
    assert caught.value.kind == "no-directions"


def test_directions_are_orthonormal_and_signed_by_their_largest_entry(any_model: Model) -> None:
    found = directions_of(any_model)
    assert found.names == DIRECTION_NAMES[: any_model.latent_size]
    torch.testing.assert_close(found.axes @ found.axes.T, torch.eye(len(found.axes), dtype=torch.float64))
    assert (found.axes.gather(1, found.axes.abs().argmax(1, keepdim=True)) > 0).all()
    assert (found.stds.diff() <= 0).all() and (found.stds > 0).all()


def test_signs_do_not_depend_on_those_of_the_rows() -> None:
    rows = torch.randn(5, 4, generator=torch.Generator().manual_seed(0))
    axes, stds = geometry.principal_axes(rows, 4)
    again, lengths = geometry.principal_axes(-rows.flip(0), 4)
    torch.testing.assert_close(again, axes)
    torch.testing.assert_close(lengths, stds)


def test_where_nothing_varies_there_is_no_direction() -> None:
    axes, stds = geometry.principal_axes(torch.tensor([[3.0, 0.0, 0.0], [0.0, 4.0, 0.0]]), 16)
    assert axes.tolist() == [[0, 1, 0], [1, 0, 0]] and stds.tolist() == [4, 3]
    assert len(geometry.principal_axes(torch.zeros(2, 3), 16)[0]) == 0


@pytest.mark.parametrize("amount", [-2.0, 0.25, 7.0])
def test_a_code_moves_along_a_direction_by_exactly_so_many_standard_deviations(model: Model, amount: float) -> None:
    found, z = directions_of(model), model.sample_codes(1, 3)[0]
    moved = found.move(z, {"direction3": amount})
    torch.testing.assert_close(moved - z, (amount * found.stds[2] * found.axes[2]).float(), atol=1e-5, rtol=1e-5)
    there, here = found.coordinates(moved), found.coordinates(z)
    assert there == pytest.approx({**here, "direction3": here["direction3"] + amount}, abs=1e-5)


def test_the_mean_code_lies_nowhere_along_any(model: Model) -> None:
    found = directions_of(model)
    assert found.coordinates(found.mean.float()) == pytest.approx(dict.fromkeys(found.names, 0.0), abs=1e-6)


@pytest.mark.parametrize(
    ("name", "nearest"), [("densty", "density"), ("direcion1", "direction1"), ("direction12", "direction")]
)
def test_names_that_a_model_has_not_offer_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(MusicaeError, match=f"unknown .*: {name}") as caught:
        require_names(with_vectors(tiny_model("melody-2bar")), [name])
    assert f"did you mean {nearest}" in caught.value.hint
