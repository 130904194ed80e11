"""What the commands that read music share: which file is read, what is said of it, and the model that reads it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer

from musicae.cli.console import Console
from musicae.cli.options import DEFAULT_MODEL, KeepTiming, KeepVelocity, Whole
from musicae.errors import MusicaeError
from musicae.inputs import read_stream

if TYPE_CHECKING:
    from musicae.clips.code_source import CodeSource
    from musicae.clips.names import Names
    from musicae.clips.reading import Source
    from musicae.clips.song import WholeSong
    from musicae.clips.source import AnySource
    from musicae.music.representations.base import Representation

_Value = TypeVar("_Value")


@dataclass(frozen=True)
class File:
    """A file that a command reads: MIDI, or the JSON of codes.

    Attributes:
        path: or - for stdin.
        bar: where its window starts, from 1.
    """

    path: str
    bar: int | None = None
    track: str | None = None


@dataclass(frozen=True)
class Framing:
    """Of which part of a file clips are made, and what of the rest they keep. Every field is an option of commands."""

    whole: Whole = False
    keep_velocity: KeepVelocity = None
    keep_timing: KeepTiming = None

    @property
    def kept(self) -> dict[str, bool]:
        """What is kept: what was asked for; by default all of a whole song, nothing of a window."""
        options = {"keep_velocity": self.keep_velocity, "keep_timing": self.keep_timing}
        return {name: self.whole if asked is None else asked for name, asked in options.items()}

    @property
    def splices(self) -> bool:
        """Whether clips are spliced into the file that they come from."""
        return self.whole or any(self.kept.values())


@dataclass(frozen=True)
class ReadingOptions:
    """What is asked of all files that a command reads.

    Attributes:
        force: codes are taken, whatever model they are of.
    """

    tempo: float | None = None
    drums: Sequence[str] | None = None
    strict: bool = False
    framing: Framing = Framing()
    force: bool = False


def read_sources(
    files: Sequence[File],
    model: str | None,
    console: Console,
    options: ReadingOptions,
    *,
    default: str = DEFAULT_MODEL,
) -> tuple[list[AnySource], str]:
    """What a verb works on, which is said, and what is wrong with the files; and the name of the model that reads them.

    Args:
        model: its name or folder, if one was named. It is not loaded for that. Otherwise codes are read by the model
            that they are of, and only music by the default one.

    Raises:
        MusicaeError: a file cannot be read, or there are codes of different models.
    """
    from musicae.clips.code_source import is_code, read_code
    from musicae.clips.reading import representation_of

    given = [from_stdin(file.path) for file in files]
    codes = {read_code(one).model: one for one in given if is_code(one)}
    if model is None and len(codes) > 1:
        raise MusicaeError(f"the codes are of different models: {', '.join(codes)}", "take codes of one model")
    name = model or next(iter(codes), default)
    representation = representation_of(name)
    found: list[AnySource] = []
    for one, file in zip(given, files, strict=True):
        if is_code(one):
            found.append(say_code(one, file, representation, console, options))
            continue
        try:
            found.append(_read_window(one, file, name, console, options))
        except MusicaeError as error:
            if len(files) == 1 or codes or error.kind != "unreadable-score":
                raise
            common = _reader_of_all(zip(given, files, strict=True), options)
            hint = "give files of one kind: no installed model reads all of them"
            raise MusicaeError(error.message, hint, kind="unreadable-together", model=common) from error
    if options.tempo is not None:
        found = [replace(one, style=replace(one.style, tempo_qpm=options.tempo)) for one in found]
    return found, name


def _reader_of_all(files: Iterable[tuple[str | bytes, File]], options: ReadingOptions) -> str:
    """The name of the first installed model that reads what is asked for of all files; empty if none does."""
    from musicae.clips.reading import read
    from musicae.storage.catalog import described

    every = list(files)
    for model in described()[0]:
        with suppress(MusicaeError):
            for one, file in every:
                read(one, model.folder, bar=file.bar, track=file.track, drums=options.drums or ())
            return model.name
    return ""


def say_code(
    given: str | bytes, file: File, representation: Representation, console: Console, options: ReadingOptions
) -> CodeSource:
    """A code that a command reads, which is said.

    Args:
        given: its JSON, or the path of it.
        representation: of its model.
    """
    from musicae.clips.code_source import read_code

    refuse_midi_options(file, options)
    code = read_code(given, bar=file.bar, representation=representation)
    console.note(f"reading {code.label}{_edits_in_words(code.names)}")
    return replace(code, hash="") if options.force else code


def refuse_midi_options(file: File, options: ReadingOptions) -> None:
    """Refuse what says how MIDI is read of a file that holds codes."""
    if file.track is not None or options.drums:
        raise typer.BadParameter(f"--track and --drums choose from MIDI, and {file.path} holds codes")
    if options.framing.keep_velocity or options.framing.keep_timing:
        raise typer.BadParameter(f"--keep-velocity and --keep-timing keep what MIDI has, and {file.path} holds codes")


def read_source(file: File, model: str | None, console: Console, options: ReadingOptions) -> tuple[AnySource, str]:
    """`read_sources` of one file."""
    (source,), name = read_sources([file], model, console, options)
    return source, name


def read_songs(
    files: Sequence[File], model: str | None, console: Console, options: ReadingOptions
) -> tuple[list[WholeSong], str]:
    """Files from their beginning to their end, which is said, and the name of the model that reads them.

    Raises:
        MusicaeError: a file cannot be read.
    """
    from musicae.clips.code_source import is_code
    from musicae.clips.song import read_song

    if any(file.bar is not None for file in files):
        raise typer.BadParameter("--whole reads every bar: omit --bar")
    name, found = model or DEFAULT_MODEL, []
    for file in files:
        given = from_stdin(file.path)
        if is_code(given):
            raise typer.BadParameter(f"--whole reads songs, and {file.path} holds codes: name a MIDI file")
        song = read_song(
            given,
            name,
            track=file.track,
            drums=options.drums or (),
            strict=options.strict,
            tempo_qpm=options.tempo,
            **options.framing.kept,
        )
        _say_where(song, console)
        found.append(song)
    return found, name


def read_material(
    files: Sequence[File], model: str | None, console: Console, options: ReadingOptions
) -> tuple[Sequence[AnySource | WholeSong], str]:
    """`read_songs`, or `read_sources` where windows are enough."""
    if options.framing.whole:
        return read_songs(files, model, console, options)
    return read_sources(files, model, console, options)


def each(values: list[_Value] | None) -> tuple[_Value | None, _Value | None]:
    """What an option that may come once or twice says of the first file and of the second."""
    match values or []:
        case []:
            return None, None
        case [both]:
            return both, both
        case [first, second]:
            return first, second
    raise typer.BadParameter("give --bar and --track at most twice: for the first file, and for the second")


def from_stdin(path: str) -> str | bytes:
    """A path as it is; instead of -, what is piped in: a file, or the path of one, which commands print.

    Raises:
        MusicaeError: it cannot be read, or there are several paths.
    """
    if path != "-":
        return path
    try:
        given = read_stream(sys.stdin.buffer)
    except OSError as error:
        raise MusicaeError(f"cannot read stdin: {error.strerror}", "pipe a file into it, or name one") from error
    named = _paths(given)
    paths = [path for path in named if Path(path).suffix.lower() not in NOT_READ] if len(named) > 1 else named
    if len(paths) > 1:
        hint = "pipe one, or run this once for each: | xargs -n 1 musicae ..."
        raise MusicaeError(f"stdin names {len(paths)} files, and one is read", hint)
    return paths[0] if paths else given


NOT_READ = (".svg", ".png", ".wav")
"""What may be written beside a clip."""

LONGEST_PATHS = 2**20
"""Bytes of stdin that may be paths."""


def _paths(given: bytes) -> list[str]:
    """The files that are named line by line; none if that is not what is given."""
    if not given or b"\0" in given or len(given) > LONGEST_PATHS:
        return []
    lines = [os.fsdecode(line) for line in given.splitlines()]
    return lines if all(os.path.isfile(line) for line in lines) else []


def _read_window(music: str | bytes, file: File, model: str, console: Console, options: ReadingOptions) -> Source:
    from musicae.clips.reading import read

    source = read(
        music,
        model,
        bar=file.bar,
        track=file.track,
        drums=options.drums or (),
        strict=options.strict,
        tempo_qpm=options.tempo,
        **options.framing.kept,
    )
    say_source(source, console)
    return source


def say_source(source: Source, console: Console) -> None:
    """Say which window is read, what of it is not, and what is wrong with its file."""
    _say_where(source, console)
    if source.lost:
        console.note(f"not read: {'; '.join(source.lost)}")
    if source.representation.decode(source.tokens).silent:
        console.note("nothing is played there: the model reads rests")


def _say_where(source: Source | WholeSong, console: Console) -> None:
    from musicae.cli.hints import ADVICE

    for warning in source.warnings:
        console.warn(warning)
    console.note(f"reading {source.label}")
    for number in source.drum_like:
        console.note(f"track {number} looks like drums{ADVICE['drum-like'](track=number)}")


def _edits_in_words(names: Names | None) -> str:
    edits = [] if names is None else [f"{name} {amount:+g}" for name, amount in names.edits.items()]
    return f", edited: {', '.join(edits)}" if edits else ""
