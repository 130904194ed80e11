"""Pieces over chord progressions: one code under every chord, or a way through codes, bar after bar."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import torch

from musicae import walk
from musicae.clip import Clip, Source, draw, encode, make
from musicae.errors import MusicaeError
from musicae.model import Model
from musicae.music.chords import split_symbols
from musicae.recipe import Codes, Recipe, Style

CONTRAST = 0.5
"""How far a further section lies from the first one, on the way to new music."""


@dataclass(frozen=True)
class Song:
    """The plan of a piece.

    Attributes:
        chords: symbols of one section's chords, e.g. "C Am F G".
        form: a letter for every section; equal letters have equal codes.
        repeat: how often the form is played.
    """

    chords: str
    bars_per_chord: int = 1
    form: str = "A"
    repeat: int = 1

    def parts(self, bars: int) -> list[tuple[str, str]]:
        """The letter and the chords, one symbol a bar, of every clip of so many bars.

        Raises:
            MusicaeError: the clips do not fill a section, or there is no section.
        """
        section = [symbol for symbol in split_symbols(self.chords) for _ in range(self.bars_per_chord)]
        if len(section) % bars or not section or not self.form:
            hint = f"give a form like AABA, and chords for a multiple of {bars} bars"
            raise MusicaeError(f"a form of {self.form!r} and sections of {len(section)} bars make no piece", hint)
        clips = [" ".join(section[i : i + bars]) for i in range(0, len(section), bars)]
        return [(letter, chords) for letter in self.form * self.repeat for chords in clips]


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

    Every section has one code, and its bars have the programs of its first bar. The first section has the code of
    `start`, or one from the prior; others lie half way from it to new music. With `end`, the codes of the sections lead
    from the first to that of `end`; a piece of one section goes there bar by bar, and programs change on the way.

    Args:
        start, end: music that the piece comes from and leads to.
        variation: how far, from 0 to 1, every bar but the first of a section moves towards new music.

    Raises:
        MusicaeError: the model is told no chords, or a chord is none.
    """
    if not model.representation.shape.given:
        raise MusicaeError(f"model {model.name} is told no chords", "choose one whose name ends in -chords with -m")
    parts = song.parts(model.representation.bars)
    letters = list(dict.fromkeys(letter for letter, _ in parts))
    numbers = [letters.index(letter) for letter, _ in parts]
    first = [numbers.index(number) for number in numbers]
    new = draw(model, len(letters) + len(parts), seed)
    base = encode(model, start) if start else new[:1]
    wandering = end is not None and len(letters) == 1
    if end is None:
        sections = torch.cat([base, walk.slerp(base, new[1 : len(letters)], CONTRAST)])
    else:
        sections = walk.path(base[0], encode(model, end)[0], len(parts) if wandering else len(letters))
    z: Codes = sections if wandering else sections[numbers]
    later = torch.tensor([i > lead for i, lead in enumerate(first)])[:, None]
    z = torch.where(later, walk.slerp(z, new[len(letters) :], variation), z)
    recipe = Recipe.of(
        model,
        "compose",
        z,
        {**asdict(song), "variation": variation, "from": start.label if start else "", "to": end.label if end else ""},
        seed=seed,
        temperature=temperature,
        style=Style(tempo_qpm),
        chords=[chords for _, chords in parts],
        follows=() if wandering else tuple(first),
        origin="-".join(source.name for source in (start, end) if source and source.name),
        drawn=True,
    )
    return make(model, recipe)
