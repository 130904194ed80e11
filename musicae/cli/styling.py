"""What commands that make clips can change in all of them: their key, height, instruments and accents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from musicae.cli.console import Console
from musicae.cli.options import listed

if TYPE_CHECKING:
    from musicae.clips.clip import Clip, Clips
    from musicae.music.key import Key
    from musicae.music.score import Score

KeyName = Annotated[
    str,
    typer.Option(
        "--key",
        metavar="KEY",
        show_default=False,
        help="Transpose to this key, such as C, Bb or 'F# minor', and move notes outside it to the nearest scale note; "
        "whole songs keep those.",
    ),
]
Semitones = Annotated[
    int | None,
    typer.Option(
        "--transpose",
        metavar="SEMITONES",
        show_default=False,
        help="Transpose by this many semitones; negative is down.",
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

Accents = Annotated[
    bool,
    typer.Option(
        "--accents", help="Play notes on the beats of a bar louder than those between; otherwise all are alike."
    ),
]


@dataclass(frozen=True)
class Styling:
    """How music is changed before it is written. Every field is an option of all commands that make new music."""

    key: KeyName = ""
    transpose: Semitones = None
    instrument: Instruments = ""

    @property
    def instruments(self) -> list[str]:
        """Those of the pitched tracks, in order."""
        return listed(self.instrument)

    def check(self, model: str, *, whole: bool = False) -> None:
        """Refuse what is not a key or not an instrument, or cannot be of a model, which is not loaded for that.

        Args:
            model: its name or folder.
            whole: whether clips are whole songs, which may have more parts than the model.
        """
        if self.key and self.transpose is not None:
            raise typer.BadParameter("--key decides how far to transpose: omit --transpose, or --key")
        if not self.key and self.transpose is None and not self.instruments:
            return
        from musicae.clips.limits import MOST_SEMITONES, require_within
        from musicae.clips.reading import representation_of
        from musicae.clips.style import require_parts
        from musicae.music.instruments import program_of

        self.parsed_key()
        require_within("--transpose", self.transpose or 0, -MOST_SEMITONES, MOST_SEMITONES)
        for name in self.instruments:
            program_of(name)
        if not whole:
            require_parts(representation_of(model), model, len(self.instruments))

    def parsed_key(self) -> Key | None:
        """The key that is asked for."""
        from musicae.music.key import parse_key

        return parse_key(self.key) if self.key else None

    @property
    def mode(self) -> Literal["major", "minor"] | None:
        """Of the key that is asked for, if one is."""
        key = self.parsed_key()
        return None if key is None else "minor" if key.minor else "major"

    def applied(self, clips: Clips, console: Console, *, together: bool = True, piece: Score | None = None) -> Clips:
        """Clips in the key, which is said, and with the instruments.

        Args:
            together: they came from one piece, and are transposed by as much.
            piece: that one, if it is known, whose key decides.
        """
        if self.key:
            before = clips
            clips = clips.in_key(self.key, together=together, piece=piece)
            said = [_way(*pair) for pair in zip(before, clips, strict=True)]
            for number, way in enumerate(said, start=1):
                if not together or number == 1:
                    console.note(way if together or len(clips) == 1 else f"clip {number}: {way}")
            _say_outside(clips, console)
        if self.transpose:
            clips = clips.transposed(self.transpose)
        return clips.with_instruments(*self.instruments) if self.instruments else clips


@dataclass(frozen=True)
class ClipStyling(Styling):
    """The same of clips, and how their notes are played."""

    accents: Accents = False

    def check(self, model: str, *, whole: bool = False, spliced: bool = False) -> None:
        """`Styling.check`, and whether there can be accents.

        Args:
            spliced: whether clips are spliced into the file that they come from, with its velocities or its timing.
        """
        if self.accents and (whole or spliced):
            hint = "omit it, or --whole, --keep-velocity and --keep-timing"
            raise typer.BadParameter(f"--accents is for clips that are played on their own: {hint}")
        super().check(model, whole=whole)
        if self.accents:
            from musicae.clips.reading import representation_of
            from musicae.clips.style import require_no_velocities

            require_no_velocities(representation_of(model), model)

    def applied(self, clips: Clips, console: Console, *, together: bool = True, piece: Score | None = None) -> Clips:
        """`Styling.applied`, with the accents."""
        clips = super().applied(clips, console, together=together, piece=piece)
        return clips.with_accents() if self.accents else clips


NOTHING_PITCHED = "nothing has a pitch that could be in a key"


def way_in_words(before: Key | str, after: Key | str, semitones: int) -> str:
    """From which key into which one something is transposed, which way, and how far."""
    many = "s" * (abs(semitones) > 1)
    moved = f"moved {'up' if semitones > 0 else 'down'} {abs(semitones)} semitone{many}, from {before} to {after}"
    return moved if semitones else f"in {after} already"


def _way(before: Clip, after: Clip) -> str:
    """From which sounding key a clip has moved, and how."""
    from musicae.music.key import parse_key

    own, key = after.recipe.arguments["key_before"], after.recipe.arguments["key"]
    if not own:
        return NOTHING_PITCHED
    up = before.recipe.style.semitones
    return way_in_words(parse_key(own).transpose(up), key, after.recipe.style.semitones - up)


def _say_outside(clips: Clips, console: Console) -> None:
    """How many notes were still outside of the key."""
    once = [clip for clip in clips if clip.label != "joined" or len(clips) == 1]
    moved = sum(int(clip.recipe.arguments["notes_outside_key"]) for clip in once)
    pitched = sum(len(track.notes) for clip in once for track in clip.score.tracks if not track.is_drum)
    went = "were moved to the nearest scale note" if clips[0].recipe.style.key else "stay there"
    if moved:
        console.note(f"{moved} of {pitched} notes were outside {clips[0].recipe.arguments['key']}, and {went}")
