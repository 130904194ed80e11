"""A folder of MIDI files to a data set: files are read in chunks, songs are split, duplicates are dropped.

Everything is ordered by the files' content, never by their names, their places, or which worker was first; chunks that
are already in the work folder are not read again. So the same files and settings give the same bytes, whatever
interrupted it.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Integer, UInt64

from musicae import __version__
from musicae.corpus import FORMAT, IN_TRAINING, SPLITS
from musicae.corpus.chunk_file import CHANGED, Chunk, Outcome, digest_of, provisional
from musicae.corpus.chunks import Reading
from musicae.corpus.dask_pool import DaskPool
from musicae.corpus.discover import COPY, Inventory, MidiFile, Progress, discover, no_progress
from musicae.corpus.labels import FOLDER, MEASURES, Labels, attribute_labels, check_label, folder_labels
from musicae.corpus.policy import policy_of
from musicae.corpus.process_pool import ProcessPool, ReadingTask
from musicae.corpus.shards import (
    DROPPED,
    Manifest,
    read_manifest,
    remove_dataset,
    write_dropped,
    write_manifest,
    write_split,
)
from musicae.corpus.splits import SplitsFile, join_songs, split_songs
from musicae.cpu import usable_cores
from musicae.errors import MusicaeError
from musicae.music.representations.base import Representation
from musicae.storage.atomic import is_temporary
from musicae.storage.locks import exclusive, refuse_busy

FILES_PER_CHUNK = 128
WORK, LOCK = ".work", "lock"
LASTING = ("damaged-file", "unusable-file", "unvaried-label")
"""Kinds of errors that the same command meets again, so that nothing is kept for going on."""


@dataclass(frozen=True, slots=True)
class Annotations:
    """What is known of files besides their music.

    Attributes:
        splits: a CSV file with columns path and split; without it songs are split 90/5/5.
        label: what makes the class of every window, `labels.FOLDER` or the name of an attribute; empty for no classes.
        drums: tracks that are drums whatever the files say, by their numbers from 1 or their names.
    """

    splits: Path | None = None
    label: str = ""
    drums: tuple[str, ...] = ()


NONE = Annotations()


def preprocess(
    folders: Sequence[Path],
    output: Path,
    representation: Representation,
    *,
    annotations: Annotations = NONE,
    workers: int | str | None = None,
    strict: bool = False,
    force: bool = False,
    progress: Progress = no_progress,
) -> Manifest:
    """Make a data set from the MIDI files in some folders.

    Args:
        output: a folder that does not exist yet, or holds the same data set, finished or not.
        annotations: what is known of the files besides their music.
        workers: processes, by default as many as there are cores to use; or the address of a dask scheduler, whose
            workers read the files.
        strict: fail at the first file that cannot be used, or is damaged.
        force: replace a data set made from other files or with other settings.

    Returns:
        The manifest, as it was written.

    Raises:
        MusicaeError: no file can be used, or the output cannot be written.
    """
    label, splits = annotations.label, SplitsFile(annotations.splits) if annotations.splits else None
    if label:
        check_label(label, representation)
    refuse_busy(output / WORK / LOCK, output)
    inventory = discover(folders, splits, progress)
    settings = _settings(representation, inventory.sources, splits is not None, label, annotations.drums)
    manifest = _finished(output, settings, force)
    if strict and manifest is None:
        _refuse_bad(inventory.dropped.items())
    if manifest is None or (output / WORK).exists():
        with exclusive(output / WORK / LOCK, output):
            manifest = _finished(output, settings, force)  # another run may just have ended
            if manifest is None:
                reading = Reading(representation, label if label in MEASURES else "", annotations.drums)
                try:
                    manifest = _made(output, inventory, reading, settings, workers or usable_cores(), strict, progress)
                except MusicaeError as error:
                    if error.kind in LASTING:
                        _forget_chunks(output / WORK)
                    raise
            shutil.rmtree(output / WORK, ignore_errors=True)
    return manifest


def _forget_chunks(work: Path) -> None:
    for path in work.iterdir():
        if path.name != LOCK:
            path.unlink(missing_ok=True)


def _made(
    output: Path,
    inventory: Inventory,
    reading: Reading,
    settings: Manifest,
    workers: int | str,
    strict: bool,
    progress: Progress,
) -> Manifest:
    """Read the files and write the data set."""
    if not inventory.sources:
        raise _nothing_usable(output, reading.representation, inventory.dropped)
    tasks = _tasks(inventory.sources, output / WORK, reading)
    read = _read(tasks, reading, workers, strict, progress)
    # What was not read as it was found is not what the data set is made from.
    unchanged = [x for x, found in zip(inventory.sources, read.outcomes, strict=True) if found.reason != CHANGED]
    label = settings["labels"]["by"] if "labels" in settings else ""
    settings = _settings(reading.representation, unchanged, settings["splits_given"], label, reading.drums)
    return _write(output, inventory, read, reading.representation, settings)


def _settings(
    representation: Representation,
    sources: Sequence[MidiFile],
    splits_given: bool,
    label: str = "",
    drums: Sequence[str] = (),
) -> Manifest:
    """What a data set depends on: two with the same settings are the same."""
    policy = policy_of(representation)
    content = "".join(f"{source.digest} {source.split}\n" for source in sources)
    if label == FOLDER:
        content += "".join(f"{source.label_folder}\n" for source in sources)
    settings = {
        "format": FORMAT,
        "musicae": __version__,
        "representation": {"name": representation.name, **representation.arguments},
        "max_silent_bars": policy.max_silent_bars,
        "min_pitches": policy.min_pitches,
        "splits_given": splits_given,
        "source": digest_of(content.encode("utf-8", "surrogateescape")),
    }
    return settings | ({"drums": list(drums)} if drums else {}) | ({"labels": {"by": label}} if label else {})


def _finished(output: Path, settings: Manifest, force: bool) -> Manifest | None:
    """The manifest of the data set that is asked for, if it is complete already.

    Raises:
        MusicaeError: the output holds something else; with `force` another data set is removed instead.
    """
    manifest = read_manifest(output)
    if manifest is None:
        ours = {WORK, DROPPED, *SPLITS}
        held = {path.name for path in output.iterdir()} if output.is_dir() else set()
        if output.exists() and not (output.is_dir() and all(name in ours or is_temporary(name) for name in held)):
            message = f"{output} exists and is not a data set"
            raise MusicaeError(message, "choose another folder", kind="foreign-folder", path=output)
        return None
    theirs, wanted = (
        some | {"labels": some.get("labels", {}).get("by", ""), "drums": some.get("drums", [])}
        for some in (manifest, settings)
    )
    other = [name for name in wanted if theirs.get(name) != wanted[name]]
    if force:
        return None
    if other:
        differs = ", ".join(_difference(name, theirs.get(name), wanted[name]) for name in other)
        raise MusicaeError(
            f"{output} holds a data set that differs in {differs}",
            "choose another folder",
            kind="other-dataset",
            path=output,
        )
    return manifest


def _difference(name: str, theirs: Any, ours: Any) -> str:
    """In words what differs in a setting: of a representation, its name or its bars."""
    if not (isinstance(theirs, dict) and isinstance(ours, dict)):
        return name
    other = [knob for knob in ours | theirs if theirs.get(knob) != ours.get(knob)]
    knobs = [f"{knob} ({theirs.get(knob)}, not {ours.get(knob)})" for knob in other]
    return " and ".join(knobs) or name


def _tasks(sources: Sequence[MidiFile], work: Path, reading: Reading) -> list[ReadingTask]:
    """Chunks of sources; a chunk's result is named after all that it depends on."""
    parts = [sources[first : first + FILES_PER_CHUNK] for first in range(0, len(sources), FILES_PER_CHUNK)]
    settings = [_settings(reading.representation, part, False, reading.attribute, reading.drums) for part in parts]
    arrays = {"arrays": [array.name for array in fields(Chunk)]}
    names = [digest_of(json.dumps(needed | arrays).encode()) for needed in settings]
    return [
        ReadingTask(
            tuple(source.path for source in part), tuple(source.digest for source in part), work / f"{name}.npz"
        )
        for part, name in zip(parts, names, strict=True)
    ]


