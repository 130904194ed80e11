"""Keys of scales."""

from __future__ import annotations

import pytest

from musicae.music.key import NO_KEY, key
from tests.helpers.stand_ins import quarters


@pytest.mark.parametrize(
    ("pitches", "expected"),
    [
        ((60, 62, 64, 65, 67, 69, 71, 72), 0),
        ((67, 69, 71, 72, 74, 76, 78, 79), 7),
        ((69, 71, 72, 74, 76, 77, 68, 69), 21),
    ],
)
def test_keys_of_scales(pitches: tuple[int, ...], expected: int) -> None:
    assert key(quarters(*pitches)) == expected
    assert key(quarters(*(pitch + 2 for pitch in pitches))) == expected // 12 * 12 + (expected + 2) % 12


def test_what_has_no_pitch_has_no_key() -> None:
    assert key(quarters()) == key(quarters(36, 38, is_drum=True)) == key(quarters(*range(60, 72))) == NO_KEY
