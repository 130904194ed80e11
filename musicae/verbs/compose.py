"""Pieces over chord progressions: one code under every chord, or a path through codes, bar after bar."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from musicae import geometry
from musicae.clips.clip import Clips
from musicae.clips.draws import draw
from musicae.clips.limits import require_whole, require_within
from musicae.clips.recipe import Part, Recipe
from musicae.clips.render import check_recipe, likeliest, likeliest_windows, recipe_of, windows_of
from musicae.clips.source import AnySource, Music, encode_source, model_for, source_for
from musicae.clips.style import Style
from musicae.errors import MusicaeError
from musicae.model import Codes, Model
from musicae.music.arrangement import arranged, beat, final_bar, resting_chord, scale_of
from musicae.music.chords import Chord, progression
from musicae.music.continuity import Excerpt, role_change
from musicae.music.instruments import band_of
from musicae.music.key import Key, parse_key
from musicae.music.note_distance import instruments_of, onsets_of
from musicae.music.representations.melody import BASSES
from musicae.music.score import DRUM_KIT, Score
from musicae.music.transposition import chords_into
from musicae.seeds import child_seeds, fresh_seed

FINAL_BAR = "final bar"
"""The name of the section that ends a piece."""

CONTRAST = 0.5
"""How far a further section lies from the first one, on the path to new music."""

BANDS_TRIED = 64
"""Draws of which the most like a band are taken: of few drums play a beat."""

USUAL_OTHERS = 2
"""Instruments of a band, besides bass and drums."""

OTHERS_TRIED = 8
"""Draws for every further section, among which it is chosen."""

TUNE_PITCHES = (60, 79)
"""Between these, C4 and G5, lies the mean pitch of an instrument that may play a tune."""

MOST_PIECE_BARS = 2_000
"""Of a piece; more than an hour at 120 qpm."""


Progression = str | Sequence[Chord | str]
"""Chords as text ("C Am F G"), or one by one."""


class Passage(NamedTuple):
    """One window of a piece: the number of its letter, its place in the section, and its chords, one a bar."""

    letter: int
    place: int
    chords: tuple[Chord, ...]


@dataclass(frozen=True)
class Song:
    """The plan of a piece.

    Attributes:
        chords: of one section, as text ("C Am F G") or one by one; or of every section, by its letter.
        form: a letter for every section.
        repeat: number of times the form is played.
        own_instruments: every section has its own, and on a path to other music they change bar by bar; otherwise those
            of the first bar play everything.
        final_bar: whether one bar more ends it, on the home chord, which is held.
        band: all that play, as `instruments.band_of` names them, or programs and `DRUM_KIT`; the model chooses where
            there are none.

    Raises:
        MusicaeError: a number is not one, or out of its range, or there is no such form or instrument.
    """

    chords: Progression | Mapping[str, Progression]
    bars_per_chord: int = 1
    form: str = "A"
    repeat: int = 1
    own_instruments: bool = False
    band: tuple[int | str, ...] = ()
    final_bar: bool = False

    def __post_init__(self) -> None:
        require_whole("bars_per_chord", self.bars_per_chord, 1)
        require_whole("repeat", self.repeat, 1)
        if not (isinstance(self.form, str) and self.form.isalpha() and self.form.isupper()):
            hint = "give one capital letter per section and nothing else, like AABA"
            raise MusicaeError(f"{self.form!r:.60} is not a form", hint)
        if isinstance(self.band, str) or not isinstance(self.band, Sequence):
            raise MusicaeError(f"the band is {self.band!r:.60}, not several names", 'give a list: ["piano", "bass"]')
        if not isinstance(self.final_bar, bool):
            raise MusicaeError(f"final_bar is {self.final_bar!r:.60}", "give True or False")
        for program in self.programs:
            require_whole("a program of the band", program, 0, DRUM_KIT)

    @cached_property
    def sections(self) -> dict[str, tuple[Chord, ...]]:
        """The chords of all bars of every section, by its letter.

        Raises:
            MusicaeError: a section has none, or one of them is not a chord symbol.
        """
        found = {}
        for letter in self.letters:
            if isinstance(self.chords, Mapping) and letter not in self.chords:
                raise MusicaeError(f"section {letter} has no chords", "give chords for every letter of the form")
            given = self.chords[letter] if isinstance(self.chords, Mapping) else self.chords
            bars = (chord for chord in chords_of(given) for _ in range(self.bars_per_chord))
            found[letter] = tuple(replace(chord, notice="") for chord in bars)
        return found

    @property
    def programs(self) -> tuple[int, ...]:
        """Those of the band."""
        return tuple(program for one in self.band for program in (band_of([one]) if isinstance(one, str) else (one,)))

    @property
    def every_chord(self) -> list[Chord]:
        """Those of all sections."""
        return [chord for section in self.sections.values() for chord in section]

    def in_key(self, key: Key | str) -> Song:
        """The song with its chords moved into a key by the shorter way (`transposition.chords_into`).

        Raises:
            MusicaeError: there is no such key.
        """
        key = key if isinstance(key, Key) else parse_key(key)
        _, _, semitones = chords_into(self.every_chord, key)
        return self.transposed(semitones)

    def transposed(self, semitones: int) -> Song:
        """The song with its chords higher by semitones, or lower."""
        require_whole("semitones", semitones, -math.inf)
        moved = {letter: [chord.transpose(semitones) for chord in chords] for letter, chords in self.sections.items()}
        return replace(self, chords=moved, bars_per_chord=1)

    @property
    def letters(self) -> str:
        """Those of the form, each once."""
        return "".join(dict.fromkeys(self.form))

    def name_of(self, passage: Passage) -> str:
        """The letter of the section that a passage begins, where there is more than one section."""
        begins = passage.place == 0 and len(self.form) * self.repeat > 1
        return self.letters[passage.letter] if begins else ""

    def passages(self, bars: int) -> list[Passage]:
        """Every window, of this many bars each.

        Raises:
            MusicaeError: the windows do not fill a section, there is no section, or there are too many.
        """
        counts = {letter: len(chords) for letter, chords in self.sections.items()}
        for count in counts.values():
            if count % bars or not count:
                hint = f"give chords for a multiple of {bars} bars"
                raise MusicaeError(f"{self.repeat} times sections of {count} bars do not fill whole windows", hint)
        if (length := sum(counts[letter] for letter in self.form) * self.repeat + self.final_bar) > MOST_PIECE_BARS:
            hint = f"give fewer sections, repetitions or bars per chord: at most {MOST_PIECE_BARS} bars"
            raise MusicaeError(f"a piece of {length} bars is too long", hint)
        return [
            Passage(self.letters.index(letter), place, self.sections[letter][start : start + bars])
            for letter in self.form * self.repeat
            for place, start in enumerate(range(0, counts[letter], bars))
        ]


def chords_of(given: Progression) -> list[Chord]:
    """The chords of a progression.

    Raises:
        MusicaeError: one is not a chord symbol, or there is none.
    """
    if isinstance(given, str):
        return progression(given)
    if not isinstance(given, Sequence) or not all(isinstance(one, str | Chord) for one in given):
        raise MusicaeError(f"{given!r:.60} is not a chord progression", "give chord symbols: 'C Am F G'")
    return [chord for one in given for chord in (progression(one) if isinstance(one, str) else [one])]


def compose(
    model: Model | str | Path,
    song: Song | Progression,
    start: Music | None = None,
    end: Music | None = None,
    *,
    variation: float = 0.15,
    loose: bool = False,
    temperature: float = 0.5,
    seed: int | None = None,
    tempo_qpm: float = 120.0,
) -> Clips:
    """One clip of all bars, each decoded under its chord and put in order (`music.arrangement`).

    Sections of one letter are the same music, with one code and one draw. The first letter has the code of `start`, or
    of some draws the one that is most like a band; further ones lie half way from it to new music, and of
    some those are taken in which the instruments stay in their roles.

    With `end`, the codes lead there in even steps:
    window by window of the whole piece where the form has one letter, else through the sections in the order in which
    they come in, each of which is the same music when it is played again.

    Args:
        song: or the chords of its only section, as text or as chords.
        start, end: music that the piece comes from and leads to.
        loose: onsets and lengths are not quantized.
        variation: how far, from 0 to 1, every window but the first of a section moves towards new music; the same one
            wherever the section is played again.
        tempo_qpm: of a piece without `start` and `end`; else it has the tempo of the first of them.

    Raises:
        MusicaeError: the model has no chords, a chord symbol is not valid, there is no path to lead along, or a number
            is out of its range.
    """
    require_within("variation", variation, 0, 1)
    model, actual_seed = model_for(model), fresh_seed(seed)
    model.require_chords()
    song = song if isinstance(song, Song) else Song(song)
    passages = song.passages(model.representation.bars)
    first, last = (None if music is None else source_for(model, music) for music in (start, end))
    codes = _codes(model, passages, song, first, last, actual_seed)
    z = _varied(model, codes, passages, song, variation, actual_seed, arrives=last is not None)
    random = temperature > 0 or first is None or variation > 0 or (last is None and len(song.letters) > 1)
    ends = [source for source in (first, last) if source]
    recipe = recipe_of(
        model,
        "compose",
        _parts(model, z, passages, song, on_path=last is not None and len(song.letters) == 1),
        seed=actual_seed if random else None,
        temperature=temperature,
        style=Style(ends[0].style.tempo_qpm, meter=ends[0].style.meter) if ends else Style(tempo_qpm),
        arguments=_arguments(song, variation, first, last),
        origin="-".join(source.name for source in ends if source.name),
    )
    return Clips.of(model, _in_order(model, recipe, song, loose))


def _in_order(model: Model, recipe: Recipe, song: Song, loose: bool) -> Recipe:
    """The recipe with the tokens of its bars as they are when they are in order."""
    representation, parts, moved, pitched = model.representation, [], 0, 0
    scale = scale_of(song.every_chord)
    check_recipe(model, recipe)
    for part, window in zip(recipe.parts, windows_of(model, recipe), strict=True):
        score = representation.decode(window)
        if part.section == FINAL_BAR:
            score = final_bar(score, score.end // len(part.chords))
        found = arranged(score, part.chords, scale, loose=loose)
        tokens = representation.encode(found.score)[..., : len(representation.shape.fields)]
        moved, pitched = moved + found.moved, pitched + found.pitched
        parts.append(replace(part, programs_of=None, forced_tokens=tokens))
    share = round(moved / pitched, 4) if pitched else 0.0
    return replace(recipe, parts=tuple(parts), arguments={**recipe.arguments, "moved_into_key": share})


def _arguments(song: Song, variation: float, first: AnySource | None, last: AnySource | None) -> dict[str, object]:
    given = song.chords if isinstance(song.chords, Mapping) else {"": song.chords}
    chords = "; ".join(f"{letter}: {_text(one)}" if letter else _text(one) for letter, one in given.items())
    plan = {"chords": chords, "bars_per_chord": song.bars_per_chord, "form": song.form, "repeat": song.repeat}
    ends = {"from": first.label if first else "", "to": last.label if last else ""}
    return {**plan, "final_bar": song.final_bar, "variation": variation, **ends}


def _text(given: Progression) -> str:
    return given if isinstance(given, str) else " ".join(map(str, given))


def _parts(model: Model, z: Codes, passages: Sequence[Passage], song: Song, *, on_path: bool) -> list[Part]:
    """A part for every passage. Parts that draw with the same random numbers keep their rhythm from chord to chord.

    Args:
        on_path: whether every passage has a code of its own on the way to other music; all then draw alike.
    """
    letters = [passage.letter for passage in passages]
    draws = [0] * len(passages) if on_path else [letters.index(letter) for letter in letters]
    band = model.representation.band(song.programs) if song.band else None
    parts = []
    for number, (code, drawn, passage) in enumerate(zip(z, draws, passages, strict=True)):
        leader = (number if on_path else drawn) if song.own_instruments else 0
        programs_of = leader if leader < number and band is None else None
        parts.append(Part(code, drawn, passage.chords, programs_of, band, section=song.name_of(passage)))
    if song.final_bar:
        chords = (resting_chord(song.every_chord),) * model.representation.bars
        before = len(parts) - 1 if band is None else None
        parts.append(replace(parts[-1], chords=chords, programs_of=before, section=FINAL_BAR, bars=1))
    return parts


def _codes(
    model: Model,
    passages: Sequence[Passage],
    song: Song,
    start: AnySource | None,
    end: AnySource | None,
    seed: int,
) -> Codes:
    """The code of every passage before it varies."""
    letters = [passage.letter for passage in passages]
    new = _draws(model, 1 + max(letters) * OTHERS_TRIED, passages[0], song, seed)
    base = encode_source(model, start) if start else new[:1]
    if end is None:
        others = geometry.slerp(base, new[1:], CONTRAST)
        if len(others) and not song.own_instruments:
            others = others[_by_roles(model, base[0], others, passages[0], song)]
        return torch.cat([base, others])[letters]
    if len(passages) == 1:
        raise MusicaeError("a piece of one clip leads nowhere", "give more chords, or no end", kind="single-clip")
    route = _route(passages)
    return geometry.path(base[0], encode_source(model, end)[0], 1 + max(route))[route]


def _by_roles(model: Model, base: Float[Tensor, " size"], others: Codes, passage: Passage, song: Song) -> list[int]:
    """The places of other codes, those first whose music keeps the instruments of the first one in their roles."""
    band = model.representation.band(song.programs) if song.band else None
    (window,) = likeliest_windows(model, [Part(base, chords=passage.chords, forced_tokens=band)])
    before = model.representation.decode(window)
    forced = model.representation.programs(window) if band is None else band
    scores = likeliest(model, [Part(z, chords=passage.chords, forced_tokens=forced) for z in others])
    changes = [role_change(Excerpt(before, before.end), Excerpt(score, score.end)) for score in scores]
    return sorted(range(len(others)), key=changes.__getitem__)


def _draws(model: Model, n: int, passage: Passage, song: Song, seed: int) -> Codes:
    """Codes of new music: of some draws those that sound most like a band, the best one first."""
    codes = draw(model, BANDS_TRIED + 4 * n, seed)
    band = model.representation.band(song.programs) if song.band else None
    scores = likeliest(model, [Part(z, chords=passage.chords, forced_tokens=band) for z in codes])
    merits = [_merits(score, asked=band is not None) for score in scores]
    return codes[sorted(range(len(codes)), key=merits.__getitem__, reverse=True)[:n]]


def _merits(score: Score, *, asked: bool) -> tuple[float, ...]:
    """How much a bar is one of a band: who plays, whether drums play a beat and anybody a tune, and how many notes.

    Args:
        asked: whether who may play is fixed; otherwise a band has a bass, drums and `USUAL_OTHERS`.
    """
    playing, notes = instruments_of(score), float(onsets_of(score).total())
    means = [float(t.notes.pitch.mean()) for t in score.tracks if len(t.notes) and not t.is_drum]
    roles = beat(score) + any(TUNE_PITCHES[0] <= mean <= TUNE_PITCHES[1] for mean in means)
    if asked:
        return float(len(playing)), roles, notes
    basses = playing & set(BASSES)
    return roles - abs(len(basses) - 1) - 0.5 * abs(len(playing - basses - {DRUM_KIT}) - USUAL_OTHERS), notes


def _varied(
    model: Model,
    codes: Codes,
    passages: Sequence[Passage],
    song: Song,
    variation: float,
    seed: int,
    *,
    arrives: bool,
) -> Codes:
    """Codes moved towards new ones, except those that begin a section; alike wherever a section is played.

    Args:
        arrives: what a path ends with does not move either.
    """
    places = _places(passages)
    targets = _draws(model, 1 + max(places), passages[0], song, child_seeds(seed)[0])[places]
    begins: Bool[Tensor, " part"] = torch.tensor([passage.place == 0 for passage in passages])
    route = torch.tensor(_route(passages))
    fixed = begins | ((route == route.max()) & arrives)
    return torch.where(fixed[:, None], codes, geometry.slerp(codes, targets, variation))


def _route(passages: Sequence[Passage]) -> list[int]:
    """The place of every passage on a path: of all passages where there is one section, else of those that differ."""
    return _places(passages) if any(passage.letter for passage in passages) else list(range(len(passages)))


def _places(passages: Sequence[Passage]) -> list[int]:
    """The place of every passage among those that differ, by letter, then by place in the section."""
    distinct = sorted({(passage.letter, passage.place) for passage in passages})
    return [distinct.index((passage.letter, passage.place)) for passage in passages]