def _read(
    tasks: Sequence[ReadingTask], reading: Reading, workers: int | str, strict: bool, progress: Progress
) -> Chunk:
    """Do the tasks that are not done yet; the results of all, as one."""
    for task in tasks:
        provisional(task.result).unlink(missing_ok=True)
        for unfinished in task.result.parent.glob(f"{task.result.stem}.*-*.tokens"):  # of a reader that died
            unfinished.unlink(missing_ok=True)
    missing = [task for task in tasks if not _is_whole(task)]
    files, left = (sum(len(task.paths) for task in some) for some in (tasks, missing))
    with progress("reading", files) as advance:
        advance(files - left)
        pool: ProcessPool | DaskPool
        if isinstance(workers, str):
            pool = DaskPool(reading, scheduler=workers, on_file=advance)
        else:
            pool = ProcessPool(reading, workers=min(workers, len(missing)), on_file=advance)
        with closing(pool.run(missing)) if missing else nullcontext(()) as done:  # or readers outlive an error
            for task in (missing[index] for index in done):
                if strict:
                    _refuse_bad(zip(task.paths, _result(task).outcomes, strict=True))
    return Chunk.join([_result(task) for task in tasks])


def _is_whole(task: ReadingTask) -> bool:
    """Whether a task is done; where what was done is damaged, it is done anew."""
    try:
        Chunk.load(task.result)
    except MusicaeError:
        return False
    return True


