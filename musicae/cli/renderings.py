"""What commands that make clips can make besides MIDI: sound and pictures, on disk or through the speakers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from musicae.cli.console import Console
from musicae.storage import output_paths

if TYPE_CHECKING:
    from musicae.clips.clip import Clip, Clips
    from musicae.render.sheet import Panel

Wav = Annotated[bool, typer.Option("--wav", help="Write the sound of every clip, too.")]
Play = Annotated[bool, typer.Option("--play", help="Play what was made.")]
Loop = Annotated[bool, typer.Option("--loop", help="Render a seamless loop that ends on the bar line.")]
SoundFont = Annotated[
    Path | None,
    typer.Option(metavar="SF2", show_default="a small General MIDI one", help="What --wav and --play sound like."),
]
Svg = Annotated[bool, typer.Option("--svg", help="Draw a piano roll of every clip, all in one picture.")]
Png = Annotated[bool, typer.Option("--png", help="The same picture, in pixels.")]


@dataclass(frozen=True)
class Renderings:
    """What is asked for besides MIDI. Every field is an option of all commands that make clips."""

    wav: Wav = False
    play: Play = False
    loop: Loop = False
    soundfont: SoundFont = None
    svg: Svg = False
    png: Png = False

    @property
    def pictured(self) -> bool:
        """Whether there is to be a picture."""
        return self.svg or self.png

    def check(self, output: str | None, paths: Sequence[Path], force: bool) -> None:
        """Refuse what contradicts the rest of the command line, and files that exist.

        Args:
            paths: of the MIDI files that are written.
        """
        if output == "-" and (self.wav or self.svg or self.png):
            raise typer.BadParameter("-o - writes MIDI alone; name a file or a folder for --wav, --svg and --png")
        if (self.loop or self.soundfont) and not (self.wav or self.play):
            raise typer.BadParameter("--loop and --soundfont are for sound: add --wav or --play")
        output_paths.refuse_existing([*self._sounds(paths), *self._pictures(paths)], force)

    def write(self, clips: Clips, paths: Sequence[Path], panels: Sequence[Panel], console: Console) -> list[Path]:
        """Write sound and pictures beside MIDI files, play them, and return what was written."""
        from musicae.storage.atomic import write_atomically

        written: list[Path] = []
        if self.wav:
            with console.progress("rendering sound", len(paths)) as done:
                for clip, path in zip(clips, self._sounds(paths), strict=True):
                    write_atomically(path, self._sound_of(clip))
                    written.append(path)
                    done(1)
        for path in self._pictures(paths):
            write_atomically(path, _picture(panels, path.suffix))
            written.append(path)
        return written

    def play_all(self, clips: Clips) -> None:
        """Play clips one after the other."""
        from musicae.render.audio import play

        for clip in clips:
            play(self._sound_of(clip))

    def _sound_of(self, clip: Clip) -> bytes:
        return clip.wav(loop=self.loop, soundfont=self.soundfont)

    def _sounds(self, paths: Sequence[Path]) -> list[Path]:
        return [path.with_suffix(".wav") for path in paths] if self.wav else []

    def _pictures(self, paths: Sequence[Path]) -> list[Path]:
        wanted = {".svg": self.svg, ".png": self.png}
        return [paths[0].with_suffix(suffix) for suffix, asked in wanted.items() if asked and paths]


MIDI_ALONE = Renderings()


def panels_of(clips: Clips, beside: Clip | None = None) -> list[Panel]:
    """What a picture shows of clips: each but the joined one; where there is another clip beside them, that first, and
    in the others what it does not have is marked."""
    from musicae.render.sheet import Panel

    shown = [clip for clip in clips if clip.label != "joined" or len(clips) == 1]
    before = beside.score if beside else None
    first = [Panel(before, "before")] if before else []
    numbered = enumerate(shown, start=1)
    return [*first, *(Panel(clip.score, clip.label or str(number), before) for number, clip in numbered)]


def _picture(panels: Sequence[Panel], suffix: str) -> bytes:
    from musicae.render.sheet import clip_sheet, png_bytes

    picture = clip_sheet(panels)
    return picture.encode() if suffix == ".svg" else png_bytes(picture)
