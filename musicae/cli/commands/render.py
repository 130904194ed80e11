"""`musicae render`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from musicae.cli.console import Console
from musicae.cli.delivery import check_output
from musicae.cli.options import Json, Quiet
from musicae.cli.renderings import Loop, Play
from musicae.cli.sources import from_stdin

EXAMPLES = ("musicae render a.mid", "musicae render a.mid b.mid --png --loop -o heard/")

MidiFiles = Annotated[list[str], typer.Argument(metavar="FILE...", help="MIDI files, or - for stdin.")]
SoundPath = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="PATH",
        show_default="beside each file",
        help="A WAV file, or a picture alone (.svg, .png), of one MIDI file; or a folder.",
    ),
]

ForceSound = Annotated[bool, typer.Option("--force", help="Overwrite sound and pictures that exist.")]
HeardFont = Annotated[
    Path | None,
    typer.Option("--soundfont", metavar="SF2", show_default="a small General MIDI one", help="What it sounds like."),
]
SvgToo = Annotated[bool, typer.Option("--svg", help="Draw the piano roll of every file, too.")]
PngToo = Annotated[bool, typer.Option("--png", help="The same pictures, in pixels.")]


def command(
    files: MidiFiles,
    output: SoundPath = None,
    force: ForceSound = False,
    play: Play = False,
    loop: Loop = False,
    soundfont: HeardFont = None,
    svg: SvgToo = False,
    png: PngToo = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Turn MIDI files into sound, and into pictures with --svg or --png.

    Any MIDI file: whole, with its own tempi, programs, pedals and bends."""
    console = Console(quiet, json)
    given = [from_stdin(name) for name in files]
    targets = _targets(["-" if isinstance(one, bytes) else one for one in given], output)
    first = targets[0].suffix.lower()
    suffixes = list(dict.fromkeys([first, *([".svg"] if svg else []), *([".png"] if png else [])]))
    if first in PICTURES and not play and (loop or soundfont):
        raise typer.BadParameter(f"--loop and --soundfont are for sound, and {targets[0]} is a picture")
    for target in targets:
        check_output(str(target), console, force, inputs=files, suffixes=(".wav", *PICTURES))
    from musicae.music.midi import file_bytes
    from musicae.music.midi_editing import EditableMidi
    from musicae.render.audio import play as play_sound
    from musicae.render.audio import wav_bytes
    from musicae.render.sheet import Panel, clip_sheet, png_bytes
    from musicae.storage.atomic import write_atomically
    from musicae.storage.output_paths import refuse_existing

    refuse_existing([target.with_suffix(suffix) for target in targets for suffix in suffixes], force)
    written: list[Path] = []
    for name, one, target in zip(files, given, targets, strict=True):
        data, called = (one, "MIDI data") if isinstance(one, bytes) else (file_bytes(Path(one)), one)
        score = EditableMidi.open(data, called).score
        for fault in score.faults:
            console.warn(f"{name} is damaged: {fault}; what is whole is rendered")
        sound = wav_bytes(data, soundfont=soundfont, loop=loop) if ".wav" in suffixes or play else b""
        title = "" if isinstance(one, bytes) else Path(one).stem
        picture = clip_sheet([Panel(score, title)]) if {*PICTURES} & {*suffixes} else ""
        bitmap = png_bytes(picture) if ".png" in suffixes else b""
        contents = {".wav": sound, ".svg": picture.encode(), ".png": bitmap}
        for suffix in suffixes:
            write_atomically(target.with_suffix(suffix), contents[suffix])
            written.append(target.with_suffix(suffix))
        if play:
            play_sound(sound)
    console.data(written, {"files": [{"path": str(path)} for path in written]})


PICTURES = (".svg", ".png")


def _targets(files: list[str], output: str | None) -> list[Path]:
    """Where the sound of each file goes."""
    from musicae.storage import output_paths

    if output in ("", "-"):
        raise typer.BadParameter("-o names a file or a folder: sound and pictures are not written to stdout")
    if output is not None and not output_paths.is_folder(output):
        if len(files) > 1:
            raise typer.BadParameter(
                "-o names one WAV file, and there are several MIDI files; name a folder: -o heard/"
            )
        return [Path(output) if output_paths.suffix(output) else Path(f"{output}.wav")]
    sources = [Path("stdin" if name == "-" else name) for name in files]
    targets = [(source.parent if output is None else Path(output)) / f"{source.stem}.wav" for source in sources]
    first: dict[str, str] = {}
    for name, target in zip(files, targets, strict=True):
        place = os.path.realpath(target)
        if place in first:
            message = f"{target} would be the sound of {first[place]} and of {name}; render one of them with another -o"
            raise typer.BadParameter(message)
        first[place] = name
    return targets
