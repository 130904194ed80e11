"""What a verb starts from: the window of a piece that a representation reads best, or the one that was asked for.

Nothing here knows torch, so that what cannot be read is said before a model is loaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from musicae.clips.frame import Frame
from musicae.clips.limits import require_whole
from musicae.clips.losses import lost
from musicae.clips.style import Style, style_of
from musicae.clips.unreadable import explained
from musicae.config import build, read_config
from musicae.corpus.windows import WindowFilter, drop_leading_note_offs, filter_windows, onsets, rows_per_bar
from musicae.errors import MusicaeError, shortened
from musicae.music.chords import Chord
from musicae.music.meter import SIXTEENTHS
from musicae.music.midi import midi_bytes, read_midi, with_names
from musicae.music.representations import REPRESENTATIONS
from musicae.music.representations.base import FieldTokens, Refusal, Representation, Stream, TokenArray
from musicae.music.representations.drums import drum_like
from musicae.music.representations.streams import in_words, list_of_tracks, pad, some, track_number, unusable
from musicae.music.representations.time_grid import STEPS_PER_QUARTER, TimeGrid
from musicae.music.score import Meter, Notes, Score, Tempo
from musicae.storage.catalog import find


@dataclass(frozen=True, eq=False, repr=False)
class Source:
    """A window of music to start from.

    Attributes:
        tokens: all columns, fields and conditions.
        representation: what the tokens are tokens of.
        label: the file, the bars and the tracks in words.
        name: the file's name without its suffix, which names of outputs begin with; may be empty.
        warnings: what is wrong with the file, and what was asked of it in vain.
        drum_like: the numbers, from 1, of pitched tracks in the window that look like drums.
        lost: what of the music the tokens leave out, in words.
        ends: quarters from its start on which nothing is left to sound, where the piece ends before the window does.
        stays: tokens that stand whatever is decoded in its place, -1 where the decoder is free; None if it always is.
        frame: what a clip that is made of it is laid into, if it is.
    """

    tokens: TokenArray
    representation: Representation
    style: Style
    label: str
    name: str = ""
    warnings: tuple[str, ...] = ()
    drum_like: tuple[int, ...] = ()
    ends: float | None = None
    lost: tuple[str, ...] = ()
    stays: FieldTokens | None = None
    frame: Frame | None = None

    def __repr__(self) -> str:
        return f"<Source: {self.label}>"

    @property
    def forced(self) -> FieldTokens | None:
        """What is known of the window whatever is decoded: what stays, and silence where its music ends early."""
        return joined(rests(self.representation, self.ends), self.stays)

    @property
    def chords(self) -> tuple[Chord, ...]:
        """The chord of every bar; none where the representation has no chords."""
        return self.representation.chords_of(self.tokens)

    @property
    def fields(self) -> TokenArray:
        """The tokens without conditions."""
        return self.tokens[..., : len(self.representation.shape.fields)]


def rests(representation: Representation, ends: float | None) -> FieldTokens | None:
    """What is known of a window whose music ends early: silence behind it; None if it does not."""
    return None if ends is None else representation.silence_from(ends)


def joined(first: FieldTokens | None, second: FieldTokens | None) -> FieldTokens | None:
    """What the first says, and the second where the first says nothing (-1)."""
    if first is None or second is None:
        return second if first is None else first
    return np.where(first >= 0, first, second)


@runtime_checkable
class HasRepresentation(Protocol):
    """What reads music in a representation: a model."""

    representation: Representation


@runtime_checkable
class HasScore(Protocol):
    """What is music because it has some: a clip."""

    @property
    def score(self) -> Score:
        """The music."""


Reads = HasRepresentation | Representation | str | Path
"""What music is read for: a model, its name or folder; or a representation."""


def representation_of(model: Reads) -> Representation:
    """What a model reads; of one that is named nothing but its configuration is looked at.

    Raises:
        MusicaeError: there is none, or its configuration is damaged.
    """
    if isinstance(model, Representation):
        return model
    if not isinstance(model, str | Path):
        return model.representation
    choice = read_config(find(model)).representation
    found: Representation = build(REPRESENTATIONS, choice)
    return found


def read(
    music: Score | HasScore | bytes | str | Path,
    model: Reads,
    *,
    bar: int | None = None,
    track: int | str | None = None,
    drums: Sequence[str] = (),
    strict: bool = False,
    keep_velocity: bool = False,
    keep_timing: bool = False,
    tempo_qpm: float | None = None,
) -> Source:
    """The best window of a piece for a model, or the one that starts at `bar` of `track`.

    Args:
        model: or its name or folder, or a representation.
        bar, track: counted from 1, as sequencers do; a track may be named, too.
        drums: tracks, by their numbers from 1 or their names, that are drums whatever the file says.
        strict: a damaged file is an error; what is whole of it is read otherwise.
        keep_velocity, keep_timing: whether clips that are made of it have the dynamics, or the timing, of its notes.
        tempo_qpm: of clips that are made of it; without it, that of the piece.

    Raises:
        MusicaeError: the file cannot be read, or no track of it can be used; the error then knows which models could.
    """
    require_whole("bar", 1 if bar is None else bar, 1)
    representation = representation_of(model)
    music = music.score if isinstance(music, HasScore) else music
    score = music.with_drums(drums) if isinstance(music, Score) else read_midi(music, strict=strict, drums=drums)
    label, name = names_of(music)
    with explained(score, representation, label):
        choice = best_window(score, representation, bar=bar, track=track_number(score, track))
    source = source_of(choice, score, representation, label, name, drums)
    if tempo_qpm is not None:
        source = replace(source, style=replace(source.style, tempo_qpm=tempo_qpm))
    if (keep_velocity or keep_timing) and onsets(choice.tokens, representation.shape.columns).any():
        played = midi_bytes(_excerpt(score, choice, representation, source.style))
        source = replace(source, frame=Frame(played, (), 1, keep_velocity, keep_timing, alone=True))
    return source


def source_of(
    choice: Choice, score: Score, representation: Representation, label: str, name: str, drums: Sequence[str] = ()
) -> Source:
    """The source that a window of a score is.

    Args:
        label, name: of the piece, as of `names_of`.
        drums: as of `read`.
    """
    return Source(
        choice.tokens,
        representation,
        style_of(score, choice.tracks, choice.tick, representation),
        f"{label}: {choice}" + drums_in_words(drums),
        name,
        warnings_of(score, label, drums),
        tuple(index + 1 for index in sorted(set(choice.tracks) & set(drum_like(score)))),
        _end_in_quarters(representation.decode(choice.tokens)) if choice.padded else None,
        lost(score, choice.tracks, choice.tick, representation),
    )


PHRASE = 1.5
"""By how much more a window counts that begins where a phrase may."""


def drums_in_words(drums: Sequence[str]) -> str:
    """What was said of drums, at the end of a label."""
    return f", drums: {', '.join(drums)}" if drums else ""


def warnings_of(score: Score, label: str, drums: Sequence[str]) -> tuple[str, ...]:
    """What is wrong with a file, and what was asked of it in vain."""
    damage = [f"{label} is damaged: {fault}; what is whole is read" for fault in score.faults]
    return (*damage, *(f"{label} has no track {shortened(one)!r}" for one in drums if not score.has_track(one)))


def _excerpt(score: Score, choice: Choice, representation: Representation, style: Style) -> Score:
    """The window alone, as it is played in the file."""
    quarter = score.ticks_per_quarter
    end, half = representation.bars * representation.grid.ticks(quarter), quarter // STEPS_PER_QUARTER // 2

    def inside(notes: Notes) -> Notes:
        found = notes[(notes.start >= choice.tick - half) & (notes.start < choice.tick + end - half)]
        start = np.maximum(found.start - choice.tick, 0)
        return replace(found, start=start, end=np.clip(found.end - choice.tick, start + 1, end))

    tracks = tuple(replace(score.tracks[i], notes=inside(score.tracks[i].notes)) for i in choice.tracks)
    meter = SIXTEENTHS.with_meter(style.meter or representation.grid.meter)
    found = Score(quarter, tracks, end, (Tempo(0, style.tempo_qpm),), (Meter(0, *meter.signature),))
    return with_names(found)


def _end_in_quarters(score: Score) -> float:
    """When the last note has ended."""
    return max((int(track.notes.end.max()) for track in score.tracks if len(track.notes)), default=0) / (
        score.ticks_per_quarter
    )


@dataclass(frozen=True, eq=False)
class Choice:
    """The window that a verb works on, and where it stands in the file.

    Attributes:
        tokens: settled.
        tracks: indices into `score.tracks`.
        label: the tracks in words.
        tick: where the window starts.
        first_bar, last_bar: numbers in the file, from 1; `last_bar` lies past `total_bars` when the file is too short.
        total_bars: how many bars the file has.
        padded: whether some of the bars are not the file's but rests: after its end, or after a change of meter.
    """

    tokens: TokenArray
    tracks: tuple[int, ...]
    label: str
    tick: int
    first_bar: int
    last_bar: int
    total_bars: int
    padded: bool

    def __str__(self) -> str:
        span = f"bar {self.first_bar}" if self.first_bar == self.last_bar else f"bars {self.first_bar}-{self.last_bar}"
        rests = ", padded with rests" if self.padded else ""
        return f"{span} of {self.total_bars}{rests}" + (f" ({self.label})" if self.label else "")


def best_window(
    score: Score, representation: Representation, *, track: int | None = None, bar: int | None = None
) -> Choice:
    """The window of a score that a verb should use; a piece that is too short is padded with rests.

    The stream is the first one in the representation's order, among those that read `track` if there is one, that has a
    usable window; a track that is asked for is read unless that is impossible. The window is the usable one with the
    most onsets, the earliest of equals, where those count more (`PHRASE`) that lie whole windows behind the first bar,
    as phrases do; if none is usable, the fullest without a long silence; if there is none of
    those either, the fullest. At a `bar` that is asked for, the stream with the most onsets there is read.

    Args:
        track: counted from 1.
        bar: the window's first bar, numbered as in the file, from 1.

    Raises:
        MusicaeError: nothing can be read from the score or the track (it says what each track would need), or there
            is no such bar.
    """
    streams = _candidates(score, representation, track)
    if bar is not None:
        return window_at(*_fullest_at(bar, streams, representation), score, representation)
    stream, verdicts = _suitable(streams, representation)
    return window_at(stream, _fullest(stream, verdicts, representation), score, representation)


def best_stream(score: Score, representation: Representation, track: int | None = None) -> Stream:
    """The stream that `best_window` takes its window from.

    Raises:
        MusicaeError: as `best_window`.
    """
    return _suitable(_candidates(score, representation, track), representation)[0]


def same_stream(stream: Stream, score: Score, representation: Representation, track: int | None = None) -> Stream:
    """The stream that reads the same tracks of a score that is longer than the one of a stream; else that stream.

    Args:
        track: as of `best_stream`.
    """
    streams = _candidates(score, representation, track)
    return next((one for one in streams if (one.tracks, one.parts) == (stream.tracks, stream.parts)), stream)


def _candidates(score: Score, representation: Representation, track: int | None) -> list[Stream]:
    if score.silent:
        raise MusicaeError("there are no notes in the score", "give a file with notes")
    index = None if track is None else track - 1
    streams, refusals = representation.readings(score, index)
    if index is not None and TimeGrid(score, representation.grid).time:
        streams = [stream for stream in streams if index in stream.tracks]
        if not streams:
            raise _unreadable(score, representation, index, refusals)
    if not streams:
        raise unusable(score, representation, refusals)
    return streams


def _suitable(streams: Sequence[Stream], representation: Representation) -> tuple[Stream, WindowFilter]:
    """The first stream with a usable window, or the first of all, and what stands against each of its windows."""
    bars = representation.bars
    judged = [filter_windows(stream.tokens, stream.silent, stream.bars, representation, bars) for stream in streams]
    chosen = next((i for i, verdicts in enumerate(judged) if verdicts.usable.any()), 0)
    return streams[chosen], judged[chosen]


def _fullest(stream: Stream, verdicts: WindowFilter, representation: Representation) -> int:
    """The index of the first bar of the fullest window, or of the longest run of bars when all are too short."""
    starting = onsets(stream.tokens, representation.shape.columns).reshape(len(stream.bars), -1).sum(axis=1)
    full = np.convolve(starting, np.ones(representation.bars, dtype=np.int64))[representation.bars - 1 :]
    phrases = np.arange(len(full)) % representation.bars == 0
    for allowed in (verdicts.usable, ~(verdicts.broken | verdicts.silent), ~verdicts.broken):
        if allowed.any():
            worth = np.where(phrases, PHRASE, 1.0) * full
            return int(np.argmax(np.where(allowed, worth[: len(allowed)], -1)))
    runs = np.flatnonzero(np.diff(stream.bars, prepend=-2) != 1)
    return int(runs[np.argmax(np.diff(runs, append=len(stream.bars)))])


def _fullest_at(bar: int, streams: Sequence[Stream], representation: Representation) -> tuple[Stream, int]:
    """The stream with the most onsets in the window that starts at a bar, and its place there; the first of equals.

    Raises:
        MusicaeError: there is no such bar.
    """
    rows = rows_per_bar(representation)

    def full(place: tuple[Stream, int]) -> int:
        stream, start = place
        window = stream.tokens[start * rows : start * rows + representation.window]
        return int(onsets(window, representation.shape.columns).sum())

    return max(((stream, _index_of(bar, stream)) for stream in streams), key=full)


def _index_of(bar: int, stream: Stream) -> int:
    """The place in the stream of a bar numbered from 1.

    Raises:
        MusicaeError: the stream has no such bar.
    """
    found = np.flatnonzero(stream.bars == bar - 1)
    if len(found):
        return int(found[0])
    total = int(stream.bars[-1]) + 1
    if bar > total:
        raise MusicaeError(f"there is no bar {bar}: the piece has {total} bars", f"choose a bar from 1 to {total}")
    nearest = int(stream.bars[np.argmin(np.abs(stream.bars - (bar - 1)))]) + 1
    raise MusicaeError(f"bar {bar} is in a meter that cannot be read", f"the nearest bar that can be read is {nearest}")


def window_at(stream: Stream, start: int, score: Score, representation: Representation) -> Choice:
    """The window of a stream that starts at a place, as long as its bars follow one another; then it rests."""
    shape, rows = representation.shape, rows_per_bar(representation)
    numbers = stream.bars[start : start + representation.bars]
    whole = int((numbers - numbers[0] == np.arange(len(numbers))).sum())
    tokens = pad(stream.tokens[start * rows : (start + whole) * rows], shape, representation.window)
    first_bar = int(stream.bars[start]) + 1
    tracks, label = stream.tracks, stream.label
    if stream.played is not None:
        playing = (group for group, at in stream.played.items() if ((at >= start) & (at < start + whole)).any())
        tracks = tuple(sorted(track for group in playing for track in group))
        label = list_of_tracks(score, tracks)
    return Choice(
        tokens=drop_leading_note_offs(tokens, shape).reshape(shape.segments, shape.steps, len(shape.columns)),
        tracks=tracks,
        label=label,
        tick=int(TimeGrid(score, representation.grid).ticks(stream.bars[start : start + 1])[0]),
        first_bar=first_bar,
        last_bar=first_bar + representation.bars - 1,
        total_bars=int(stream.bars[-1]) + 1,
        padded=whole < representation.bars,
    )


def _unreadable(score: Score, representation: Representation, index: int, refusals: Sequence[Refusal]) -> MusicaeError:
    if not 0 <= index < len(score.tracks):
        return MusicaeError(f"there is no track {index + 1}", f"choose a track from 1 to {len(score.tracks)}")
    remedies = [refusal.remedy for refusal in refusals if refusal.track == index]
    remedies += [refusal.remedy for refusal in refusals if refusal.track < 0]
    needs = "; ".join(some(remedies))
    if score.tracks[index].is_drum:
        what = f"{in_words(index, score.tracks[index])} cannot be read as {representation.name}"
        raise MusicaeError(what, "choose a pitched track, or a model of drums", kind="drum-track")
    return MusicaeError(
        f"{in_words(index, score.tracks[index])} cannot be read as {representation.name}: it {needs}",
        "choose another track, or leave the choice to musicae",
    )


def names_of(music: Score | bytes | str | Path) -> tuple[str, str]:
    """What messages call some music, and what names of outputs do."""
    if isinstance(music, Score | bytes):
        return "the score" if isinstance(music, Score) else "MIDI data", ""
    return str(music), Path(music).stem
