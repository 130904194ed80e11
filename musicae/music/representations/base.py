"""The contract of a token representation: what a codec between scores and integer tokens must say of itself."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np
from jaxtyping import Bool, Float, Integer

from musicae.errors import MusicaeError
from musicae.music.chords import NO_CHORD, Chord, of_class
from musicae.music.meter import COMMON_TIME, SIXTEENTHS, BarGrid
from musicae.music.score import Score

SHIFTS = range(-5, 7)
"""Semitones by which a window may be transposed while training; one row of every transposition table each."""

TokenArray = Integer[np.ndarray, "segment step field"]
FieldTokens = Integer[np.ndarray, "segment step target"]
ConditionArray = Integer[np.ndarray, "segment step condition"]
"""Two parts of the columns of tokens: those of `Shape.fields`, and those of `Shape.conditions`."""

CHORD = "chord"
"""The name of the condition that holds the class of the chord of every bar."""


@dataclass(frozen=True, eq=False)
class Field:
    """One value inside a step.

    Attributes:
        name: what the value is, e.g. "melody".
        vocabulary: number of tokens.
        features: one row of input features per token; one-hot rows when the token has no inner structure.
        transposition: the token that `token` becomes under each of `SHIFTS`; -1 where it leaves the range.
        onsets: the tokens that start a note or a hit.
        rest: the token that ends whatever sounds.
        end: the token after which nothing follows in its segment, or -1 if there is none.
        untransposed_marker: the token that opens segments which no transposition moves (drums); -1: none.
        reharmonization: the token that `token` becomes when the chord turns into another triad on its root; None
            where nothing is conditioned on chords.
    """

    name: str
    vocabulary: int
    features: Float[np.ndarray, "vocabulary width"]
    transposition: Integer[np.ndarray, "shift vocabulary"]
    onsets: range
    end: int = -1
    rest: int = 0
    untransposed_marker: int = -1
    reharmonization: Integer[np.ndarray, "chord triad vocabulary"] | None = None


@dataclass(frozen=True)
class AtMostOne:
    """At most one of every `segments` segments in a row opens with `token` in a field: one drum track a bar, say."""

    field: int
    token: int
    segments: int


@dataclass(frozen=True)
class NoLeading:
    """Before the first of its `onsets` in a window, a field has token 0 in place of `token`, its note-off.

    The note that a leading note-off ends began before the window, so that two windows that differ only there sound the
    same.
    """

    field: int
    token: int
    onsets: range


Constraint = AtMostOne | NoLeading
"""What holds of the tokens of every window, whatever wrote them. Fields are counted from 0."""


@dataclass(frozen=True, eq=False)
class Shape:
    """What networks know of a representation: the token grid `[segment, step, field]` and its fields.

    Attributes:
        fields: what is encoded and decoded.
        conditions: what encoder and decoder are conditioned on (a chord); the last columns of the tokens.
        constraints: what holds of the fields of every window.
    """

    segments: int
    steps: int
    fields: tuple[Field, ...]
    conditions: tuple[Field, ...] = ()
    constraints: tuple[Constraint, ...] = ()

    @property
    def columns(self) -> tuple[Field, ...]:
        """The fields of all columns of the tokens."""
        return self.fields + self.conditions

    @property
    def no_leading(self) -> tuple[NoLeading, ...]:
        """The constraints of this kind."""
        return tuple(constraint for constraint in self.constraints if isinstance(constraint, NoLeading))

    def column(self, name: str) -> int:
        """The index of the column of that name; -1 if there is none."""
        return next((index for index, field in enumerate(self.columns) if field.name == name), -1)


@dataclass(frozen=True, eq=False)
class Stream:
    """Tokens of a whole piece for one choice of tracks; windows are slices of it.

    Attributes:
        tokens: the token grid, all bars in a row.
        playing: per part and bar, how many instruments sound or start.
        bars: for every bar, its number in the file, from 0. Numbers jump where bars of other meters were cut out;
            a window never crosses a jump.
        tracks: indices into `score.tracks` that this stream reads.
        label: the choice of tracks in words, e.g. "track 3 'Lead' (Flute)".
        parts: for every field, the indices of the tracks that it reads; none where events of all tracks share a field.
        played: where that differs, the places of the bars in which tracks are read, by those that are read as one.
        trimmed: by what there was too much of, in a few fixed words, the bars that have therefore lost something.
    """

    tokens: Integer[np.ndarray, "time field"]
    playing: Integer[np.ndarray, "part bar"]
    bars: Integer[np.ndarray, " bar"]
    tracks: tuple[int, ...]
    label: str
    parts: tuple[tuple[int, ...], ...] = ()
    played: Mapping[tuple[int, ...], Integer[np.ndarray, " place"]] | None = None
    trimmed: dict[str, Bool[np.ndarray, " bar"]] = field(default_factory=dict)


@dataclass(frozen=True)
class Refusal:
    """Why a track, or the whole score when `track` is -1, cannot be used.

    `reason` is one of a few fixed short strings, so that reasons can be counted; `remedy` says what it would need.
    """

    track: int
    reason: str
    remedy: str


class Representation(ABC):
    """A codec between scores and tokens, and nothing else.

    Laws: `encode(decode(tokens))` is idempotent after one round; a canonical score survives `decode(encode(score))`;
    any token array in the vocabulary decodes to a valid score.
    """

    name: str
    bars: int
    shape: Shape
    arguments: dict[str, Any]
    """What the representation was built with."""
    grid: BarGrid = SIXTEENTHS
    """The bar that it counts in."""
    keeps_velocities = False
    """Whether tokens say how loud notes are."""
    program_steps = 0
    """So many of the first steps of a segment say which program plays it."""

    @abstractmethod
    def __init__(self, *, bars: int, meter: str = COMMON_TIME) -> None:
        """For windows of `bars` bars of a meter; it sets `bars`, `grid`, `shape` and `arguments`."""

    @abstractmethod
    def encode(self, score: Score) -> TokenArray:
        """The first `bars` bars of a score, padded with rests; the first of its `readings` is read.

        Raises:
            MusicaeError: no track of the score can be used.
        """

    @abstractmethod
    def decode(self, tokens: TokenArray) -> Score:
        """A score of exactly `bars` bars. Tokens that mean nothing where they stand are ignored."""

    @abstractmethod
    def streams(
        self, score: Score, asked: int | None = None, *, partial: bool = False
    ) -> tuple[list[Stream], list[Refusal]]:
        """Every choice of tracks to read, in order of preference, and why the other tracks cannot be used.

        Args:
            asked: a track that is read if it can be, even where others are preferred.
            partial: where parts are missing, read the others, with rests in place of those.
        """

    @final
    def readings(self, score: Score, asked: int | None = None) -> tuple[list[Stream], list[Refusal]]:
        """`streams`, with rests in place of parts that are missing."""
        return self.streams(score, asked, partial=True)

    @abstractmethod
    def generate(self, generator: np.random.Generator) -> Score:
        """A random canonical score: one that `decode(encode(score))` gives back."""

    def silence_from(self, quarters: float) -> FieldTokens:
        """Tokens of a window in which nothing sounds from so many quarters after its start on; -1 before that."""
        shape, step = self.shape, math.ceil(quarters * self.grid.steps_per_quarter)
        tokens = np.full((self.window, len(shape.fields)), -1)
        tokens[step:] = 0
        tokens[step : step + 1] = [field.rest for field in shape.fields]
        return tokens.reshape(shape.segments, shape.steps, -1)

    def mixture(self, a: TokenArray, b: TokenArray, share: float) -> TokenArray:
        """A window of which a share, from 0 to 1, is another one: it begins as `b` does, and ends as `a` does."""
        ragged = any(field.end >= 0 for field in self.shape.fields)  # rows of events stay whole
        rows = a.reshape(len(a) if ragged else self.shape.segments * self.shape.steps, -1)
        cut = round(share * len(rows))
        return np.concatenate([b.reshape(rows.shape)[:cut], rows[cut:]]).reshape(a.shape)

    @property
    @final
    def has_chords(self) -> bool:
        """Whether encoder and decoder are conditioned on the chord of every bar."""
        return self.shape.column(CHORD) >= 0

    @final
    def condition_of(self, chords: Sequence[Chord]) -> ConditionArray:
        """The condition of a window: one chord for every bar, or none, which is N.C. in every bar.

        Raises:
            MusicaeError: nothing is conditioned on chords here, or there are more or fewer chords than bars.
        """
        if chords and not self.has_chords:
            message = f"{self} is not conditioned on chords"
            hint = "omit the chords, or choose a model with chords"
            raise MusicaeError(message, hint, kind="no-chords")
        if chords and len(chords) != self.bars:
            raise MusicaeError(f"{len(chords)} chords for {self.bars} bars", "give one chord for every bar")
        shape = self.shape
        condition = np.zeros((shape.segments, shape.steps, len(shape.conditions)), dtype=np.int64)
        if self.has_chords:
            classes = [chord.index for chord in chords or [NO_CHORD] * self.bars]
            by_segment = np.repeat(classes, shape.segments // self.bars)
            condition[..., shape.column(CHORD) - len(shape.fields)] = by_segment[:, None]
        return condition

    @final
    def chords_of(self, tokens: TokenArray) -> tuple[Chord, ...]:
        """The chord of every bar; none where nothing is conditioned on chords, or of tokens without conditions."""
        column = self.shape.column(CHORD)
        if not 0 <= column < tokens.shape[-1]:
            return ()
        classes = tokens[:: self.shape.segments // self.bars, 0, column]
        return tuple(of_class(int(index)) for index in classes)

    @property
    @final
    def pitched_parts(self) -> int:
        """Fields that a transposition moves: 0 where there are only drums."""
        tables = (field.transposition for field in self.shape.fields)
        return sum(bool((table != table[SHIFTS.index(0)]).any()) for table in tables)

    @property
    @final
    def keeps_programs(self) -> bool:
        """Whether tokens say which programs play; where they do not, a clip takes those of its source."""
        return self.program_steps > 0

    @final
    def programs(self, tokens: TokenArray) -> FieldTokens:
        """The tokens that say which programs play, and -1 in place of all others; no conditions."""
        fields = tokens[..., : len(self.shape.fields)]
        programs = np.full_like(fields, -1)
        programs[:, : self.program_steps] = fields[:, : self.program_steps]
        return programs

    def band(self, programs: Sequence[int]) -> FieldTokens:
        """Tokens that say that these programs play in every bar, and no others; -1 where the decoder is free.

        Args:
            programs: of General MIDI, and `DRUM_KIT`.

        Raises:
            MusicaeError: tokens say nothing of programs here, or there are too few or too many.
        """
        raise MusicaeError(f"{self} does not choose who plays", "choose a model of several instruments")

    def __eq__(self, other: object) -> bool:
        """Whether another one has the same tokens."""
        return isinstance(other, Representation) and (self.name, self.arguments) == (other.name, other.arguments)

    def __hash__(self) -> int:
        return hash((self.name, self.bars))

    def __str__(self) -> str:
        """The representation in words."""
        bars = "1 bar" if self.bars == 1 else f"{self.bars} bars"
        meter = "" if self.grid.meter == COMMON_TIME else f" of {self.grid.meter}"
        return f"{self.name} of {bars}{meter}{', with chords' if self.has_chords else ''}"

    @property
    def window(self) -> int:
        """Length of a window in rows of a stream."""
        return self.shape.segments * self.shape.steps
