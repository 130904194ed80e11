"""What a representation leaves out of music, and a clip takes from its source or is asked for: tempo, instruments, key.

Nothing here knows torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from musicae.clips.choice import Choice
from musicae.clips.frame import Frame
from musicae.clips.limits import MOST_SEMITONES, require_within
from musicae.errors import MusicaeError
from musicae.music.accents import accented
from musicae.music.key import Key
from musicae.music.meter import SIXTEENTHS
from musicae.music.midi_editing import EditableMidi
from musicae.music.midi_transformation import transformed
from musicae.music.representations.base import Representation
from musicae.music.representations.time_grid import STEPS_PER_QUARTER, VELOCITY
from musicae.music.score import Meter, Notes, Score, Tempo
from musicae.music.transposition import moved_into

SLOWEST_QPM, FASTEST_QPM = 60e6 / (2**24 - 1), 60e6
"""The tempi that MIDI has numbers for: from 2^24 - 1 microseconds a quarter down to one."""

LONGEST_TRACK_NAME = 80
"""Characters that a clip takes of the name of a track."""


@dataclass(frozen=True)
class Style:
    """What a representation leaves out and a clip takes from its source, or is asked for.

    What says something of every track counts where a clip has as many tracks.

    Attributes:
        programs: General MIDI programs of the pitched tracks, in order; where there are none the representation's own
            are used.
        meter: the time signature; empty for the representation's own.
        names: of all tracks, in order; the representation's own where one is empty.
        velocities: of all tracks, in order, each the same for all notes.
        semitones: by which pitched notes are moved.
        key: into which those that are then outside of it are moved (`music.transposition`).
        accents: whether notes on beats are louder than those between them (`music.accents`).

    Raises:
        MusicaeError: a number is out of its range, a name is no text, or there is no such meter.
    """

    tempo_qpm: float = 120.0
    programs: tuple[int, ...] = ()
    meter: str = ""
    names: tuple[str, ...] = ()
    velocities: tuple[int, ...] = ()
    semitones: int = 0
    key: Key | None = None
    accents: bool = False

    def __post_init__(self) -> None:
        require_within("tempo_qpm", self.tempo_qpm, SLOWEST_QPM, FASTEST_QPM)
        require_within("semitones", self.semitones, -MOST_SEMITONES, MOST_SEMITONES)
        for program in self.programs:
            require_within("a program", program, 0, 127)
        for velocity in self.velocities:
            require_within("a velocity", velocity, 1, 127)
        if any(name != _written(name) for name in self.names):
            raise MusicaeError("a name of a track has characters that are none", "give it another name")
        if self.meter:
            SIXTEENTHS.with_meter(self.meter)


def styled(score: Score, style: Style) -> Score:
    """Decoded music at the tempo of a style, in its meter and key, with its programs, names, velocities and accents."""
    programs, names, velocities = iter(style.programs), iter(style.names), iter(style.velocities)
    score = moved_into(score, style.semitones, style.key).score
    tracks = score.tracks
    if sum(not track.is_drum for track in tracks) == len(style.programs):
        tracks = tuple(track if track.is_drum else replace(track, program=next(programs)) for track in tracks)
    if len(tracks) == len(style.names):
        tracks = tuple(replace(track, name=next(names) or track.name) for track in tracks)
    if len(tracks) == len(style.velocities):
        tracks = tuple(replace(track, notes=_as_loud(track.notes, next(velocities))) for track in tracks)
    meters = score.meters
    if style.meter:
        meters = (Meter(0, *SIXTEENTHS.with_meter(style.meter).signature),)
    score = replace(score, tracks=tracks, tempi=(Tempo(0, style.tempo_qpm),), meters=meters)
    return accented(score) if style.accents else score


def styled_song(data: bytes, style: Style, drums: Sequence[str], tick: int) -> bytes:
    """A whole file in the key of a style, with its programs, and at its tempo at some tick; the other tempi go along.

    Args:
        drums: as of `EditableMidi.open`.

    Raises:
        MusicaeError: tracks of one channel are to play different programs, and too few channels are free.
    """
    file = EditableMidi.open(data, "the song", drums)
    tempo = style.tempo_qpm / tempo_at(file.score, tick)
    pitched = [number for number, track in enumerate(file.score.tracks) if not track.is_drum]
    chosen = dict(zip(pitched, style.programs, strict=True)) if len(pitched) == len(style.programs) else {}
    programs = {number: program for number, program in chosen.items() if program != file.score.tracks[number].program}
    if tempo == 1 and not style.semitones and style.key is None and not programs:
        return data
    return transformed(file, semitones=style.semitones, key=style.key, programs=programs, tempo=tempo)


def style_of_codes(style: Style, frame: Frame | None) -> Style:
    """The style of a recipe's codes on their own; that of a whole song says of the tracks of its file who plays them.

    Args:
        frame: of the recipe.
    """
    of_song = frame is not None and not frame.alone
    return replace(style, programs=(), names=(), velocities=()) if of_song else style


def tempo_at(score: Score, tick: int) -> float:
    """The tempo of a window that begins at a tick: also one that is set a moment after the bar line."""
    return [tempo.tempo_qpm for tempo in score.tempi if tempo.tick < _begun(score, tick)][-1]


def _begun(score: Score, tick: int) -> int:
    """Up to where what is set counts for a window that begins at a tick."""
    return tick + max(score.ticks_per_quarter // STEPS_PER_QUARTER, 1)


def style_of(score: Score, choice: Choice, representation: Representation) -> Style:
    """What a clip takes from the tracks of a score that are read in a window.

    Where a part has no track, it is played as the representation has it. Representations of events keep programs and
    velocities themselves.
    """
    tempo = tempo_at(score, choice.tick)
    meter = [meter for meter in score.meters if meter.tick < _begun(score, choice.tick)][-1]
    whole = representation.grid.holds(meter.numerator, meter.denominator) == 1
    written = f"{meter.numerator}/{meter.denominator}" if whole else ""
    if representation.keeps_programs:
        return Style(tempo, meter=written)
    end = choice.tick + representation.bars * representation.grid.ticks(score.ticks_per_quarter)
    read = [[score.tracks[index] for index in part] for part in choice.parts]
    own = representation.decode(choice.tokens).tracks
    first = [part[0] if part else replace(track, name="") for part, track in zip(read, own, strict=True)]
    return Style(
        tempo,
        tuple(track.program for track in first if not track.is_drum),
        written,
        tuple(_written(track.name)[:LONGEST_TRACK_NAME] for track in first),
        tuple(_mean_velocity([track.notes for track in part], choice.tick, end) for part in read),
    )


def require_pitches(representation: Representation, name: str) -> None:
    """Make sure that a model writes more than drums.

    Args:
        name: of the model.

    Raises:
        MusicaeError: it does not.
    """
    if not representation.pitched_parts:
        message = f"{name} writes only drums: they have no key, and no instrument to choose"
        raise MusicaeError(message, "choose a model of pitched instruments")


def require_parts(representation: Representation, name: str, instruments: int) -> None:
    """Make sure that a model writes so many pitched parts; one of bands writes as many as it will.

    Raises:
        MusicaeError: it does not.
    """
    require_pitches(representation, name)
    parts = representation.pitched_parts
    if instruments > parts and not representation.keeps_programs:
        message = f"{instruments} instruments for {parts} pitched part{'s' * (parts > 1)} of {name}"
        raise MusicaeError(message, "name one for every part at most, in their order")


def require_no_velocities(representation: Representation, name: str) -> None:
    """Make sure that how loud notes are is not what a model writes.

    Raises:
        MusicaeError: it is.
    """
    if representation.keeps_velocities:
        raise MusicaeError(f"{name} writes velocities of its own", "leave the accents to it")


def _written(name: str) -> str:
    """A name as it can be written: half characters of damaged files become question marks."""
    return name.encode("utf-8", "replace").decode()


def _as_loud(notes: Notes, velocity: int) -> Notes:
    return replace(notes, velocity=notes.velocity * 0 + velocity)


def _mean_velocity(parts: Sequence[Notes], start: int, end: int) -> int:
    """Of the notes that start between two ticks, or of all where none does."""
    every = Notes.join(parts)
    inside = every[(every.start >= start) & (every.start < end)]
    notes = inside if len(inside) else every
    return round(float(notes.velocity.mean())) if len(notes) else VELOCITY
