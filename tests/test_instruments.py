"""General MIDI by names."""

from __future__ import annotations

import pytest

from musicae.errors import MusicaeError
from musicae.music.instruments import GENERAL_MIDI, USUAL, band_of, program_of
from musicae.music.score import DRUM_KIT


def test_a_band_has_drums_too() -> None:
    assert band_of(["bass", "Drums", "violin"]) == (33, DRUM_KIT, 40)
    assert all(word.rstrip("s") in GENERAL_MIDI[program].lower() for word, program in USUAL.items())


def test_drums_have_no_program() -> None:
    with pytest.raises(MusicaeError, match="drums are not a pitched instrument"):
        program_of("Drum Kit")


def test_every_instrument_has_its_name_and_its_number_from_1() -> None:
    for program, name in enumerate(GENERAL_MIDI):
        assert program_of(name) == program_of(name.upper()) == program_of(f" {program + 1} ") == program


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("electric piano", "Electric Piano 1"),
        ("violin", "Violin"),
        ("harp", "Orchestral Harp"),
        ("nylon", "Acoustic Guitar (nylon)"),
        ("warm pad", "Pad 2 (warm)"),
        ("string", "String Ensemble 1"),
        ("synth-strings", "Synth Strings 1"),
        ("bass", "Electric Bass (finger)"),
        ("Guitar", "Acoustic Guitar (steel)"),
        ("Rhodes", "Electric Piano 1"),
        ("upright bass", "Acoustic Bass"),
    ],
)
def test_beginnings_and_words_that_one_instrument_has_are_enough(name: str, found: str) -> None:
    assert GENERAL_MIDI[program_of(name)] == found


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("vilin", "there is no instrument 'vilin' in General MIDI", "did you mean Violin (41)"),
        ("synth", "'synth' is the name of", "Synth Strings 1 (51)"),
        ("0", "there is no instrument 0", "from 1 to 128"),
        ("129", "there is no instrument 129", "from 1 to 128"),
        ("9" * 5000, "there is no instrument 999", "from 1 to 128"),
        ("", "there is no instrument ''", "like violin"),
        ("\ud800", "there is no instrument", "like violin"),
    ],
)
def test_what_is_none_or_several_is_refused_with_the_nearest(name: str, message: str, hint: str) -> None:
    with pytest.raises(MusicaeError) as caught:
        program_of(name)
    assert caught.value.message.startswith(message) and hint in caught.value.hint
