"""What goes into a verb and what comes out: a window of somebody's music, and clips.

Verbs only write recipes; `make` is the one place that follows them. Everything is drawn and decoded by itself, with a
seed of its own, so that a clip has the same notes whatever else is made in the same run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from musicae.clips.recipe import Codes, Recipe, Style, Tokens
from musicae.corpus.windows import best_window
from musicae.errors import MusicaeError
from musicae.model import Model
from musicae.music.attributes import ATTRIBUTES
from musicae.music.chords import of_class
from musicae.music.midi import midi_bytes, read_midi, with_names
from musicae.music.representations import REPRESENTATIONS
from musicae.music.representations.base import Representation, Written
from musicae.music.score import Score, Tempo, Track, concatenate
from musicae.storage import catalog


@dataclass(frozen=True, eq=False)
class Source:
    """A window of music to start from.

    Attributes:
        chords: of its bars, as `Representation.chords` says them.
        label: the file, the bars and the tracks in words.
        name: the file's name without its suffix, which names of outputs begin with; may be empty.
    """

    tokens: Tokens
    style: Style
    label: str
    name: str = ""
    chords: str = ""


def read(
    midi: str | Path | bytes, representation: Representation, *, bar: int | None = None, track: int | None = None
) -> Source:
    """The best window of a MIDI file for a representation, or the one that starts at `bar` (from 1) of `track`.

    Raises:
        MusicaeError: the file cannot be read, or no track of it can be used; the hint names a model that could.
    """
    score = read_midi(midi)
    label, name = ("MIDI data", "") if isinstance(midi, bytes) else (str(midi), Path(midi).stem)
    try:
        choice = best_window(score, representation, bar=bar, track=track)
    except MusicaeError as error:
        hint = _another_model(score, representation) or error.hint
        raise MusicaeError(f"{label}: {error.message}", hint) from error
    tempo = [tempo.tempo_qpm for tempo in score.tempi if tempo.tick <= choice.tick][-1]
    pitched = () if representation.keeps_programs else choice.tracks
    programs = tuple(score.tracks[i].program for i in pitched if not score.tracks[i].is_drum)
    chords = representation.chords(choice.tokens)
    return Source(choice.tokens, Style(tempo, programs), f"{label}: {choice}", name, chords)


@dataclass(frozen=True, eq=False)
class Clip:
    """Music that a verb made."""

    score: Score
    recipe: Recipe

    def midi(self) -> bytes:
        """A MIDI file, with the recipe in one line as a text event."""
        return midi_bytes(with_names(self.score), text=str(self.recipe))

    def attributes(self) -> dict[str, float]:
        """Every attribute of the score."""
        return {name: float(attribute(self.score)) for name, attribute in ATTRIBUTES.items()}


def encode(model: Model, source: Source) -> Codes:
    """The posterior mean of a window, as the only row."""
    return model.encode(source.tokens[None])


def draw(model: Model, n: int, seed: int) -> Codes:
    """`n` codes from the prior; the first ones are the same for every `n`."""
    return torch.cat([model.prior(1, _seeds(seed, number)[0]) for number in range(n)])


def draw_chords(model: Model, n: int, seed: int) -> list[str]:
    """`n` times a random major or minor chord for all bars; nothing for models that are told no chords."""
    if not model.representation.shape.conditions:
        return []
    drawn = [of_class(int(np.random.default_rng((seed, number)).integers(1, 25))) for number in range(n)]
    return [" ".join([str(chord)] * model.representation.bars) for chord in drawn]


def make(model: Model, recipe: Recipe) -> Clip:
    """Follow a recipe.

    Raises:
        MusicaeError: the codes or the tokens are not of this model's kind.
    """
    recipe.check(model)
    parts: list[Tokens] = []
    for part, first in enumerate(recipe.follows or range(len(recipe.z))):
        fixed = model.representation.programs(parts[first]) if first < part else None
        parts.append(_tokens(model, recipe, part, fixed))
    scores = [model.representation.decode(tokens) for tokens in parts]
    return Clip(_styled(concatenate(scores), recipe.style), recipe)


def make_each(model: Model, recipes: Sequence[Recipe]) -> Iterator[Clip]:
    """Follow recipes one after the other: a clip is made when it is asked for.

    Raises:
        MusicaeError: as `make`, at once.
    """
    for recipe in recipes:
        recipe.check(model)
    return (make(model, recipe) for recipe in recipes)


def _another_model(score: Score, representation: Representation) -> str:
    """The hint for a score that only models of another representation read; empty if they do not either."""
    if representation.streams(score)[0]:
        return ""
    bars = representation.bars
    kinds = [name for name in REPRESENTATIONS if _reads(name, bars, score)]
    if not kinds:
        return ""
    models, _ = catalog.described()
    readers = [model for model in models if model.representation in kinds]
    if not readers:
        return f"a model of {' or '.join(kinds)} reads it; train one with musicae train"
    nearest = min(readers, key=lambda model: abs(model.bars - bars))
    return f"a model of {' or '.join(kinds)} reads it: -m {nearest.name}"


def _reads(name: str, bars: int, score: Score) -> bool:
    try:
        return bool(REPRESENTATIONS[name](bars=bars).streams(score)[0])
    except MusicaeError:  # it has no windows of so many bars
        return False


def _tokens(model: Model, recipe: Recipe, part: int, fixed: Written | None) -> Tokens:
    if part in recipe.exact:
        return recipe.exact[part]
    _, seed = _seeds(recipe.seed or 0, recipe.draws[part])
    told = model.representation.condition_of(recipe.chords[part] if recipe.chords else "")
    z, temperature = recipe.z[part : part + 1], recipe.temperature
    kept = None if fixed is None else fixed[None]
    tokens: Tokens = model.decode(z, told[None], fixed=kept, temperature=temperature, seed=seed)[0]
    return tokens


def _seeds(seed: int, number: int) -> tuple[int, int]:
    """The seeds of the code and of the decoding of one part of a run."""
    code, decoding = np.random.SeedSequence((seed, number)).generate_state(2)
    return int(code), int(decoding)


def _styled(score: Score, style: Style) -> Score:
    """The score at the style's tempo and, if it has as many pitched tracks, with the style's programs."""
    programs = iter(style.programs)
    pitched = [track for track in score.tracks if not track.is_drum]
    tracks: tuple[Track, ...] = score.tracks
    if len(pitched) == len(style.programs):
        tracks = tuple(t if t.is_drum else replace(t, program=next(programs)) for t in score.tracks)
    return replace(score, tracks=tracks, tempi=(Tempo(0, style.tempo_qpm),))
