"""Music in memory: notes, tracks and scores on a file's own tick grid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate

import numpy as np
from jaxtyping import Bool, Integer

NoteArray = Integer[np.ndarray, " note"]

PITCH_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
"""Of pitch classes."""

DRUM_KIT = 128
"""The number of drums among the General MIDI programs."""


@dataclass(frozen=True, slots=True, eq=False)
class Notes:
    """Notes as parallel arrays, sorted by start, then by pitch.

    Attributes:
        start, end: ticks, `start < end`.
        pitch: MIDI pitch, 0 to 127.
        velocity: MIDI velocity, 1 to 127.
    """

    start: NoteArray
    end: NoteArray
    pitch: NoteArray
    velocity: NoteArray

    @classmethod
    def of(cls, rows: Iterable[tuple[int, int, int, int]]) -> Notes:
        """Notes from rows of (start, end, pitch, velocity), in any order."""
        table = np.array(sorted(rows, key=lambda row: (row[0], row[2])), dtype=np.int64).reshape(-1, 4)
        return cls(*table.T)

    @classmethod
    def join(cls, parts: Sequence[Notes]) -> Notes:
        """Notes one after the other, each part in order."""
        if len(parts) == 1:
            return parts[0]
        columns = ([getattr(part, name) for part in parts] for name in ("start", "end", "pitch", "velocity"))
        return cls(*(np.concatenate(column) if column else np.arange(0) for column in columns))

    def __len__(self) -> int:
        return len(self.start)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Notes) and self.rows() == other.rows()

    def __getitem__(self, keep: Bool[np.ndarray, " note"] | Integer[np.ndarray, " kept"] | slice) -> Notes:
        return Notes(self.start[keep], self.end[keep], self.pitch[keep], self.velocity[keep])

    def rows(self) -> list[tuple[int, int, int, int]]:
        """The notes as (start, end, pitch, velocity)."""
        columns = (self.start, self.end, self.pitch, self.velocity)
        return list(zip(*(column.tolist() for column in columns), strict=True))


@dataclass(frozen=True, slots=True)
class Track:
    """Notes that one instrument plays.

    Attributes:
        program: General MIDI program, 0 to 127; meaningless when `is_drum`.
    """

    notes: Notes
    program: int = 0
    is_drum: bool = False
    name: str = ""

    @property
    def instrument(self) -> int:
        """The program, or `DRUM_KIT`."""
        return DRUM_KIT if self.is_drum else self.program


@dataclass(frozen=True, slots=True)
class Tempo:
    """A tempo in quarter notes a minute, from `tick` on."""

    tick: int
    tempo_qpm: float


@dataclass(frozen=True, slots=True)
class Meter:
    """A time signature, from `tick` on."""

    tick: int
    numerator: int
    denominator: int


@dataclass(frozen=True, slots=True)
class Marker:
    """A word at `tick`, which a DAW shows above its tracks: a chord, or the name of a section."""

    tick: int
    text: str


@dataclass(frozen=True, slots=True)
class Score:
    """A piece of music.

    Attributes:
        ticks_per_quarter: the unit of every tick in the score.
        end: the tick at which the piece ends: a bar line, or the end of the last note.
        faults: what of the file was damaged, in words; what stands here was whole.
        markers: sorted; those of files are not read.
    """

    ticks_per_quarter: int
    tracks: tuple[Track, ...]
    end: int
    tempi: tuple[Tempo, ...] = field(default=(Tempo(0, 120.0),))
    meters: tuple[Meter, ...] = field(default=(Meter(0, 4, 4),))
    faults: tuple[str, ...] = ()
    markers: tuple[Marker, ...] = ()

    @property
    def silent(self) -> bool:
        """Whether there is no note at all."""
        return not any(len(track.notes) for track in self.tracks)

    def until(self, tick: int) -> Score:
        """The score up to a tick, where what still sounds ends; what is said from there on is left out."""

        def cut(notes: Notes) -> Notes:
            kept = notes[notes.start < tick]
            return replace(kept, end=np.minimum(kept.end, tick))

        return replace(
            self,
            tracks=tuple(replace(track, notes=cut(track.notes)) for track in self.tracks),
            end=tick,
            tempi=tuple(tempo for tempo in self.tempi if tempo.tick < max(tick, 1)),
            meters=tuple(meter for meter in self.meters if meter.tick < max(tick, 1)),
            markers=tuple(marker for marker in self.markers if marker.tick < tick),
        )

    def with_drums(self, tracks: Sequence[str]) -> Score:
        """The score with some tracks as drums: those of these numbers, from 1, or names (`called`)."""
        meant = {number for name in tracks for number in self.called(name)}
        return replace(
            self,
            tracks=tuple(
                replace(track, is_drum=True) if number in meant else track for number, track in enumerate(self.tracks)
            ),
        )

    def has_track(self, name: str) -> bool:
        """Whether there is a track of this number, from 1, or this name (`called`)."""
        return bool(self.called(name))

    def called(self, name: str) -> list[int]:
        """The index of the track of this number, from 1; if there is none, those of this name, in whatever case."""
        name = name.strip().lower()
        numbers = [str(number) for number in range(1, len(self.tracks) + 1)]
        if name in numbers:
            return [numbers.index(name)]
        return [index for index, track in enumerate(self.tracks) if name and name == track.name.lower()]


def concatenate(scores: Sequence[Score]) -> Score:
    """Scores with the same ticks, one after the other; tracks of one instrument go on in one another, and a marker is
    not said again where the next score begins."""
    starts = accumulate((score.end for score in scores), initial=0)
    joined: dict[tuple[bool, int, int], Track] = {}
    rows: dict[tuple[bool, int, int], list[tuple[int, int, int, int]]] = {}
    markers: list[Marker] = []
    for score, offset in zip(scores, starts, strict=False):
        for marker in score.markers:
            if marker.tick or not markers or markers[-1].text != marker.text:
                markers.append(Marker(offset + marker.tick, marker.text))
        met: Counter[tuple[bool, int]] = Counter()
        for track in score.tracks:
            instrument = (track.is_drum, track.program)
            key = (*instrument, met[instrument])
            met[instrument] += 1
            joined.setdefault(key, track)
            moved = ((start + offset, end + offset, p, v) for start, end, p, v in track.notes.rows())
            rows.setdefault(key, []).extend(moved)
    tracks = tuple(replace(joined[key], notes=Notes.of(rows[key])) for key in sorted(joined))
    return replace(scores[0], tracks=tracks, end=sum(score.end for score in scores), markers=tuple(markers))