def _result(task: ReadingTask) -> Chunk:
    return Chunk.load(changed if (changed := provisional(task.result)).exists() else task.result)


def _refuse_bad(outcomes: Iterable[tuple[Path, Outcome]]) -> None:
    for path, outcome in outcomes:
        if outcome.fault:
            message, hint = f"{path} is damaged: {outcome.fault}", "unless reading is strict, what is whole is read"
            raise MusicaeError(message, hint, kind="damaged-file", path=path)
        if outcome.reason not in ("", COPY):
            message = f"{path}: {outcome.reason} ({outcome.detail})"
            raise MusicaeError(
                message, "unless reading is strict, such files are skipped", kind="unusable-file", path=path
            )


def _write(
    output: Path, inventory: Inventory, read: Chunk, representation: Representation, settings: Manifest
) -> Manifest:
    """Split the songs, drop the duplicates, write what is left."""
    sources = inventory.sources
    if settings["splits_given"]:
        split, songs = np.array([source.split for source in sources]), None
    else:
        split, songs = _own_splits(sources, read)
    selection = select(read.exact, read.relative, split[read.window_file])
    labels = _labels(settings, inventory, read, selection)
    outcomes = inventory.dropped | _outcomes(sources, read, selection)
    reasons = Counter(outcome.reason for outcome in outcomes.values())
    kept = reasons.pop("", 0)
    if not kept:
        raise _nothing_usable(output, representation, outcomes)
    damaged = sum(outcome.fault != "" and not outcome.reason for outcome in outcomes.values())
    remove_dataset(output)
    write_dropped(output, _dropped(outcomes))
    manifest = settings | {
        "files": {
            "found": len(outcomes),
            "dropped": dict(sorted(reasons.items(), key=lambda reason: (-reason[1], reason[0]))),
            "kept": kept,
            "cut by meter": sum(outcome.other_meters > 0 and not outcome.reason for outcome in outcomes.values()),
        }
        | ({"damaged": damaged} if damaged else {}),
        "songs": songs,
        "windows": _window_counts(read, selection, representation),
        "trimmed bars": dict(sum((Counter(outcome.trimmed_bars) for outcome in read.outcomes), Counter())),
        "splits": {
            name: write_split(output / name, read, selection.in_split(index), representation, labels)
            for index, name in enumerate(SPLITS)
        },
    }
    if labels:
        manifest["labels"] = labels.to_json(selection.in_split(0))
    write_manifest(output, manifest)
    return manifest


