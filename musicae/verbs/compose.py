"""Pieces over chord progressions: one code under every chord, or a way through codes, bar after bar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import NamedTuple

import torch

from musicae import geometry
from musicae.clips.draws import draw
from musicae.clips.recipe import Codes, Recipe, Style
from musicae.clips.render import Clip, encode, make
from musicae.clips.source import Source
from musicae.errors import MusicaeError
from musicae.model import Model
from musicae.music.chords import split_symbols

CONTRAST = 0.5
"""How far a further section lies from the first one, on the way to new music."""

MOST_BARS = 2_000
"""Of a piece; more than an hour at 120 qpm."""


@dataclass(frozen=True)
class Song:
    """The plan of a piece.

    Attributes:
        chords: symbols of one section's chords, e.g. "C Am F G".
        form: a letter for every section.
        repeat: how often the form is played.
    """

    chords: str
    bars_per_chord: int = 1
    form: str = "A"
    repeat: int = 1

    def parts(self, bars: int) -> list[Part]:
        """Every clip of so many bars.

        Raises:
            MusicaeError: the clips do not fill a section, there is no section, or there are too many.
        """
        section = [symbol for symbol in split_symbols(self.chords) for _ in range(self.bars_per_chord)]
        if not self.form.isalpha():
            raise MusicaeError(f"{self.form!r} is no form", "give a letter a section and nothing else, like AABA")
        if len(section) % bars or not section or self.repeat < 1:
            hint = f"give chords for a multiple of {bars} bars"
            raise MusicaeError(f"{self.repeat} times sections of {len(section)} bars make no piece", hint)
        if (length := len(section) * len(self.form) * self.repeat) > MOST_BARS:
            hint = f"give fewer sections, repetitions or bars a chord: {MOST_BARS} bars at most"
            raise MusicaeError(f"a piece of {length} bars is too long", hint)
        letters = "".join(dict.fromkeys(self.form))
        return [
            Part(letters.index(letter), place, " ".join(section[start : start + bars]))
            for letter in self.form * self.repeat
            for place, start in enumerate(range(0, len(section), bars))
        ]


class Part(NamedTuple):
    """One clip of a piece: the number of its letter, its place in the section, and its chords, one symbol a bar."""

    letter: int
    place: int
    chords: str


def compose(
    model: Model,
    song: Song,
    start: Source | None = None,
    end: Source | None = None,
    *,
    variation: float = 0.0,
    temperature: float = 0.5,
    seed: int = 0,
    tempo_qpm: float = 120.0,
) -> Clip:
    """One clip of all bars, each decoded under its chord.

    Sections of one letter are the same music, with one code, the programs of their first clip and one draw. The first
    letter has the code of `start`, or one from the prior; further ones lie half way from it to new music. With `end`,
    the codes of the letters lead to that of `end`, which the letter has that comes in last. A form of one letter goes
    there clip by clip instead, and its programs change on the way.

    Args:
        start, end: music that the piece comes from and leads to.
        variation: how far, from 0 to 1, every clip but the first of a section moves towards new music; the same one
            wherever the section is played again.
        tempo_qpm: of a piece without `start` and `end`; else it has the tempo of the first of them.

    Raises:
        MusicaeError: the model is told no chords, a chord is none, or there is no way to lead.
    """
    model.require_chords()
    parts = song.parts(model.representation.bars)
    codes, follows = _codes(model, parts, start, end, seed)
    z = _varied(model, codes, parts, variation, seed)
    if not follows:
        z[-1] = codes[-1]  # the way arrives, however much it varies
    recipe = Recipe.of(
        model,
        "compose",
        z,
        {**asdict(song), "variation": variation, "from": start.label if start else "", "to": end.label if end else ""},
        seed=seed,
        temperature=temperature,
        style=next((source.style for source in (start, end) if source), Style(tempo_qpm)),
        chords=[part.chords for part in parts],
        follows=follows,
        origin="-".join(source.name for source in (start, end) if source and source.name),
        drawn=draws(song, start is not None, end is not None, variation),
    )
    # Bars that draw with the same random numbers keep their rhythm from chord to chord.
    return make(model, replace(recipe, draws=follows or (0,) * len(parts)))


def draws(song: Song, start: bool, end: bool, variation: float) -> bool:
    """Whether the seed has a part in the codes of a piece that starts or ends with given music."""
    return not start or variation > 0 or (not end and len(set(song.form)) > 1)


def _codes(
    model: Model, parts: Sequence[Part], start: Source | None, end: Source | None, seed: int
) -> tuple[Codes, tuple[int, ...]]:
    """The code of every part before it varies, and the part whose programs it takes; none if programs change."""
    letters = [part.letter for part in parts]
    new = draw(model, 1 + max(letters), seed)
    base = encode(model, start) if start else new[:1]
    if end is None:
        sections = torch.cat([base, geometry.slerp(base, new[1:], CONTRAST)])
    elif len(new) > 1:
        sections = geometry.path(base[0], encode(model, end)[0], len(new))
    elif len(parts) > 1:
        return geometry.path(base[0], encode(model, end)[0], len(parts)), ()
    else:
        hint = "give more chords, or no music to arrive at"
        raise MusicaeError("a piece of one clip leads nowhere", hint, kind="single-clip")
    return sections[letters], tuple(letters.index(letter) for letter in letters)


def _varied(model: Model, codes: Codes, parts: Sequence[Part], variation: float, seed: int) -> Codes:
    """Codes moved towards new ones, except those that begin a section; alike wherever a section is played."""
    places = sorted({(part.letter, part.place) for part in parts})
    letters = 1 + places[-1][0]
    new = draw(model, letters + len(places), seed)[letters:]
    targets = new[[places.index((part.letter, part.place)) for part in parts]]
    begins = torch.tensor([part.place == 0 for part in parts])[:, None]
    return torch.where(begins, codes, geometry.slerp(codes, targets, variation))
