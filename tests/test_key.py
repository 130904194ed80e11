"""Keys of scales."""

from __future__ import annotations

import math

import pytest

from musicae.errors import MusicaeError
from musicae.music.key import NO_KEY, Key, key_index, key_like, key_of_piece, mode, parse_key
from musicae.music.score import Notes, Score, Track
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
    assert key_index(quarters(*pitches)) == expected
    assert key_index(quarters(*(pitch + 2 for pitch in pitches))) == expected // 12 * 12 + (expected + 2) % 12


def test_a_leading_tone_tells_minor_keys_of_the_same_notes_apart() -> None:
    tune = quarters(69, 71, 72, 76, 74, 72, 71, 69, 68, 69, 71, 72, 71, 69, 68, 69)
    assert key_like(tune, minor=True) == Key(9, minor=True)
    assert key_like(quarters(64, 67, 71, 64, 66, 63, 64, 71), minor=True) == Key(4, minor=True)


def test_what_has_no_pitch_has_no_key() -> None:
    for silent in (quarters(), quarters(36, 38, is_drum=True), quarters(*range(60, 72))):
        assert key_index(silent) == NO_KEY and key_of_piece(silent) is None


def test_a_mode_is_said_where_it_is_clear() -> None:
    def triad(third: int) -> Score:
        rows = [(i * 480, i * 480 + 480, pitch, 90) for i, pitch in enumerate((60, 60 + third, 67, 60 + third, 67, 72))]
        return Score(480, (Track(Notes.of(rows)),), end=6 * 480)

    assert mode(triad(4)) == 0 and mode(triad(3)) == 1
    assert math.isnan(mode(Score(480, (Track(Notes.of([(0, 480, 60, 90)])),), end=480))), "one note is in no mode"
    assert math.isnan(mode(Score(480, (), end=480)))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("C", "C major"),
        ("Bb", "Bb major"),
        ("F# minor", "F# minor"),
        ("c#m", "C# minor"),
        ("A♭ MINOR", "G# minor"),
        ("am", "A minor"),
        ("AM", "A major"),
        ("b_min", "B minor"),
        ("Cb", "B major"),
    ],
)
def test_keys_are_called_as_musicians_call_them(name: str, expected: str) -> None:
    assert str(parse_key(name)) == expected
    assert parse_key(str(parse_key(name))) == parse_key(name)


@pytest.mark.parametrize("name", ["", "H", "C dorian", "Amm", "A" * 5000, "\ud800"])
def test_what_is_no_key_is_refused(name: str) -> None:
    with pytest.raises(MusicaeError, match="is not a key") as caught:
        parse_key(name)
    assert "F# minor" in caught.value.hint and len(caught.value.message) < 80


def test_the_key_of_a_piece_is_not_that_of_its_dominant() -> None:
    """More A major than D major: its profile fits best, but G is foreign there."""
    chords = quarters(*(50, 54, 57) * 2, *(49, 52, 57) * 3, *(55, 59, 62) * 2)
    assert key_index(chords) == 9 and key_of_piece(chords) == Key(2)
