"""One chunk of files to arrays: what one worker does at a time, and what it leaves in the work folder."""

from __future__ import annotations

import io
import itertools
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Integer, UInt64

from musicae.corpus.policy import policy_of
from musicae.corpus.window_hashes import window_hashes
from musicae.corpus.windows import filter_windows, rows_per_bar
from musicae.errors import MusicaeError
from musicae.music.midi import read_midi
from musicae.music.representations.base import Refusal, Representation, Stream
from musicae.storage.atomic import write_atomically

SONG_BARS = 16
"""Files that share a stretch of so many bars are one song."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file.

    Attributes:
        reason: why nothing of it can be used, in a few fixed words; empty when something can.
        detail: the reason at length.
        cut: how many stretches were cut out because of their meter.
        trimmed: how many bars lost something, by what there was too much of.
        windows: windows in its streams; the next three say how many of them are silent, plain and usable.
    """

    reason: str = ""
    detail: str = ""
    cut: int = 0
    trimmed: dict[str, int] = field(default_factory=dict)
    windows: int = 0
    silent: int = 0
    few_pitches: int = 0
    usable: int = 0


@dataclass(frozen=True, eq=False)
class Chunk:
    """The usable windows of some files.

    Attributes:
        tokens: the bars that usable windows cover, all streams in a row.
        starts: the bar that each window starts at.
        window_file, window_stream: of each window, counted within the chunk.
        exact, relative: hashes of each window; the second is blind to transposition.
        song_file, song_hash: hashes of usable stretches of `SONG_BARS` bars, blind to transposition.
        outcomes: one per file.
    """

    tokens: Integer[np.ndarray, "bar step field"]
    starts: Integer[np.ndarray, " window"]
    window_file: Integer[np.ndarray, " window"]
    window_stream: Integer[np.ndarray, " window"]
    exact: UInt64[np.ndarray, " window"]
    relative: UInt64[np.ndarray, " window"]
    song_file: Integer[np.ndarray, " stretch"]
    song_hash: UInt64[np.ndarray, " stretch"]
    outcomes: tuple[Outcome, ...]

    def save(self, path: Path) -> None:
        """Write the chunk.

        Raises:
            MusicaeError: it cannot be written.
        """
        arrays = {name: value for name, value in vars(self).items() if name != "outcomes"}
        outcomes = json.dumps([asdict(outcome) for outcome in self.outcomes]).encode()
        buffer = io.BytesIO()
        np.savez(buffer, outcomes=np.frombuffer(outcomes, dtype=np.uint8), **arrays)
        write_atomically(path, buffer.getvalue())

    @classmethod
    def load(cls, path: Path) -> Chunk:
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            arrays = dict(stored)
        outcomes = json.loads(arrays.pop("outcomes").tobytes())
        return cls(**arrays, outcomes=tuple(Outcome(**outcome) for outcome in outcomes))

    @classmethod
    def join(cls, chunks: Sequence[Chunk]) -> Chunk:
        """Several chunks as one, with files, streams and bars counted through."""
        bars = _starts([len(chunk.tokens) for chunk in chunks])
        files = _starts([len(chunk.outcomes) for chunk in chunks])
        streams = _starts([int(chunk.window_stream.max(initial=-1)) + 1 for chunk in chunks])
        return cls(
            tokens=np.concatenate([chunk.tokens for chunk in chunks]),
            starts=np.concatenate([chunk.starts + first for chunk, first in zip(chunks, bars, strict=True)]),
            window_file=np.concatenate([chunk.window_file + first for chunk, first in zip(chunks, files, strict=True)]),
            window_stream=np.concatenate(
                [chunk.window_stream + first for chunk, first in zip(chunks, streams, strict=True)]
            ),
            exact=np.concatenate([chunk.exact for chunk in chunks]),
            relative=np.concatenate([chunk.relative for chunk in chunks]),
            song_file=np.concatenate([chunk.song_file + first for chunk, first in zip(chunks, files, strict=True)]),
            song_hash=np.concatenate([chunk.song_hash for chunk in chunks]),
            outcomes=tuple(outcome for chunk in chunks for outcome in chunk.outcomes),
        )


def _starts(lengths: Sequence[int]) -> list[int]:
    """Where each of several runs starts when they are laid end to end."""
    return list(itertools.accumulate(lengths, initial=0))[:-1]


def read_chunk(
    paths: Sequence[Path], representation: Representation, on_file: Callable[[int], None], skip: dict[int, str]
) -> Chunk:
    """The usable windows of some files. No file can make it fail.

    Args:
        on_file: told the position of every file before it is read.
        skip: files not to be touched, by position, and why.
    """
    streams: list[tuple[int, Stream]] = []
    outcomes: list[Outcome] = []
    for position, path in enumerate(paths):
        on_file(position)
        gone = position in skip
        found, outcome = ([], Outcome("crashed", skip[position])) if gone else read_file(path, representation)
        streams += [(position, stream) for stream in found]
        outcomes.append(outcome)
    on_file(len(paths))
    return _chunk(streams, outcomes, representation)


