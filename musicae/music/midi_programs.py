"""Other programs in MIDI files: tracks of one channel that are to play different ones part, as a channel has but one.

What is said of a channel holds for all tracks that share it. So where some of them go to a free channel, all that is
said of theirs, in whatever track, is said there as well; notes and their pressure go with their track alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from musicae.errors import MusicaeError
from musicae.music.careful_midi import Home
from musicae.music.channels import UNSAID, said_programs
from musicae.music.midi_editing import FIRST, EditableMidi, EventRow
from musicae.music.midi_events import CONTROL, KEY_PRESSURE, NOTE_ON, PROGRAM, SYSEX, Events

_BANKS = (0, 32)
"""Controllers that choose among variations of an instrument."""


@dataclass(frozen=True)
class _Voice:
    """Tracks of a file that share a channel and can go on doing so.

    Attributes:
        after: the program that they play, by the one that they played.
        said: the programs that they then say, by their ticks.
        has_drums: whether any of them plays drums, which their banks may say.
    """

    tracks: set[int]
    after: dict[int, int]
    said: dict[int, int]
    has_drums: bool

    def join(self, other: _Voice) -> bool:
        """Takes the tracks of another one, if no program of theirs contradicts."""
        pairs = (self.after, other.after), (self.said, other.said)
        if any(mine[key] != theirs[key] for mine, theirs in pairs for key in mine.keys() & theirs.keys()):
            return False
        self.tracks.update(other.tracks)
        self.after.update(other.after)
        self.said.update(other.said)
        return True

    def program_after(self, program: int) -> int:
        """What they play in the place of a program."""
        return self.after.get(program, program)

    def moved(self, row: EventRow, channel: int, own: bool) -> list[EventRow]:
        """An event of the channel that they had, if any of it is left, on the one that they have.

        Where their own tracks say a program, others at that tick say none; of other programs there are no banks.
        """
        tick, place, data = row
        kind, rest = data[0] & 0xF0, data[1:]
        if kind == CONTROL and rest[0] in _BANKS and not self.has_drums and any(a != b for a, b in self.after.items()):
            return []
        if kind == PROGRAM:
            if not own and tick in self.said:
                return []
            rest = bytes([self.program_after(rest[0])])
        return [(tick, place, bytes([kind | channel]) + rest)]


def with_programs(
    file: EditableMidi, rows: Sequence[list[EventRow]], programs: Mapping[int, int]
) -> list[list[EventRow]]:
    """The events of a file's tracks with other programs; tracks that are not named keep theirs.

    Args:
        rows: of all tracks of the file.
        programs: by the numbers of the score's tracks.

    Raises:
        MusicaeError: more channels are needed than there are.
    """
    found, free, silent = [list(row) for row in rows], file.free_channels, _unsaid(file.events)
    for channel in sorted({file.homes[number].channel for number in programs}):
        voices = _voices(file, found, programs, channel)
        if len(voices) > len(free) + 1:
            message = f"{len(voices)} instruments cannot share channel {channel + 1}, and {len(free)} others are free"
            raise MusicaeError(message, "let the tracks of a channel play the same instrument")
        channels = [channel, *free[: len(voices) - 1]]
        free = free[len(voices) - 1 :]
        placed = list(zip(channels, voices, strict=True))
        found = [list(_spread(of_track, number, channel, placed)) for number, of_track in enumerate(found)]
        for chosen, voice in placed:
            tracks = sorted(track for track in voice.tracks if Home(track, channel) in silent)
            if tracks and voice.program_after(0):  # nobody chose what it began with
                found[tracks[0]].insert(0, (0, FIRST, bytes([PROGRAM | chosen, voice.program_after(0)])))
    return found


def _voices(
    file: EditableMidi, rows: Sequence[list[EventRow]], programs: Mapping[int, int], channel: int
) -> list[_Voice]:
    """The voices of a channel; the first one, with its drums, if there are any, stays there."""
    tracks = list(enumerate(zip(file.homes, file.score.tracks, strict=True)))
    after: dict[int, dict[int, int]] = {}
    for number, (home, track) in sorted(tracks, key=lambda one: not one[1][1].is_drum):
        if home.channel == channel:
            after.setdefault(home.track, {})[track.program] = programs.get(number, track.program)
    voices: list[_Voice] = []
    drums = {home.track for _, (home, track) in tracks if home.channel == channel and track.is_drum}
    for one, of_track in after.items():
        changes = [(tick, data[1]) for tick, _, data in rows[one] if data[0] == PROGRAM | channel]
        said = {tick: of_track.get(program, program) for tick, program in changes}
        voice = _Voice({one}, of_track, said, one in drums)
        if not any(other.join(voice) for other in voices):
            voices.append(voice)
    return voices


def _spread(
    rows: Iterable[EventRow], track: int, channel: int, voices: Sequence[tuple[int, _Voice]]
) -> Iterable[EventRow]:
    """The events of a track, those of a channel for each of its voices, which have channels of their own."""
    own = [(chosen, voice) for chosen, voice in voices if track in voice.tracks]
    for row in rows:
        status = row[2][0]
        if status >= SYSEX or status & 15 != channel:
            yield row
            continue
        for chosen, voice in own or voices if status & 0xF0 <= KEY_PRESSURE else voices:
            yield from voice.moved(row, chosen, track in voice.tracks)


def _unsaid(events: Events) -> set[Home]:
    """Where there are notes whose program nobody chose."""
    notes = events.of(NOTE_ON)
    notes = notes[events.second[notes] > 0]
    notes = notes[said_programs(events, notes) == UNSAID]
    return {Home(*one) for one in zip(events.track[notes].tolist(), events.channel[notes].tolist(), strict=True)}
