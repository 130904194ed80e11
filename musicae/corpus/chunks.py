"""One chunk of files to arrays: what one worker does at a time, and what it leaves in the work folder."""

from __future__ import annotations

import io
import itertools
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Integer, UInt64

from musicae.corpus.policy import policy_of
from musicae.corpus.window_hashes import window_hashes
from musicae.corpus.windows import drop_leading_note_offs, filter_windows, rows_per_bar
from musicae.errors import MusicaeError
from musicae.music.attributes import ATTRIBUTES
from musicae.music.midi import read_midi
from musicae.music.representations.base import Refusal, Representation, Stream
from musicae.music.representations.time_grid import some
from musicae.storage.atomic import write_atomically

SONG_BARS = 16
"""Files that share a passage of so many bars are one song."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read from every file.

    Attributes:
        attribute: one of `ATTRIBUTES` that is measured of every usable window; empty for none.
    """

    representation: Representation
    attribute: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file.

    Attributes:
        reason: why nothing of it can be used, in a few fixed words; empty when something can.
        detail: the reason at length.
        other_meters: how many passages were left out because of their meter.
        trimmed_bars: how many bars lost something, by what there was too much of.
        windows: windows in its streams; the next three say how many of them are silent, plain and usable.
    """

    reason: str = ""
    detail: str = ""
    other_meters: int = 0
    trimmed_bars: dict[str, int] = field(default_factory=dict)
    windows: int = 0
    silent: int = 0
    few_pitches: int = 0
    usable: int = 0


@dataclass(frozen=True, eq=False, kw_only=True)
class Chunk:
    """The usable windows of some files.

    Arrays that count something (bars, files or streams of the chunk) say so in their metadata, and are counted through
    when chunks are joined.

    Attributes:
        tokens: the bars that usable windows cover, all streams in a row.
        starts: the bar that each window starts at.
        window_file, window_stream: of each window, counted within the chunk.
        exact, relative: hashes of each window; the second is blind to transposition.
        value: the attribute of each window that is measured; NaN where none is.
        passage_file, passage_hash: hashes of usable passages of `SONG_BARS` bars, blind to transposition.
        outcomes: one per file.
    """

    tokens: Integer[np.ndarray, "bar step field"]
    starts: Integer[np.ndarray, " window"] = field(metadata={"counts": "bar"})
    window_file: Integer[np.ndarray, " window"] = field(metadata={"counts": "file"})
    window_stream: Integer[np.ndarray, " window"] = field(metadata={"counts": "stream"})
    exact: UInt64[np.ndarray, " window"]
    relative: UInt64[np.ndarray, " window"]
    value: Float[np.ndarray, " window"]
    passage_file: Integer[np.ndarray, " passage"] = field(metadata={"counts": "file"})
    passage_hash: UInt64[np.ndarray, " passage"]
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
        first = {
            "bar": _starts([len(chunk.tokens) for chunk in chunks]),
            "file": _starts([len(chunk.outcomes) for chunk in chunks]),
            "stream": _starts([int(chunk.window_stream.max(initial=-1)) + 1 for chunk in chunks]),
        }
        joined: dict[str, Any] = {"outcomes": tuple(outcome for chunk in chunks for outcome in chunk.outcomes)}
        for array in fields(cls):
            if array.name in joined:
                continue
            parts = [getattr(chunk, array.name) for chunk in chunks]
            if counted := array.metadata.get("counts"):
                parts = [part + start for part, start in zip(parts, first[counted], strict=True)]
            joined[array.name] = np.concatenate(parts)
        return cls(**joined)


def _starts(lengths: Sequence[int]) -> list[int]:
    """Where each of several runs starts when they are laid end to end."""
    return list(itertools.accumulate(lengths, initial=0))[:-1]


def read_chunk(paths: Sequence[Path], reading: Reading, on_file: Callable[[int], None], skip: dict[int, str]) -> Chunk:
    """The usable windows of some files. No file can make it fail.

    Args:
        on_file: called with the position of every file before it is read.
        skip: files not to be touched, by position, and why.
    """
    streams: list[tuple[int, Stream]] = []
    outcomes: list[Outcome] = []
    for position, path in enumerate(paths):
        on_file(position)
        gone = position in skip
        found, outcome = ([], Outcome("crashed", skip[position])) if gone else read_file(path, reading.representation)
        streams += [(position, stream) for stream in found]
        outcomes.append(outcome)
    on_file(len(paths))
    return _chunk(streams, outcomes, reading)


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
    trimmed_bars: Counter[str] = Counter()
    for stream in streams:
        trimmed_bars.update({reason: int(bars.sum()) for reason, bars in stream.trimmed.items()})
    return streams, Outcome(
        other_meters=sum(refusal.track < 0 for refusal in refusals), trimmed_bars=dict(trimmed_bars)
    )


def _refused(refusals: Sequence[Refusal], representation: Representation) -> Outcome:
    whole = [refusal for refusal in refusals if refusal.track < 0]
    if whole:
        return Outcome(whole[0].reason, "; ".join(some([refusal.remedy for refusal in whole])))
    counts = Counter(refusal.reason for refusal in refusals)
    tracks = ", ".join(f"{count} x {reason}" for reason, count in counts.items())
    return Outcome(f"no {representation.name}", f"tracks: {tracks}" if tracks else "no tracks")


def _chunk(streams: Sequence[tuple[int, Stream]], outcomes: Sequence[Outcome], reading: Reading) -> Chunk:
    """All streams are laid end to end, so that everything is computed once for all of them."""
    representation = reading.representation
    shape, bars, rows = representation.shape, representation.bars, rows_per_bar(representation)
    tokens, silent, numbers, owner = _tape(streams, len(shape.columns), rows)
    found = filter_windows(tokens, silent, numbers, representation, bars)
    starts = np.flatnonzero(found.usable)
    exact, relative = window_hashes(tokens, shape, rows, bars)
    passages = np.flatnonzero(filter_windows(tokens, silent, numbers, representation, SONG_BARS).usable)
    _, passage_hash = window_hashes(tokens, shape, rows, SONG_BARS)
    file_of_stream = np.array([position for position, _ in streams], dtype=np.int32)
    file = file_of_stream[owner]
    compact, compact_starts = covered(tokens.reshape(len(numbers), rows, len(shape.columns)), starts, bars)
    whole = ~found.broken
    counted = (whole, whole & found.silent, whole & ~found.silent & found.few_pitches, found.usable)
    counts = zip(*(_per_file(windows, file, len(outcomes)) for windows in counted), strict=True)
    return Chunk(
        tokens=compact.astype(token_type(representation)),
        starts=compact_starts,
        window_file=file[starts],
        window_stream=owner[starts].astype(np.int32),
        exact=exact[starts],
        relative=relative[starts],
        value=_values(compact, compact_starts, reading),
        passage_file=file[passages],
        passage_hash=passage_hash[passages],
        outcomes=tuple(
            outcome if outcome.reason else _with_windows(outcome, representation, *count)
            for outcome, count in zip(outcomes, counts, strict=True)
        ),
    )


def _values(
    tokens: Integer[np.ndarray, "bar step field"], starts: Integer[np.ndarray, " window"], reading: Reading
) -> Float[np.ndarray, " window"]:
    """The attribute of every window; NaN if none is measured."""
    if not reading.attribute:
        return np.full(len(starts), np.nan)
    representation, attribute = reading.representation, ATTRIBUTES[reading.attribute]
    shape = representation.shape
    values = []
    for start in starts:
        rows = tokens[start : start + representation.bars].reshape(representation.window, -1)
        window = drop_leading_note_offs(rows, shape).reshape(shape.segments, shape.steps, -1)
        values.append(float(attribute(representation.decode(window))))
    return np.array(values, dtype=np.float64)


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


def _with_windows(
    outcome: Outcome, representation: Representation, windows: int, silent: int, few_pitches: int, usable: int
) -> Outcome:
    """The outcome of a file that has streams, now that its windows are counted."""
    reason, detail = "", ""
    if not windows:
        reason, detail = "too short", "no passage of the piece is long enough for one window"
    elif not usable:
        reason, detail = (
            policy_of(representation).silence if silent >= few_pitches else "too few pitches",
            "in most of its windows",
        )
    filtered = replace(outcome, reason=reason, detail=detail)
    return replace(filtered, windows=windows, silent=silent, few_pitches=few_pitches, usable=usable)
