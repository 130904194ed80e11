"""The lines task: what is drawn, and what its two scores say of paths whose worth is known.

Where a test has a published figure, it was measured with the published renderer (Berthelot et al. 2018): ours draws the
same geometry by other means, so that those are close and ours are pinned.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import cosine_similarity

from musicae.experiments.images.lines import (
    LineBank,
    LineScores,
    endpoints,
    line_scores,
    nearest_lines,
    random_angles,
    render_lines,
    straight_paths,
    unevenness,
)
from musicae.seeds import generator

TURN = 2 * math.pi
FIRST, LAST = endpoints(0)
PAIR = torch.tensor([5 * math.pi / 7]), torch.tensor([3 * math.pi / 2])
"""The pair of the published figure."""
BLURRED = torch.linspace(0, math.pi, 16).sin()


@pytest.fixture(scope="module")
def bank() -> LineBank:
    return LineBank.of()


def sweep(first: Tensor, turn: Tensor) -> Float[Tensor, "path point 1 size size"]:
    """Perfect lines from one angle over a turn."""
    angles = first[:, None] + turn[:, None] * torch.linspace(0, 1, 16)
    return render_lines(angles.flatten()).unflatten(0, (-1, 16))


def shortest(first: Tensor, last: Tensor) -> Tensor:
    return (last - first + math.pi) % TURN - math.pi


def cross_fade(first: Tensor, last: Tensor) -> Float[Tensor, "path point 1 size size"]:
    a, b = (render_lines(angles).flatten(1) for angles in (first, last))
    return straight_paths(a, b).unflatten(2, (1, 32, 32))


def blurring(sigma: float) -> Float[Tensor, "size size"]:
    """A Gaussian along one axis of 32 pixels, the image mirrored beyond its borders."""
    steps = torch.arange(-10, 11)
    weights = (steps == 0).double() if sigma == 0 else torch.exp(-0.5 * (steps / sigma) ** 2).double()
    matrix = torch.zeros(32, 32, dtype=torch.float64)
    for i in range(32):
        at = (i + steps) % 64
        matrix[i].index_add_(0, torch.minimum(at, 63 - at), weights / weights.sum())
    return matrix.float()


def test_a_line_to_the_right_fills_two_rows_of_fifteen_pixels() -> None:
    image = render_lines(torch.zeros(1, dtype=torch.float64))[0, 0]
    expected = torch.full((32, 32), -1.0, dtype=torch.float64)
    expected[15:17, 16:31] = 1
    assert torch.equal(image, expected)


def test_angles_are_counter_clockwise() -> None:
    right, up, left, down = render_lines(torch.arange(4, dtype=torch.float64) * math.pi / 2)
    for quarter, image in enumerate((up, left, down), start=1):
        assert torch.allclose(torch.rot90(right, quarter, (1, 2)), image)


def test_a_line_turned_by_a_quarter_is_its_image_turned() -> None:
    angles = random_angles(50, generator(1)).double()
    turned = torch.rot90(render_lines(angles), 1, (2, 3))
    assert torch.allclose(turned, render_lines(angles + math.pi / 2))


def test_two_pixels_wide_along_an_axis_and_fifteen_long() -> None:
    angles = torch.linspace(0, TURN, 1001, dtype=torch.float64)
    white = ((render_lines(angles) + 1) / 2).sum((1, 2, 3))
    along_axis = torch.maximum(angles.cos().abs(), angles.sin().abs())
    assert (white - 30 * along_axis).abs().max() < 0.1


def test_edges_are_smooth() -> None:
    image = render_lines(torch.tensor([0.3, 0.3 + 1e-4], dtype=torch.float64))
    assert 0 < (image[0] - image[1]).abs().max() < 2 * 16 * 1e-4 * 1.1  # the tip moves 15 pixels a radian
    assert ((image > -1) & (image < 1)).sum() > 20


def test_other_sizes_keep_the_width_and_a_pixel_of_margin() -> None:
    image = render_lines(torch.zeros(1), size=16)[0, 0]
    expected = torch.full((16, 16), -1.0)
    expected[7:9, 8:15] = 1
    assert torch.equal(image, expected)


def test_random_angles_go_all_the_way_round_and_follow_the_generator() -> None:
    angles = random_angles(10_000, generator(3))
    assert 0 <= angles.min() < 0.01 and TURN - 0.01 < angles.max() < TURN
    assert torch.equal(angles, random_angles(10_000, generator(3)))
    assert len({*FIRST.tolist(), *LAST.tolist()}) == 512


def test_straight_paths_give_the_nth_point_a_share_of_15_minus_n_fifteenths() -> None:
    first, last = torch.randn(2, 3, 5)
    path = straight_paths(first, last)
    assert torch.equal(path[:, 0], first) and torch.equal(path[:, 15], last)
    for n in range(16):
        assert torch.allclose(path[:, n], (15 - n) / 15 * first + n / 15 * last, atol=1e-6)


def test_nearest_is_what_comparing_with_every_line_finds() -> None:
    few = LineBank.of(size=16, lines=150)
    images = torch.randn(40, 1, 16, 16, generator=generator(0)) + 0.3
    every = render_lines(few.angles, 16).flatten(1)
    expected = 1 - cosine_similarity(images.double().flatten(1)[:, None], every[None], dim=2)
    distances, angles = nearest_lines(images, few)
    assert torch.allclose(distances, expected.min(1).values)
    assert torch.equal(angles, few.angles[expected.argmin(1)])


def test_every_line_of_the_bank_finds_itself(bank: LineBank) -> None:
    some = bank.angles[::37]
    distances, angles = nearest_lines(render_lines(some), bank)
    assert torch.equal(angles, some) and distances.max() < 1e-12
    assert bank.angles[1] == TURN / 10_000 and len(bank.angles) == 10_000


def test_black_is_as_far_as_published(bank: LineBank) -> None:
    distance = nearest_lines(torch.full((1, 1, 32, 32), -1.0), bank)[0].item()
    assert distance == pytest.approx(30.645e-3, abs=1e-6)
    assert distance == pytest.approx(30.7e-3, rel=0.01), "published renderer"


def test_gray_has_no_direction_and_a_broken_image_no_distance(bank: LineBank) -> None:
    images = torch.zeros(3, 1, 32, 32)
    images[1, 0, 5, 6], images[2, 0, 5, 6] = math.nan, math.inf
    distances, _ = nearest_lines(images, bank)
    assert distances[0] == 1 and not distances[1:].isfinite().any()
    assert not math.isfinite(line_scores(images[:, None].expand(-1, 16, -1, -1, -1), bank).mean_distance)


def test_the_shortest_arc_is_perfect(bank: LineBank) -> None:
    scores = line_scores(sweep(FIRST, shortest(FIRST, LAST)), bank)
    assert scores.mean_distance < 3e-7
    assert scores.smoothness == pytest.approx(PINNED["shortest arc"], abs=1e-5)
    assert scores.smoothness < 0.002, "published renderer: 0.0012 for pairs of its own"
    pair = line_scores(sweep(PAIR[0], shortest(*PAIR)), bank)
    assert pair.mean_distance < 3e-7 and pair.smoothness < 3e-4, "published renderer: 0.0003"


def test_the_long_way_round_counts_as_perfect(bank: LineBank) -> None:
    turn = shortest(FIRST, LAST)
    scores = line_scores(sweep(FIRST, turn - TURN * turn.sign()), bank)
    assert scores.mean_distance < 3e-7
    assert scores.smoothness == pytest.approx(PINNED["long way round"], abs=1e-5)
    assert scores.smoothness < 4e-4, "published renderer: 0.0002"


def test_a_cross_fade_is_unrealistic_and_abrupt(bank: LineBank) -> None:
    many, pair = line_scores(cross_fade(FIRST, LAST), bank), line_scores(cross_fade(*PAIR), bank)
    assert many.mean_distance == pytest.approx(PINNED["cross-fade distance"], abs=1e-6)
    assert many.smoothness == pytest.approx(PINNED["cross-fade smoothness"], abs=1e-4)
    assert (many.mean_distance, many.smoothness) == pytest.approx((6.3e-3, 0.894), rel=0.05), "published renderer"
    assert pair.mean_distance == pytest.approx(PINNED["cross-fade of the pair"], abs=1e-6)
    assert (pair.mean_distance, pair.smoothness) == pytest.approx((7.22e-3, 0.9216), rel=0.03), "published renderer"


def test_an_abrupt_change_is_realistic_and_not_smooth(bank: LineBank) -> None:
    first, last = (render_lines(angles).expand(8, -1, -1, -1) for angles in PAIR)
    scores = line_scores(torch.cat([first, last])[None], bank)
    assert scores.mean_distance < 3e-7
    assert scores.smoothness == pytest.approx(1 - 1 / 15), "published: 0.9333"


def test_blurred_and_brightened_lines_are_smooth_and_unrealistic(bank: LineBank) -> None:
    path = sweep(PAIR[0], shortest(*PAIR))[0]
    blurs = torch.stack([blurring(1.5 * share) for share in BLURRED.clamp_min(0).tolist()])
    brighter = path[:, 0] + BLURRED.clamp_min(0).sqrt()[:, None, None]
    scores = line_scores((blurs @ brighter @ blurs.mT)[None, :, None], bank)
    assert scores.mean_distance == pytest.approx(PINNED["blurred distance"], abs=1e-4)
    assert scores.smoothness == pytest.approx(PINNED["blurred smoothness"], abs=1e-4)
    assert scores.mean_distance == pytest.approx(0.408, rel=0.03), "published renderer"
    assert scores.smoothness < 0.02, "published renderer: 0.011"


def test_smoothness_is_the_largest_share_less_an_equal_one() -> None:
    even = np.linspace(6.0, 7.0, 16) % TURN  # over the top
    late = np.array([1.0] * 15 + [0.5])
    there_and_back = np.array([0.0, 1.0, 0.5])
    assert unevenness(np.stack([even, late])) == pytest.approx([0, 14 / 15])
    assert unevenness(there_and_back[None]) == pytest.approx([2 - 1 / 2])


def test_paths_that_end_where_they_start_have_no_smoothness_and_count_as_zero(bank: LineBank) -> None:
    assert np.isnan(unevenness(np.array([[1.0, 2.0, 1.00009]]))).all()
    assert not np.isnan(unevenness(np.array([[1.0, 2.0, 1.00011]]))).any()
    still, abrupt = torch.zeros(1, 16), torch.tensor([[0.0] * 8 + [1.0] * 8])
    paths = render_lines(torch.cat([still, still, abrupt]).flatten()).unflatten(0, (3, 16))
    scores = line_scores(paths, bank)
    assert scores.undefined == 2 and scores.smoothness == pytest.approx((1 - 1 / 15) / 3, abs=1e-3)
    none = line_scores(paths[:2], bank)
    assert none.undefined == 2 and math.isnan(none.smoothness)
    assert none == LineScores(none.mean_distance, none.smoothness, 2)


PINNED = {
    "shortest arc": 4.497e-4,
    "long way round": 6.08e-5,
    "cross-fade distance": 6.096e-3,
    "cross-fade smoothness": 0.88483,
    "cross-fade of the pair": 7.067e-3,
    "blurred distance": 0.40661,
    "blurred smoothness": 0.01274,
}
"""Of our renderer, with the end points of seed 0."""
