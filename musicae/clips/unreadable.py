"""Why a score cannot be read, and what would read it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from musicae.errors import MusicaeError
from musicae.music.meter import COMMON_TIME, SIXTEENTHS
from musicae.music.representations import REPRESENTATIONS
from musicae.music.representations.base import Representation
from musicae.music.representations.drums import drum_like
from musicae.music.representations.streams import in_words
from musicae.music.score import Score
from musicae.storage import catalog

TRIED_METERS = 3
"""Meters of a score in which it is tried to be read."""


@contextmanager
def explained(score: Score, representation: Representation, label: str) -> Iterator[None]:
    """Errors inside, about a score that cannot be read, say what would read it."""
    try:
        yield
    except MusicaeError as error:
        if undeclared := _undeclared_drums(score, representation):
            what = ", ".join(in_words(index, score.tracks[index]) for index in undeclared)
            hint, numbers = f"{what} looks like drums: say that it is", [index + 1 for index in undeclared]
            raise MusicaeError(
                f"{label}: {error.message}", hint, kind="undeclared-drums", what=what, tracks=numbers
            ) from error
        raise _unreadable_score(error, label, _readers(score, representation), representation) from error


@dataclass(frozen=True, slots=True)
class Reader:
    """What a score can be read as: a representation, by name, in bars of a meter."""

    representation: str
    meter: str

    def in_words(self, meter: str) -> str:
        """With its own meter, if that is another one."""
        return self.representation if self.meter == meter else f"{self.representation} in {self.meter}"


def _unreadable_score(
    error: MusicaeError, label: str, readers: Sequence[Reader], representation: Representation
) -> MusicaeError:
    """The error of a score, and which representations and which installed model read it instead."""
    message = f"{label}: {error.message}"
    if not readers:
        return MusicaeError(message, error.hint, kind=error.kind, **error.facts)
    signatures = {(reader.representation, *SIXTEENTHS.with_meter(reader.meter).signature) for reader in readers}

    def reads(model: catalog.Description) -> bool:
        try:
            bar = SIXTEENTHS.with_meter(model.meter or COMMON_TIME)
        except MusicaeError:  # the folder is damaged
            return False
        return any(name == model.representation and bar.holds(*signature) for name, *signature in signatures)

    def distance(model: catalog.Description) -> tuple[bool, int]:
        return model.representation != representation.name, abs(model.bars - representation.bars)

    nearest = min(filter(reads, catalog.described()[0]), key=distance, default=None)
    model, names = nearest.name if nearest else "", [reader.in_words(representation.grid.meter) for reader in readers]
    hint = f"a model of {' or '.join(names)} reads it{model and f', such as {model}'}"
    other = "" if readers[0].meter == representation.grid.meter else readers[0].meter
    return MusicaeError(message, hint, kind="unreadable-score", representations=names, model=model, meter=other)


def _undeclared_drums(score: Score, representation: Representation) -> list[int]:
    """The indices of tracks that look like drums, where the representation reads the score if they are."""
    found = drum_like(score)
    if not found or representation.streams(score)[0]:
        return []
    return found if representation.streams(score.with_drums([str(index + 1) for index in found]))[0] else []


def _readers(score: Score, representation: Representation) -> list[Reader]:
    """The representations, and their meters, that read a score that this one cannot; none where it is no use asking."""
    if representation.streams(score)[0]:
        return []
    own, signatures = representation.grid.meter, (f"{meter.numerator}/{meter.denominator}" for meter in score.meters)
    meters = list(dict.fromkeys([own, *signatures]))[:TRIED_METERS]
    readers = [Reader(name, meter) for name in REPRESENTATIONS for meter in meters]
    return [reader for reader in readers if _reads(reader, representation.bars, score)]


def _reads(reader: Reader, bars: int, score: Score) -> bool:
    try:
        return bool(REPRESENTATIONS[reader.representation](bars=bars, meter=reader.meter).streams(score)[0])
    except MusicaeError:  # it has no windows of so many bars, or of this meter
        return False