def _labels(settings: Manifest, inventory: Inventory, read: Chunk, selection: Selection) -> Labels | None:
    """The class of every window, if any is asked for."""
    by = settings["labels"]["by"] if "labels" in settings else ""
    if not by:
        return None
    if by == FOLDER:
        folders = [source.label_folder for source in inventory.sources]
        return folder_labels(folders, read.window_file, selection.keep, inventory.label_folders)
    return attribute_labels(by, read.value, selection.in_split(0))


def _dropped(outcomes: Mapping[Path, Outcome]) -> list[tuple[str, str, str]]:
    rows = ((str(path), outcome.reason, outcome.detail) for path, outcome in outcomes.items() if outcome.reason)
    return sorted(rows)


def _nothing_usable(output: Path, representation: Representation, outcomes: Mapping[Path, Outcome]) -> MusicaeError:
    shutil.rmtree(output / WORK, ignore_errors=True)
    reason, count = Counter(outcome.reason for outcome in outcomes.values()).most_common(1)[0]
    if read_manifest(output) is None:
        hint = f"see {write_dropped(output, _dropped(outcomes))} for every file's reason"
    else:  # its dropped.csv says what it was made from
        hint = f"the data set in {output} stays as it was; another folder would get a list of every file's reason"
    return MusicaeError(
        f"none of {len(outcomes)} files can be used as {representation.name} ({count} x {reason})", hint
    )


def _own_splits(sources: Sequence[MidiFile], chunk: Chunk) -> tuple[Integer[np.ndarray, " file"], int]:
    """The split of every file, and the number of songs among those with a usable window."""
    song = join_songs(len(sources), chunk.passage_file, chunk.passage_hash, chunk.window_file, chunk.relative)
    used = np.unique(chunk.window_file)
    digests = [sources[file].digest for file in used]
    split = np.zeros(len(sources), dtype=np.int64)
    split[used] = split_songs(song[used], digests)
    return split, len(np.unique(song[used]))


@dataclass(frozen=True, eq=False)
class Selection:
    """Which windows are kept.

    Attributes:
        split: of each window, an index into `SPLITS`.
        keep: the first of every set of equal windows, training first.
        leaked: held-out windows that also stand in training, in any transposition.
    """

    split: Integer[np.ndarray, " window"]
    keep: Bool[np.ndarray, " window"]
    leaked: Bool[np.ndarray, " window"]

    def in_split(self, index: int) -> Bool[np.ndarray, " window"]:
        """The windows that are kept in a split."""
        return self.keep & (self.split == index)


def select(
    exact: UInt64[np.ndarray, " window"],
    relative: UInt64[np.ndarray, " window"],
    split: Integer[np.ndarray, " window"],
) -> Selection:
    """Keep every window once, and nothing held out that training, which transposes, may show as well."""
    order = np.argsort(split, kind="stable")
    _, first = np.unique(exact[order], return_index=True)
    keep = np.zeros(len(exact), dtype=bool)
    keep[order[first]] = True
    leaked = (split > 0) & np.isin(relative, relative[split == 0])
    return Selection(split, keep & ~leaked, leaked)


def _outcomes(sources: Sequence[MidiFile], chunk: Chunk, selection: Selection) -> dict[Path, Outcome]:
    """What became of the files that were read, now that duplicates are known."""
    kept = np.bincount(chunk.window_file[selection.keep], minlength=len(sources))
    duplicate = Outcome("duplicate", "every window of it stands in another file")
    return {
        source.path: outcome if outcome.reason or kept[index] else duplicate
        for index, (source, outcome) in enumerate(zip(sources, chunk.outcomes, strict=True))
    }


def _window_counts(read: Chunk, selection: Selection, representation: Representation) -> dict[str, int]:
    kept, leaked = int(selection.keep.sum()), len(np.unique(read.exact[selection.leaked]))
    return {
        "found": sum(outcome.windows for outcome in read.outcomes),
        policy_of(representation).silence: sum(outcome.silent for outcome in read.outcomes),
        "too few pitches": sum(outcome.few_pitches for outcome in read.outcomes),
        "duplicates": len(selection.keep) - kept - leaked,
        IN_TRAINING: leaked,
        "kept": kept,
    }
