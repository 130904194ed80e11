"""Whole songs: every window that a representation can read, and the lines that new windows make in their place.

Windows follow one another without overlap from the first bar that can be read; where bars are in another meter they
begin anew after them. The last one before such a place, or before the end, may be short. Windows in which nothing
starts are not sources: they stay as they are.

No window can say that the note before goes on into it: it begins with rests. So the stream of a song remembers which
notes sound across a seam. A note that sounds where such a window ends goes on for as long as the original one did, or
to the first note after the seam; where the original ended at the seam, so does the new one.

Where only a passage is made anew, which may lie after the end of the file, all of its windows are, and what sounds
where it begins ends there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
from jaxtyping import Integer

from musicae.clips.choice import best_stream, same_stream
from musicae.clips.frame import Frame
from musicae.clips.reading import (
    Reads,
    Source,
    drums_in_words,
    end_in_quarters,
    names_of,
    representation_of,
    require_music,
    warnings_of,
)
from musicae.clips.style import Style, tempo_at
from musicae.clips.unreadable import explained
from musicae.corpus.windows import drop_leading_note_offs, onsets, rows_per_bar
from musicae.errors import MusicaeError
from musicae.music.midi import file_bytes, midi_bytes, with_names
from musicae.music.midi_editing import EditableMidi
from musicae.music.midi_events import damaged
from musicae.music.representations.base import FieldTokens, NoLeading, Representation, Stream, TokenArray
from musicae.music.representations.drums import drum_like
from musicae.music.representations.streams import pad, track_number
from musicae.music.representations.time_grid import TimeGrid
from musicae.music.score import Notes, Score, concatenate

StreamTokens = Integer[np.ndarray, "time column"]
LineTokens = Integer[np.ndarray, " time"]


@dataclass(frozen=True, slots=True)
class Span:
    """A window of a stream: the places of its first bar and of the bar after it, and whether anything starts."""

    start: int
    behind: int
    plays: bool

    @property
    def bars(self) -> int:
        """How many it has."""
        return self.behind - self.start


@dataclass(frozen=True, eq=False)
class SongReading:
    """A song as a representation reads it.

    Attributes:
        score: its length is that of the file, or more, up to the end of the passage.
        spans: its windows, one after the other.
        passage: the places in the stream of the bars that are made anew; None where all windows are that play.
    """

    file: EditableMidi
    score: Score
    representation: Representation
    stream: Stream
    passage: range | None = None

    @cached_property
    def grid(self) -> TimeGrid:
        """Where its bars are in the file."""
        return TimeGrid(self.score, self.representation.grid)

    @cached_property
    def runs(self) -> list[range]:
        """The places of the bars of the stream that follow one another in the file."""
        edges = np.flatnonzero(np.diff(self.stream.bars, prepend=-2) != 1)
        bounds = [*edges.tolist(), len(self.stream.bars)]
        return [range(first, behind) for first, behind in pairwise(bounds)]

    @cached_property
    def spans(self) -> list[Span]:
        """All windows in order."""
        started = onsets(self.stream.tokens, self.representation.shape.columns)
        by_bar = np.logical_or.reduce(started.reshape(len(self.stream.bars), -1), axis=1).tolist()
        length = self.representation.bars
        edges = [] if self.passage is None else [self.passage.start, self.passage.stop]
        bounds = [
            (start, min(start + length, part.stop))
            for run in self.runs
            for part in _cut(run, edges)
            for start in part[::length]
        ]
        return [Span(start, behind, True in by_bar[start:behind]) for start, behind in bounds]

    @cached_property
    def playing(self) -> list[Span]:
        """The windows that are made anew: those of the passage, or all in which something starts."""
        if self.passage is not None:
            return [span for span in self.spans if span.start in self.passage]
        return [span for span in self.spans if span.plays]

    @cached_property
    def start(self) -> int:
        """The tick at which the first window begins that is played in."""
        return int(self.grid.ticks(self.stream.bars[[self.playing[0].start]])[0])

    def rows(self, span: Span) -> slice:
        """The rows of a window in the stream."""
        rows = rows_per_bar(self.representation)
        return slice(span.start * rows, span.behind * rows)

    def window(self, span: Span) -> TokenArray:
        """All columns of a window; of a short one, padded with rests."""
        shape = self.representation.shape
        tokens = pad(self.stream.tokens[self.rows(span)], shape, self.representation.window)
        return drop_leading_note_offs(tokens, shape).reshape(shape.segments, shape.steps, -1)

    def with_windows(self, windows: Sequence[TokenArray]) -> StreamTokens:
        """The stream with others in the place of its first playing windows; what comes after their last bar is dropped.

        Notes that sound into a window end there, or go on, as the module says.
        """
        old = self.stream.tokens
        new = old.astype(np.int64)
        changed = dict(zip((span.start for span in self.playing), windows, strict=False))
        rows = [self.rows(span) for span in self.spans]
        for place, span in zip(rows, self.spans, strict=True):
            if span.start in changed:
                new[place] = changed[span.start].reshape(-1, new.shape[1])[: place.stop - place.start]
        first_rows = {run.start * rows_per_bar(self.representation) for run in self.runs}
        for line in self.representation.shape.no_leading:
            if self.passage is not None:
                _begin(new[:, line.field], self.passage.start * rows_per_bar(self.representation), line, first_rows)
            _join(old[:, line.field], new[:, line.field], rows, first_rows, line)
        return new

    def music(self, tokens: StreamTokens) -> Score:
        """What tokens of the whole stream sound like, all bars that are read in a row."""
        return concatenate([self.representation.decode(self.bars_of(tokens, run)) for run in self.runs])

    def placed(self, tokens: StreamTokens) -> Notes:
        """The pitched notes of tokens of the whole stream, at the ticks of the file."""
        found = [Notes.of(())]
        for run in self.runs:
            score = self.representation.decode(self.bars_of(tokens, run))
            begins = int(self.grid.ticks(self.stream.bars[[run.start]])[0])
            for notes in (track.notes for track in score.tracks if not track.is_drum):
                start, end = (
                    begins + ticks * self.score.ticks_per_quarter // score.ticks_per_quarter
                    for ticks in (notes.start, notes.end)
                )
                found.append(replace(notes, start=start, end=np.maximum(end, start + 1)))
        return Notes.join(found)

    def bars_of(self, tokens: StreamTokens, bars: range) -> TokenArray:
        """The tokens of some bars as a window of that length."""
        rows, shape = rows_per_bar(self.representation), self.representation.shape
        return tokens[bars.start * rows : bars.stop * rows].reshape(-1, shape.steps, tokens.shape[1])

    def __str__(self) -> str:
        """Which bars of which tracks are read, and what stays as it is."""
        first, last = int(self.stream.bars[0]) + 1, int(self.stream.bars[-1]) + 1
        stays = [f"{_bars(count)} in {meter}" for meter, count in self.grid.cut.items()]
        silent = sum(span.bars for span in self.spans if not span.plays)
        stays += [f"{_bars(silent)} in which nothing starts"] if silent else []
        kept = [f"left as they are: {', '.join(stays)}"] if stays else []
        return "; ".join([f"bars {first}-{last} of {self.grid.total}, {self.stream.label}", *kept])


def _cut(run: range, edges: Sequence[int]) -> list[range]:
    """The parts of a row of bars, which begin anew at some of them."""
    bounds = [run.start, *(edge for edge in edges if run.start < edge < run.stop), run.stop]
    return [range(first, behind) for first, behind in pairwise(bounds)]


def _begin(new: LineTokens, row: int, line: NoLeading, first_rows: set[int]) -> None:
    """Ends what sounds where a passage begins; changes the new line, and what nothing sounds on into, in place."""
    first_rows.add(row)
    if row and not new[row]:
        new[row] = line.token


def _join(old: LineTokens, new: LineTokens, windows: Sequence[slice], starts: set[int], line: NoLeading) -> None:
    """Lets notes that sound into a window end, or go on, as the original ones did; changes the new line in place.

    Args:
        windows: their rows.
        starts: the rows before which nothing can sound on.
    """
    places = np.arange(len(old))
    last = np.maximum.accumulate(np.where(old > 0, places, -1))
    following = np.minimum.accumulate(np.where(old > 0, places, len(old))[::-1])[::-1]
    sounding = begun = 0
    for rows in windows:
        seam = rows.start
        if seam in starts:
            sounding, begun = 0, seam
        if sounding:
            held = last[seam] >= begun and last[seam] < seam and int(old[last[seam]]) in line.onsets
            if held and new[seam] == sounding:
                new[seam] = 0  # struck again where it was held
            ends = int(following[seam]) if held else seam
            if ends < rows.stop and not new[seam : ends + 1].any():
                new[ends] = line.token
        events = np.flatnonzero(new[rows])
        if len(events):
            token = int(new[rows][events[-1]])
            sounding = token if token in line.onsets else 0


def _bars(count: int) -> str:
    return "1 bar" if count == 1 else f"{count} bars"


def overhang(score: Score) -> int:
    """By how many ticks a note may reach over a bar line without being held into the bar: a 32nd note."""
    return score.ticks_per_quarter // 8


def open_song(frame: Frame, representation: Representation) -> SongReading:
    """The song of a frame as a representation reads it.

    Raises:
        MusicaeError: it cannot be read, or not all bars of its passage can.
    """
    file, score = _opened(frame)
    stream = best_stream(score, representation, frame.track)
    if frame.passage is None:
        return SongReading(file, score, representation, stream)
    score = _with_passage(score, frame.passage)
    stream = same_stream(stream, score, representation, frame.track)
    return SongReading(file, score, representation, stream, _places(frame.passage, score, representation, stream))


def _places(passage: tuple[int, int], score: Score, representation: Representation, stream: Stream) -> range:
    """The places in a stream of the bars of a passage.

    Raises:
        MusicaeError: not all of them are there.
    """
    starts, (first, end) = TimeGrid(score, representation.grid).ticks(stream.bars), passage
    there = np.flatnonzero((starts >= first) & (starts < end))
    bar = representation.grid.ticks(score.ticks_per_quarter)
    if not len(there) or starts[there[0]] != first or len(there) * bar != end - first:
        message = f"the new bars are not all in {representation.grid}, or too far from other notes of the song"
        raise MusicaeError(message, "ask for fewer bars, or begin at another bar")
    return range(int(there[0]), int(there[-1]) + 1)


def framed_score(frame: Frame) -> Score:
    """The score of a frame, an excerpt or a passage with the rests at its end."""
    _, score = _opened(frame)
    return _with_passage(score, frame.passage) if frame.passage else score


def _opened(frame: Frame) -> tuple[EditableMidi, Score]:
    file = EditableMidi.open(frame.midi, "the song", frame.drums)
    end = max(file.score.end, int(file.events.end.max())) if frame.alone else file.score.end
    return file, replace(file.score, end=end)


def _with_passage(score: Score, passage: tuple[int, int]) -> Score:
    """The score with rests up to the end of a passage."""
    return replace(score, end=max(score.end, passage[1]))


@dataclass(frozen=True, eq=False, repr=False)
class WholeSong:
    """All windows of a song, and what they are spliced into again.

    Attributes:
        windows: those in which something is played, in order.
        label, name, warnings, drum_like: as of a `Source`.
    """

    windows: tuple[Source, ...]
    frame: Frame
    representation: Representation
    label: str
    name: str = ""
    warnings: tuple[str, ...] = ()
    drum_like: tuple[int, ...] = ()

    def __repr__(self) -> str:
        return f"<WholeSong: {self.label}, {len(self.windows)} windows>"


def _ends(reading: SongReading, span: Span) -> float | None:
    """Quarters from the start of a window on which nothing is left to sound: where it is short, and behind the last
    note of a whole song. None if there are none."""
    quarters = float(span.bars * reading.representation.grid.quarters)
    if reading.passage is None and span == reading.playing[-1]:
        quarters = min(quarters, end_in_quarters(reading.representation.decode(reading.window(span))))
    return quarters if quarters < reading.representation.bars * reading.representation.grid.quarters else None


def read_song(
    music: Score | bytes | str | Path,
    model: Reads,
    *,
    track: int | str | None = None,
    drums: Sequence[str] = (),
    strict: bool = False,
    keep_velocity: bool = True,
    keep_timing: bool = True,
    tempo_qpm: float | None = None,
) -> WholeSong:
    """All windows of a piece that a model reads; arguments and errors as of `read`, and its other tempi go along."""
    representation = representation_of(model)
    require_music(music)
    label, name = names_of(music)
    data = _bytes_of(music)
    file = EditableMidi.open(data, label, drums)
    if strict and file.score.faults:
        raise damaged(label, file.score.faults[0])
    with explained(file.score, representation, label):
        frame = Frame(data, tuple(drums), track_number(file.score, track), keep_velocity, keep_timing)
        reading = open_song(frame, representation)
        if not reading.playing:
            raise MusicaeError("nothing is played where it could be read", "give a file with notes there")
    read = reading.stream.tracks
    tempo = tempo_at(file.score, reading.start) if tempo_qpm is None else tempo_qpm
    style = Style(tempo)  # all else is the file's
    sources = (
        Source(
            reading.window(span),
            representation,
            style,
            f"{label}: bars {reading.stream.bars[span.start] + 1}-{reading.stream.bars[span.behind - 1] + 1}",
            name,
            ends=_ends(reading, span),
            stays=_stays(reading.window(span), representation),
        )
        for span in reading.playing
    )
    return WholeSong(
        tuple(sources),
        frame,
        representation,
        f"{label}: {reading}" + drums_in_words(drums),
        name,
        warnings_of(file.score, label, drums),
        tuple(index + 1 for index in sorted(set(read) & set(drum_like(file.score)))),
    )


def _bytes_of(music: Score | bytes | str | Path) -> bytes:
    if isinstance(music, Score):
        return midi_bytes(with_names(music))
    return music if isinstance(music, bytes) else file_bytes(Path(music))


def _stays(window: TokenArray, representation: Representation) -> FieldTokens:
    """What a window of a song keeps: parts that rest through it, and the instruments."""
    fields = representation.shape.fields
    playing = onsets(window[..., : len(fields)], fields).any(axis=(0, 1))
    return np.where(~playing, 0, representation.programs(window))
