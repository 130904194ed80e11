"""What goes into a verb and what comes out: a window of somebody's music, and clips.

Verbs only write recipes; `make` is the one place that follows them. Everything is drawn and decoded by itself, with a
seed of its own, so that a clip has the same notes whatever else is made in the same run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from musicae.clips.recipe import Codes, Recipe, Style, Tokens
from musicae.clips.source import Source
from musicae.model import Model
from musicae.music.attributes import ATTRIBUTES
from musicae.music.chords import progression
from musicae.music.midi import midi_bytes, with_names
from musicae.music.representations.base import FieldTokens
from musicae.music.score import Score, Tempo, Track, concatenate
from musicae.seeds import child_seeds


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


def _tokens(model: Model, recipe: Recipe, part: int, fixed: FieldTokens | None) -> Tokens:
    if part in recipe.exact:
        return recipe.exact[part]
    _, seed = child_seeds(recipe.seed or 0, recipe.draws[part], n=2)
    chords = progression(recipe.chords[part]) if recipe.chords else ()
    told = model.representation.condition_of(chords)
    z, temperature = recipe.z[part : part + 1], recipe.temperature
    kept = None if fixed is None else fixed[None]
    tokens: Tokens = model.decode(z, told[None], forced=kept, temperature=temperature, seed=seed)[0]
    return tokens


def _styled(score: Score, style: Style) -> Score:
    """The score at the style's tempo and, if it has as many pitched tracks, with the style's programs."""
    programs = iter(style.programs)
    pitched = [track for track in score.tracks if not track.is_drum]
    tracks: tuple[Track, ...] = score.tracks
    if len(pitched) == len(style.programs):
        tracks = tuple(t if t.is_drum else replace(t, program=next(programs)) for t in score.tracks)
    return replace(score, tracks=tracks, tempi=(Tempo(0, style.tempo_qpm),))