def read_file(path: Path, representation: Representation) -> tuple[list[Stream], Outcome]:
    """The streams of a file, and why there are none when there are none."""
    try:
        streams, refusals = representation.streams(read_midi(path))
    except MusicaeError as error:
        return [], Outcome("unreadable", error.message)
    except Exception as error:  # whatever a damaged file brings about must cost that file only
        return [], Outcome("crashed", f"{type(error).__name__}: {error}")
    if not streams:
        return [], _refused(refusals, representation)
    trimmed: Counter[str] = Counter()
    for stream in streams:
        trimmed.update({reason: int(bars.sum()) for reason, bars in stream.trimmed.items()})
    return streams, Outcome(cut=sum(refusal.track < 0 for refusal in refusals), trimmed=dict(trimmed))


def _refused(refusals: Sequence[Refusal], representation: Representation) -> Outcome:
    whole = [refusal for refusal in refusals if refusal.track < 0]
    if whole:
        return Outcome(whole[0].reason, "; ".join(refusal.remedy for refusal in whole))
    counts = Counter(refusal.reason for refusal in refusals)
    tracks = ", ".join(f"{count} x {reason}" for reason, count in counts.items())
    return Outcome(f"no {representation.name}", f"tracks: {tracks}" if tracks else "no tracks")


def _chunk(streams: Sequence[tuple[int, Stream]], outcomes: Sequence[Outcome], representation: Representation) -> Chunk:
    """All streams are laid end to end, so that everything is computed once for all of them."""
    shape, bars, rows = representation.shape, representation.bars, rows_per_bar(representation)
    tokens, silent, numbers, owner = _tape(streams, len(shape.columns), rows)
    verdicts = filter_windows(tokens, silent, numbers, representation, bars)
    starts = np.flatnonzero(verdicts.usable)
    exact, relative = window_hashes(tokens, shape, rows, bars)
    stretches = np.flatnonzero(filter_windows(tokens, silent, numbers, representation, SONG_BARS).usable)
    _, song = window_hashes(tokens, shape, rows, SONG_BARS)
    file_of_stream = np.array([position for position, _ in streams], dtype=np.int32)
    file = file_of_stream[owner]
    compact, compact_starts = covered(tokens.reshape(len(numbers), rows, len(shape.columns)), starts, bars)
    whole = ~verdicts.broken
    counted = (whole, whole & verdicts.silent, whole & ~verdicts.silent & verdicts.few_pitches, verdicts.usable)
    counts = zip(*(_per_file(windows, file, len(outcomes)) for windows in counted), strict=True)
    return Chunk(
        tokens=compact.astype(token_type(representation)),
        starts=compact_starts,
        window_file=file[starts],
        window_stream=owner[starts].astype(np.int32),
        exact=exact[starts],
        relative=relative[starts],
        song_file=file[stretches],
        song_hash=song[stretches],
        outcomes=tuple(
            outcome if outcome.reason else _judged(outcome, representation, *count)
            for outcome, count in zip(outcomes, counts, strict=True)
        ),
    )


def _tape(
    streams: Sequence[tuple[int, Stream]], fields: int, rows: int
) -> tuple[
    Integer[np.ndarray, "row field"],
    Bool[np.ndarray, "part bar"],
    Integer[np.ndarray, " bar"],
    Integer[np.ndarray, " bar"],
]:
    """The streams end to end: tokens, silences, bar numbers that jump from stream to stream, and each bar's stream."""
    if not streams:
        return np.zeros((0, fields), int), np.zeros((1, 0), bool), np.zeros(0, int), np.zeros(0, int)
    parts = [stream for _, stream in streams]
    lengths = np.array([len(stream.bars) for stream in parts])
    owner = np.repeat(np.arange(len(parts)), lengths)
    highest = np.array([stream.bars.max(initial=0) for stream in parts])
    base = np.cumsum(highest + 2) - highest
    numbers = np.concatenate([stream.bars for stream in parts]) + base[owner]
    tokens = np.concatenate([stream.tokens for stream in parts])
    return tokens, np.concatenate([stream.silent for stream in parts], axis=1), numbers, owner


def covered(
    tokens: Integer[np.ndarray, "bar step field"], starts: Integer[np.ndarray, " window"], bars: int
) -> tuple[Integer[np.ndarray, "kept step field"], Integer[np.ndarray, " window"]]:
    """The bars that windows of `bars` bars cover, and where the windows start among them."""
    edges = np.zeros(len(tokens) + 1, dtype=np.int64)
    np.add.at(edges, starts, 1)
    np.subtract.at(edges, starts + bars, 1)
    keep = np.cumsum(edges[:-1]) > 0
    return tokens[keep], (np.cumsum(keep) - 1)[starts]


def token_type(representation: Representation) -> type[np.uint8] | type[np.uint16]:
    """The smallest type that holds every token."""
    return np.uint8 if max(field.vocabulary for field in representation.shape.columns) <= 256 else np.uint16


def _per_file(windows: Bool[np.ndarray, " window"], file: Integer[np.ndarray, " bar"], files: int) -> list[int]:
    counts: list[int] = np.bincount(file[: len(windows)][windows], minlength=files).tolist()
    return counts


def _judged(
    outcome: Outcome, representation: Representation, windows: int, silent: int, few_pitches: int, usable: int
) -> Outcome:
    """The outcome of a file that has streams, now that its windows are judged."""
    reason, detail = "", ""
    if not windows:
        reason, detail = "too short", "no stretch of the piece is long enough for one window"
    elif not usable:
        reason, detail = (
            policy_of(representation).silence if silent >= few_pitches else "too few pitches",
            "in most of its windows",
        )
    judged = replace(outcome, reason=reason, detail=detail)
    return replace(judged, windows=windows, silent=silent, few_pitches=few_pitches, usable=usable)
