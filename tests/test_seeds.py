"""Seeds: paths have seeds of their own, the same ones everywhere and always."""

from __future__ import annotations

import torch

from musicae.seeds import child_seeds, generator, seeded


def test_children_are_known_numbers() -> None:
    assert child_seeds(3, 4, n=2) == [2746448868, 3791547844]


def test_the_first_children_do_not_depend_on_their_number() -> None:
    assert child_seeds(1, 2) == child_seeds(1, 2, n=5)[:1]


def test_paths_do_not_collide() -> None:
    paths = [(seed, update, rank) for seed in range(5) for update in range(50) for rank in range(3)]
    assert len({child_seeds(*path)[0] for path in paths}) == len(paths)
    assert child_seeds(5) == child_seeds(5, 0) == child_seeds(5, 0, 0), "zeros at the end count for nothing"


def test_a_generator_repeats_its_path_and_leaves_the_global_one_alone() -> None:
    before = torch.get_rng_state()
    first, again, other = (torch.rand(4, generator=generator(1, number)) for number in (2, 2, 3))
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), before)


def test_what_is_drawn_inside_follows_from_a_seed_and_nothing_outside_notices() -> None:
    torch.manual_seed(5)
    expected = torch.rand(2)
    torch.manual_seed(5)
    with seeded(1):
        first = torch.rand(2)
    with seeded(1):
        again = torch.rand(2)
    assert torch.equal(first, again) and not torch.equal(first, expected)
    assert torch.equal(torch.rand(2), expected)
