"""General MIDI instruments by the names that people give them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

import pretty_midi  # type: ignore[import-untyped]

from musicae.errors import MusicaeError
from musicae.music.score import DRUM_KIT

GENERAL_MIDI: tuple[str, ...] = tuple(pretty_midi.constants.INSTRUMENT_MAP)
"""The name of every program, from 0."""

MOST_NAMED = 6
"""Instruments that an error offers."""

SHOWN_CHARACTERS = 60
"""Characters that a message shows of a name."""


def program_of(name: str) -> int:
    """The program, from 0, of a General MIDI instrument.

    Args:
        name: its number, from 1 to 128; what a band calls it (`USUAL`, `NICKNAMES`); its name or the beginning of it,
            or words that are in only one name, like "nylon" or "warm pad". Of names that differ in a number the first
            is meant: "electric piano" is number 1.

    Raises:
        MusicaeError: there is no such number or name, or several instruments have such names.
    """
    name = name.strip()
    if name.isdecimal():
        number = int(name[:SHOWN_CHARACTERS])
        if not 1 <= number <= len(GENERAL_MIDI):
            raise MusicaeError(f"there is no instrument {number}", f"General MIDI counts from 1 to {len(GENERAL_MIDI)}")
        return number - 1
    words = _words(name)
    if is_drums(name):
        raise MusicaeError("drums are not a pitched instrument", "name pitched instruments only; drums stay drums")
    called = {**USUAL, **NICKNAMES}
    if " ".join(words) in called:
        return called[" ".join(words)]
    names = [_words(known) for known in GENERAL_MIDI]
    held: list[int] = []
    for fits in (_begin, _are_in, _begin_words_in) if words else ():
        found = [program for program, known in enumerate(names) if fits(words, known)]
        if found and len({_family(names[program]) for program in found}) == 1:
            return found[0]
        held = found or held
    if held:
        message = f"{name[:SHOWN_CHARACTERS]!r} is the name of {len(held)} instruments"
        raise MusicaeError(message, f"say which: {_listed(held)}")
    lowered = {" ".join(known): program for program, known in enumerate(names)}
    near = difflib.get_close_matches(" ".join(words)[:SHOWN_CHARACTERS], lowered, n=3, cutoff=0.5)
    hint = f"did you mean {_listed([lowered[one] for one in near])}? " if near else ""
    message = f"there is no instrument {name[:SHOWN_CHARACTERS]!r} in General MIDI"
    raise MusicaeError(message, f"{hint}give a name of General MIDI, like violin, or a number from 1 to 128")


def band_of(names: Sequence[str]) -> tuple[int, ...]:
    """The programs of instruments, and `DRUM_KIT` for drums, which are not an instrument of General MIDI.

    Raises:
        MusicaeError: as `program_of`.
    """
    return tuple(DRUM_KIT if is_drums(name) else program_of(name) for name in names)


def is_drums(name: str) -> bool:
    """Whether that is what a drum kit is called."""
    return " ".join(_words(name)) in ("drums", "drum", "drum kit", "drumkit", "drumset", "drum set", "kit")


def _listed(programs: list[int]) -> str:
    named = [f"{GENERAL_MIDI[program]} ({program + 1})" for program in programs[:MOST_NAMED]]
    return ", ".join(named) + (", ..." if len(programs) > MOST_NAMED else "")


def _words(name: str) -> tuple[str, ...]:
    """The words and numbers of a name, in lower case: "Lead 8 (bass + lead)" has lead, 8, bass, lead."""
    return tuple(re.findall(r"[^\W_]+", name[: 2 * SHOWN_CHARACTERS].lower()))


def _family(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words without the number that tells instruments of one name apart."""
    return tuple(word for word in words if not word.isdecimal())


def _begin(words: tuple[str, ...], known: tuple[str, ...]) -> bool:
    return known[: len(words)] == words


def _are_in(words: tuple[str, ...], known: tuple[str, ...]) -> bool:
    return set(words) <= set(known)


def _begin_words_in(words: tuple[str, ...], known: tuple[str, ...]) -> bool:
    return all(any(one.startswith(word) for one in known) for word in words)


USUAL = {
    "piano": 0,
    "organ": 16,
    "guitar": 25,
    "bass": 33,
    "electric bass": 33,
    "strings": 48,
    "choir": 52,
    "brass": 61,
    "sax": 65,
    "horn": 60,
    "lead": 80,
    "pad": 89,
}
"""The program that is meant by a word that several instruments have in their names."""

NICKNAMES = {
    "double bass": 32,
    "e piano": 4,
    "hammond": 16,
    "rhodes": 4,
    "upright bass": 32,
    "upright piano": 1,
    "wurlitzer": 4,
}
"""Programs that are called otherwise in General MIDI."""
