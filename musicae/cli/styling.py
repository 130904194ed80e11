"""What commands that make clips can change in all of them: their key, and their instruments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from musicae.cli.console import Console
from musicae.cli.options import listed

if TYPE_CHECKING:
    from musicae.clips.clip import Clip, Clips
    from musicae.music.key import Key

KeyName = Annotated[
    str,
    typer.Option(
        "--key",
        metavar="KEY",
        show_default=False,
        help="Transpose what is written into C, Bb, 'F# minor', ..., and move notes outside of it inside.",
    ),
]
Instruments = Annotated[
    str,
    typer.Option(
        "--instrument",
        metavar="NAME,...",
        show_default=False,
        help="Who plays, in order of the pitched tracks: names of General MIDI, parts of them, or numbers from 1.",
    ),
]


@dataclass(frozen=True)
class Styling:
    """How clips are changed before they are written. Every field is an option of all commands that make new ones."""

    key: KeyName = ""
    instrument: Instruments = ""

    @property
    def instruments(self) -> list[str]:
        """Those of the pitched tracks, in order."""
        return listed(self.instrument)

    def check(self, model: str, *, laid: bool = False) -> None:
        """Refuse what is no key or no instrument, or cannot be of a model, which is not loaded for that.

        Args:
            model: its name or folder.
            laid: whether clips are laid into the file that they come from, whose key and instruments they have then.
        """
        if not self.key and not self.instruments:
            return
        if laid:
            hint = "leave --key and --instrument away, or --whole, --keep-velocity and --keep-timing"
            raise typer.BadParameter(f"what is laid into a file has its key and its instruments: {hint}")
        from musicae.clips.reading import representation_of
        from musicae.clips.style import require_parts
        from musicae.music.instruments import program_of

        self.parsed_key()
        for name in self.instruments:
            program_of(name)
        require_parts(representation_of(model), model, len(self.instruments))

    def parsed_key(self) -> Key | None:
        """The key that is asked for."""
        from musicae.music.key import parse_key

        return parse_key(self.key) if self.key else None

    def applied(self, clips: Clips, console: Console, *, together: bool = True) -> Clips:
        """Clips in the key, which is said, and with the instruments.

        Args:
            together: they came from one piece, and are transposed by as much.
        """
        if self.key:
            clips = clips.in_key(self.key, together=together)
            said = [_way(clip) for clip in clips]
            for number, way in enumerate(said, start=1):
                if not together or number == 1:
                    console.note(way if together or len(clips) == 1 else f"clip {number}: {way}")
            _say_outside(clips, console)
        return clips.with_instruments(*self.instruments) if self.instruments else clips


PLAIN = Styling()


def way_in_words(before: Key | str, after: Key, semitones: int) -> str:
    """From which key into which one something is transposed, which way, and how far."""
    many = "s" * (abs(semitones) > 1)
    moved = f"moved {'up' if semitones > 0 else 'down'} {abs(semitones)} semitone{many}, from {before} to {after}"
    return moved if semitones else f"in {after} already"


def _way(clip: Clip) -> str:
    """Where a clip was and how it has moved."""
    before, style = clip.recipe.arguments["key_before"], clip.recipe.style
    if not before or style.key is None:
        return "nothing has a pitch that could be in a key"
    return way_in_words(before, style.key, style.semitones)


def _say_outside(clips: Clips, console: Console) -> None:
    """How many notes were still outside of the key."""
    once = [clip for clip in clips if clip.label != "joined" or len(clips) == 1]
    moved = sum(int(clip.recipe.arguments["notes_outside_key"]) for clip in once)
    pitched = sum(len(track.notes) for clip in once for track in clip.score.tracks if not track.is_drum)
    if moved:
        console.note(f"{moved} of {pitched} notes were outside of {clips[0].recipe.style.key}, and went to the nearest")
