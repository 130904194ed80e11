"""Laws of packings: what a packing does to rows, and that ragged sequences of equal lengths are full ones."""

import pytest
import torch

from musicae.networks.ragged import Full, Packing, Ragged, packed

LENGTHS = torch.tensor([2, 6, 1, 6, 4])
PADDED = torch.arange(1, 5 * 6 * 3 + 1).float().reshape(5, 6, 3)
THERE = torch.arange(6) < LENGTHS[:, None]  # [sequence, step]

PACKINGS = {"full": Full(5, 6), "ragged": Ragged(LENGTHS, 6)}


@pytest.fixture(params=PACKINGS)
def packing(request: pytest.FixtureRequest) -> Packing:
    return PACKINGS[request.param]


def there(packing: Packing) -> torch.Tensor:
    return THERE if isinstance(packing, Ragged) else torch.ones_like(THERE)


def test_padding_undoes_packing_and_leaves_zeros(packing: Packing) -> None:
    rows = packing.rows(PADDED)
    assert len(rows) == sum(packing.sizes) == int(there(packing).sum())
    assert torch.equal(packing.padded(rows), PADDED * there(packing)[..., None])


def test_rows_of_a_step_are_together_and_sizes_fall(packing: Packing) -> None:
    steps = torch.arange(6).float().expand(5, 6)[..., None]
    expected = [step for step, size in enumerate(packing.sizes) for _ in range(size)]
    assert packing.rows(steps).squeeze(1).tolist() == expected
    assert packing.sizes == sorted(packing.sizes, reverse=True)


def test_unsorted_undoes_sorted(packing: Packing) -> None:
    x = torch.randn(2, 5, 4)
    assert torch.equal(packing.unsorted(packing.sorted(x)), x)


def test_reversed_reads_every_sequence_backwards(packing: Packing) -> None:
    backwards = packing.padded(packing.reversed(packing.rows(PADDED)))
    for sequence, length in enumerate(there(packing).sum(1).tolist()):
        assert torch.equal(backwards[sequence, :length], PADDED[sequence, :length].flip(0))
    rows = packing.rows(PADDED)
    assert torch.equal(packing.reversed(packing.reversed(rows)), rows)


def test_last_is_the_last_step_of_every_sequence(packing: Packing) -> None:
    last = packing.unsorted(packing.last(packing.rows(PADDED)))
    assert torch.equal(last, PADDED[torch.arange(5), there(packing).sum(1) - 1])


def test_add_adds_to_every_step_of_a_sequence(packing: Packing) -> None:
    x = torch.randn(5, 3)
    together = packing.padded(packing.add(packing.rows(PADDED), packing.sorted(x)))
    assert torch.equal(together, (PADDED + x[:, None]) * there(packing)[..., None])


def test_ragged_sequences_of_equal_lengths_are_full() -> None:
    full, ragged = packed(None, 5, 6), packed(torch.full((5,), 6), 5, 6)
    assert full.sizes == ragged.sizes
    rows = full.rows(PADDED)
    assert torch.equal(ragged.rows(PADDED), rows)
    assert torch.equal(ragged.reversed(rows), full.reversed(rows))
    assert torch.equal(ragged.last(rows), full.last(rows))
