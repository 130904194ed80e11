"""Laws of ways through the latent space."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from musicae import geometry
from musicae.errors import MusicaeError

seeds = st.integers(0, 2**32 - 1)


def codes(seed: int, n: int = 2, size: int = 16) -> torch.Tensor:
    return torch.randn(n, size, generator=torch.Generator().manual_seed(seed))


@given(seeds)
def test_ends_are_the_ends_exactly(seed: int) -> None:
    a, b = codes(seed)
    for between in (geometry.slerp, geometry.lerp):
        assert torch.equal(between(a, b, 0.0), a)
        torch.testing.assert_close(between(a, b, 1.0), b)


@given(seeds, st.floats(0, 1))
def test_slerp_keeps_the_length_of_unit_codes_and_turns_at_constant_speed(seed: int, t: float) -> None:
    a, b = torch.nn.functional.normalize(codes(seed).double(), dim=-1)
    z = geometry.slerp(a, b, t)
    torch.testing.assert_close(z.norm(), torch.tensor(1.0, dtype=torch.float64))
    whole, part = torch.acos(a @ b), torch.acos((a @ z).clamp(-1, 1))
    torch.testing.assert_close(part, t * whole, atol=1e-6, rtol=1e-6)


@given(seeds)
def test_slerp_is_the_textbook_formula_for_codes_of_equal_length(seed: int) -> None:
    a, b = torch.nn.functional.normalize(codes(seed).double(), dim=-1)
    angle = torch.acos(a @ b)
    textbook = (torch.sin(0.7 * angle) * a + torch.sin(0.3 * angle) * b) / torch.sin(angle)
    torch.testing.assert_close(geometry.slerp(a, b, 0.3), textbook)


@given(seeds, st.floats(0, 1))
def test_slerp_there_is_slerp_back(seed: int, t: float) -> None:
    a, b = codes(seed)
    torch.testing.assert_close(geometry.slerp(a, b, t), geometry.slerp(b, a, 1 - t), atol=1e-5, rtol=1e-5)


@given(seeds, st.floats(0, 1))
def test_equal_ends_stay_where_they_are(seed: int, t: float) -> None:
    (a,) = codes(seed, n=1)
    torch.testing.assert_close(geometry.slerp(a, a.clone(), t), a)
    torch.testing.assert_close(geometry.slerp(a, 3 * a, t), a * (1 + 2 * t))


@given(seeds, st.floats(0, 1), st.floats(0.5, 2))
def test_opposite_ends_are_joined_by_a_half_circle(seed: int, t: float, length: float) -> None:
    (a,) = codes(seed, n=1)
    z = geometry.slerp(a, -length * a, t)
    torch.testing.assert_close(z.norm(), a.norm() * (1 - t + t * length))
    torch.testing.assert_close(geometry.slerp(a, -length * a, 1.0), -length * a)


def test_a_code_of_length_zero_has_the_direction_of_the_other() -> None:
    zero, a = torch.zeros(4), torch.tensor([0.0, 2.0, 0.0, 0.0])
    torch.testing.assert_close(geometry.slerp(zero, a, 0.5), a / 2)
    torch.testing.assert_close(geometry.slerp(a, zero, 0.25), a * 0.75)
    assert torch.equal(geometry.slerp(zero, zero, 0.5), zero)


def test_slerp_works_row_by_row() -> None:
    a, b = codes(0, n=3), codes(1, n=3)
    rows = torch.stack([geometry.slerp(a[i], b[i], 0.4) for i in range(3)])
    torch.testing.assert_close(geometry.slerp(a, b, 0.4), rows)
    torch.testing.assert_close(geometry.slerp(a[:1], b, 0.4)[0], rows[0])


def test_path_has_equal_steps_and_both_ends() -> None:
    a, b = codes(2)
    way = geometry.path(a, b, 5, geometry.lerp)
    assert torch.equal(way[0], a)
    torch.testing.assert_close(way[-1], b)
    torch.testing.assert_close(way.diff(dim=0), ((b - a) / 4).expand(4, -1))


def test_attributes_add_up_and_can_be_taken_back() -> None:
    (z,) = codes(3, n=1)
    vectors = {"density": codes(4)[0], "interval": codes(5)[0]}
    moved = geometry.move(z, vectors, {"density": 1.0, "interval": -0.5})
    torch.testing.assert_close(moved, z + vectors["density"] - 0.5 * vectors["interval"])
    torch.testing.assert_close(geometry.move(moved, vectors, {"density": -1.0, "interval": 0.5}), z)
    assert torch.equal(geometry.move(z, vectors, {}), z)


def test_an_unknown_attribute_offers_the_nearest() -> None:
    with pytest.raises(MusicaeError, match="densty") as caught:
        geometry.move(torch.zeros(16), {name: torch.zeros(16) for name in ("interval", "density")}, {"densty": 1.0})
    assert caught.value.hint == "did you mean density? choose one of: density, interval"
