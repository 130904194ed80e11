"""One chunk of files to windows: what one worker does at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Integer

from musicae.corpus.chunk_file import CHANGED, COUNTS, Chunk, ChunkFile, Outcome, digest_of, token_type
from musicae.corpus.labels import MEASURES
from musicae.corpus.policy import policy_of
from musicae.corpus.window_hashes import window_hashes
from musicae.corpus.windows import drop_leading_note_offs, filter_windows, rows_per_bar
from musicae.errors import MusicaeError
from musicae.inputs import read_input
from musicae.music.midi import read_midi
from musicae.music.representations.base import Refusal, Representation, Stream
from musicae.music.representations.streams import some
from musicae.music.representations.time_grid import OTHER_METER, TimeGrid

CELLS = 2**22
"""Tokens of streams that are held at once; of a piece with more, one stream after the other."""

SONG_BARS = 16
"""Files that share a passage of this many bars are one song."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read from every file.

    Attributes:
        attribute: one of `MEASURES` that is measured of every usable window; empty for none.
        drums: tracks that are drums whatever the files say, by their numbers from 1 or their names.
    """

    representation: Representation
    attribute: str = ""
    drums: tuple[str, ...] = ()


def read_chunk(
    files: Sequence[tuple[Path, str]],
    reading: Reading,
    on_file: Callable[[int], None],
    skip: dict[int, str],
    result: Path,
) -> None:
    """Writes the usable windows of some files, as they are read. No file can make it fail.

    Args:
        files: their paths, and the digests of their contents when they were found.
        on_file: called with the position of every file before it is read.
        skip: files not to be touched, by position, and why.
        result: where they go.

    Raises:
        MusicaeError: they cannot be written.
    """
    written = ChunkFile(result, reading.representation)
    outcomes: list[Outcome] = []
    counts = np.zeros((len(COUNTS), len(files)), dtype=np.int64)
    waiting: list[tuple[int, Stream]] = []
    cells = 0
    for position, (path, digest) in enumerate(files):
        on_file(position)
        found: list[Stream] = []
        if position in skip:
            outcome = Outcome("crashed", skip[position])
        else:
            found, outcome = read_file(path, digest, reading)
        outcomes.append(outcome)
        waiting += [(position, stream) for stream in found]
        cells += sum(stream.tokens.size for stream in found)
        # What is measured of windows takes long enough to be the time of a file of its own.
        if cells > CELLS or reading.attribute or position == len(files) - 1:
            counts += _write_windows(waiting, written, outcomes, reading, len(files))
            waiting, cells = [], 0
    on_file(len(files))
    rows = zip(outcomes, counts.T.tolist(), strict=True)
    written.close(
        [one if one.reason else _with_windows(one, reading.representation, *numbers) for one, numbers in rows]
    )


def _write_windows(
    streams: list[tuple[int, Stream]], written: ChunkFile, outcomes: list[Outcome], reading: Reading, files: int
) -> Integer[np.ndarray, "count file"]:
    """Writes the windows of files, at once or, if there are many or something goes wrong, file by file.

    Returns:
        How many windows of every kind (`COUNTS`) every file has; a file that fails gets an outcome that says so.
    """
    counts = np.zeros((len(COUNTS), files), dtype=np.int64)
    positions = sorted({position for position, _ in streams})
    try:
        parts = [_windows_of(batch, reading, files) for batch in _batches(streams)]
    except MusicaeError:
        raise
    except Exception as error:  # out of memory, say
        if len(positions) == 1:
            outcomes[positions[0]] = Outcome("crashed", f"{type(error).__name__}: {error}")
            written.add(_windows_of([], reading, files)[0])  # a chunk has one part at least
            return counts
        for position in positions:
            own = [pair for pair in streams if pair[0] == position]
            counts += _write_windows(own, written, outcomes, reading, files)
        return counts
    for part, found in parts:
        written.add(part)
        counts += found
    return counts


def _batches(streams: Sequence[tuple[int, Stream]]) -> Iterator[list[tuple[int, Stream]]]:
    """The streams in order, as many at once as have `CELLS` tokens, but one at least."""
    batch: list[tuple[int, Stream]] = []
    size = 0
    for pair in streams:
        if batch and size + pair[1].tokens.size > CELLS:
            yield batch
            batch, size = [], 0
        batch.append(pair)
        size += pair[1].tokens.size
    yield batch


def read_file(path: Path, digest: str, reading: Reading) -> tuple[list[Stream], Outcome]:
    """The streams of a file, and why there are none when there are none.

    Args:
        digest: of the content that it had when it was found.
    """
    try:
        content = read_input(path)
    except OSError as error:
        return [], Outcome(CHANGED, f"it cannot be read any more: {error.strerror}")
    if digest_of(content) != digest:
        return [], Outcome(CHANGED, "it has changed since it was found")
    representation = reading.representation
    try:
        score = read_midi(content, drums=reading.drums)
        streams, refusals = representation.streams(score)
    except MusicaeError as error:
        return [], Outcome("unreadable", error.message)
    except Exception as error:  # whatever a damaged file brings about must cost that file only
        return [], Outcome("crashed", f"{type(error).__name__}: {error}")
    fault = "; ".join(score.faults[:1])
    if not streams:
        readable = TimeGrid(score, representation.grid).time > 0
        return [], replace(_refused(refusals, representation, readable=readable), fault=fault)
    trimmed_bars: Counter[str] = Counter()
    for stream in streams:
        trimmed_bars.update({reason: int(bars.sum()) for reason, bars in stream.trimmed.items()})
    other_meters = sum(refusal.track < 0 for refusal in refusals)
    return streams, Outcome(fault=fault, other_meters=other_meters, trimmed_bars=dict(trimmed_bars))


def _refused(refusals: Sequence[Refusal], representation: Representation, *, readable: bool) -> Outcome:
    """Why nothing of a file is read.

    Args:
        readable: whether any bars are in a meter that can be read; then others are not why.
    """
    whole = [one for one in refusals if one.track < 0 and not (readable and one.reason == OTHER_METER)]
    if whole:
        return Outcome(whole[0].reason, "; ".join(some([refusal.remedy for refusal in whole])))
    counts = Counter(refusal.reason for refusal in refusals)
    tracks = ", ".join(f"{count} x {reason}" for reason, count in counts.items())
    return Outcome(f"no {representation.name}", f"tracks: {tracks}" if tracks else "no tracks")


def _windows_of(
    streams: Sequence[tuple[int, Stream]], reading: Reading, files: int
) -> tuple[Chunk, Integer[np.ndarray, "count file"]]:
    """The usable windows of streams, each with the position of its file; and of every file how many of every kind.

    All streams are laid end to end, so that everything is computed once for all of them.
    """
    representation = reading.representation
    shape, bars, rows = representation.shape, representation.bars, rows_per_bar(representation)
    tokens, playing, numbers, owner = _tape(streams, len(shape.columns))
    found = filter_windows(tokens, playing, numbers, representation, bars)
    starts = np.flatnonzero(found.usable)
    exact, relative = window_hashes(tokens, shape, rows, bars)
    passages = np.flatnonzero(filter_windows(tokens, playing, numbers, representation, SONG_BARS).usable)
    _, passage_hash = window_hashes(tokens, shape, rows, SONG_BARS)
    file_of_stream = np.array([position for position, _ in streams], dtype=np.int32)
    file = file_of_stream[owner]
    keep = cover(len(numbers), starts, bars)
    compact = tokens.reshape(len(numbers), rows, len(shape.columns))[keep]
    compact_starts = (np.cumsum(keep) - 1)[starts]
    whole = ~found.broken
    counted = (whole, whole & found.silent, whole & ~found.silent & found.few_pitches, found.usable)
    windows = Chunk(
        tokens=(compact.astype(token_type(representation)),),
        starts=compact_starts,
        window_file=file[starts],
        window_stream=owner[starts].astype(np.int32),
        exact=exact[starts],
        relative=relative[starts],
        value=_values(compact, compact_starts, reading),
        passage_file=file[passages],
        passage_hash=passage_hash[passages],
    )
    return windows, np.array([_per_file(which, file, files) for which in counted])


def _values(
    tokens: Integer[np.ndarray, "bar step field"], starts: Integer[np.ndarray, " window"], reading: Reading
) -> Float[np.ndarray, " window"]:
    """The attribute of every window; NaN if none is measured."""
    if not reading.attribute:
        return np.full(len(starts), np.nan)
    representation, attribute = reading.representation, MEASURES[reading.attribute]
    shape = representation.shape
    values = []
    for start in starts:
        rows = tokens[start : start + representation.bars].reshape(representation.window, -1)
        window = drop_leading_note_offs(rows, shape).reshape(shape.segments, shape.steps, -1)
        values.append(float(attribute(representation.decode(window))))
    return np.array(values, dtype=np.float64)


def _tape(
    streams: Sequence[tuple[int, Stream]], fields: int
) -> tuple[
    Integer[np.ndarray, "row field"],
    Integer[np.ndarray, "part bar"],
    Integer[np.ndarray, " bar"],
    Integer[np.ndarray, " bar"],
]:
    """The streams end to end: tokens, how many play, bar numbers that jump at every stream, and each bar's stream."""
    if not streams:
        return np.zeros((0, fields), int), np.zeros((1, 0), int), np.zeros(0, int), np.zeros(0, int)
    parts = [stream for _, stream in streams]
    lengths = np.array([len(stream.bars) for stream in parts])
    owner = np.repeat(np.arange(len(parts)), lengths)
    highest = np.array([stream.bars.max(initial=0) for stream in parts])
    base = np.cumsum(highest + 2) - highest
    numbers = np.concatenate([stream.bars for stream in parts]) + base[owner]
    tokens = np.concatenate([stream.tokens for stream in parts])
    return tokens, np.concatenate([stream.playing for stream in parts], axis=1), numbers, owner


def cover(count: int, starts: Integer[np.ndarray, " window"], bars: int) -> Bool[np.ndarray, " bar"]:
    """Which of so many bars are covered by windows of `bars` bars."""
    edges = np.zeros(count + 1, dtype=np.int32)
    np.add.at(edges, starts, 1)
    np.subtract.at(edges, starts + bars, 1)
    marks: Bool[np.ndarray, " bar"] = np.cumsum(edges[:-1]) > 0
    return marks


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
