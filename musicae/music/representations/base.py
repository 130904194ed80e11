"""The contract of a token representation: what a codec between scores and integer tokens must say of itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Integer

from musicae.errors import MusicaeError
from musicae.music.score import Score

SHIFTS = range(-5, 7)
"""Semitones by which a window may be transposed while training; one row of every transposition table each."""

Tokens = Integer[np.ndarray, "segment step field"]
Written = Integer[np.ndarray, "segment step written"]
Given = Integer[np.ndarray, "segment step given"]
"""Two parts of the columns of tokens: those of `Shape.fields`, and those of `Shape.conditions`."""


@dataclass(frozen=True, eq=False)
class Field:
    """One value inside a step.

    Attributes:
        name: what the value is, e.g. "melody".
        vocabulary: number of tokens.
        features: one row of input features per token; one-hot rows when the token has no inner structure.
        transposition: the token that `token` becomes under each of `SHIFTS`; -1 where it leaves the range.
        onsets: the tokens that start a note or a hit.
        end: the token after which nothing follows in its segment, or -1 if there is none.
        at_most_one: a token that opens at most one of every so many segments, and their number; -1: none.
        leading_note_off: the note-off, which before the first onset of a window ends nothing and is read as token 0;
            -1: none.
        untransposed_marker: the token that opens segments which no transposition moves (drums); -1: none.
        reharmonization: the token that `token` becomes when the chord that is given turns into another triad on its
            root; None where no chord is given.
    """

    name: str
    vocabulary: int
    features: Float[np.ndarray, "vocabulary width"]
    transposition: Integer[np.ndarray, "shift vocabulary"]
    onsets: range
    end: int = -1
    at_most_one: tuple[int, int] = (-1, 1)
    leading_note_off: int = -1
    untransposed_marker: int = -1
    reharmonization: Integer[np.ndarray, "chord triad vocabulary"] | None = None


@dataclass(frozen=True, eq=False)
class Shape:
    """What networks know of a representation: the token grid `[segment, step, field]` and its fields.

    Attributes:
        fields: what is encoded and decoded.
        conditions: what encoder and decoder are told besides (a chord); the last columns of the tokens.
    """

    segments: int
    steps: int
    fields: tuple[Field, ...]
    conditions: tuple[Field, ...] = ()

    @property
    def columns(self) -> tuple[Field, ...]:
        """The fields of all columns of the tokens."""
        return self.fields + self.conditions


@dataclass(frozen=True, eq=False)
class Stream:
    """Tokens of a whole piece for one choice of tracks; windows are slices of it.

    Attributes:
        tokens: the token grid, all bars in a row.
        silent: per part and bar, whether nothing sounds and nothing starts.
        bars: for every bar, its number in the file, from 0. Numbers jump where bars of other meters were cut out;
            a window never crosses a jump.
        tracks: indices into `score.tracks` that this stream reads.
        label: the choice of tracks in words, e.g. "track 2 'Lead' (program 80)".
        played: in which bars each of the tracks is read, where that differs.
        trimmed: by what there was too much of, in a few fixed words, the bars that have therefore lost something.
    """

    tokens: Integer[np.ndarray, "time field"]
    silent: Bool[np.ndarray, "part bar"]
    bars: Integer[np.ndarray, " bar"]
    tracks: tuple[int, ...]
    label: str
    played: Bool[np.ndarray, "track bar"] | None = None
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
    """A codec between scores and tokens.

    Laws: `encode(decode(tokens))` is idempotent after one round; a canonical score survives `decode(encode(score))`;
    any token array in the vocabulary decodes to a valid score.
    """

    name: str
    bars: int
    shape: Shape
    max_silent_bars: int
    """A window may hold at most this many silent bars in a row, in every part."""
    silence = "too silent"
    """What a window is called that holds more."""
    min_pitches: int
    """A window must hold at least this many distinct onset tokens (in its first field)."""
    keeps_programs = False
    """Whether tokens say which programs play; where they do not, a clip takes those of its source."""

    @abstractmethod
    def __init__(self, *, bars: int) -> None:
        """For windows of `bars` bars."""

    @abstractmethod
    def encode(self, score: Score) -> Tokens:
        """The first `bars` bars of a score, padded with rests; the first of its `readings` is read.

        Raises:
            MusicaeError: no track of the score can be used.
        """

    @abstractmethod
    def decode(self, tokens: Tokens) -> Score:
        """A score of exactly `bars` bars. Tokens that mean nothing where they stand are ignored."""

    @abstractmethod
    def streams(self, score: Score, asked: int | None = None) -> tuple[list[Stream], list[Refusal]]:
        """Every way to read the score, in order of preference, and why the other tracks cannot be used.

        Args:
            asked: a track that is read if it can be, even where others are preferred.
        """

    def readings(self, score: Score, asked: int | None = None) -> tuple[list[Stream], list[Refusal]]:
        """`streams`, or where parts are missing, the same with rests in their place."""
        return self.streams(score, asked)

    @abstractmethod
    def generate(self, generator: np.random.Generator) -> Score:
        """A random canonical score: one that `decode(encode(score))` gives back."""

    def condition_of(self, chords: str) -> Given:
        """What the models of this representation are told under chords, one symbol a bar; C where none is said.

        Raises:
            MusicaeError: these models are told no chords, one is no chord symbol, or there are more or fewer than bars.
        """
        if chords:
            raise MusicaeError("this model is told no chords", "choose one that is: musicae models lists them")
        return np.zeros((self.shape.segments, self.shape.steps, 0), dtype=np.int64)

    def chords(self, tokens: Tokens) -> str:
        """The chords that `tell` would be told for these tokens; nothing where models are told none."""
        return ""

    def programs(self, tokens: Tokens) -> Written:
        """The tokens that say which programs play, and -1 in place of all others; nothing of what is given."""
        return np.full_like(tokens[..., : len(self.shape.fields)], -1)

    @property
    def arguments(self) -> dict[str, Any]:
        """What the representation was built with."""
        return {"bars": self.bars}

    def __eq__(self, other: object) -> bool:
        """Whether another one has the same tokens."""
        return isinstance(other, Representation) and (self.name, self.arguments) == (other.name, other.arguments)

    def __hash__(self) -> int:
        return hash((self.name, self.bars))

    def __str__(self) -> str:
        """The representation in words."""
        return f"{self.name} of {self.bars} bar{'s' * (self.bars > 1)}{', with chords' * bool(self.shape.conditions)}"

    @property
    def made_by(self) -> str:
        """The command that makes data sets of it."""
        chords = " --chords" * bool(self.shape.conditions)
        return f"musicae preprocess FOLDER -o data/NAME --representation {self.name} --bars {self.bars}{chords}"

    @property
    def window(self) -> int:
        """Length of a window in rows of a stream."""
        return self.shape.segments * self.shape.steps
