"""A MIDI file as the synthesizer is to play it: everything that sounds, in one track, as often as it repeats.

Notes are those that are read (`careful_midi`), so that one without note-off does not sound for ever; programs,
controllers and bends are the file's own. What the synthesizer does not know is put in its words: drums of other
channels than General MIDI's are moved to channel 10, and of tempi that tracks disagree on those that are read are said.

A loop ends on a bar line, and begins as the file began: what the file says later of a channel does not last.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from musicae.music.careful_midi import TEMPO_SIZE, moment_of
from musicae.music.channels import DRUM_CHANNEL
from musicae.music.meter import BarGrid
from musicae.music.midi_editing import FIRST, EditableMidi, EventRow, meta_event, midi_file, note_rows
from musicae.music.midi_events import CONTROL, LARGEST_DATA, PROGRAM, SYSEX, TEMPO
from musicae.music.score import Notes, Score, Tempo

LONGEST_SECONDS = 90 * 60
"""Of sound that is rendered; the rest behind the last note counts as far as this."""

_BEFORE = FIRST - 1
"""The place of what holds before the file says anything at a tick."""

_PRESSURE, _BEND, _CENTER = 0xD0, 0xE0, 64
_EXPRESSION, _RESET = 11, 121
_INITIAL = {7: 100, 10: 64, _EXPRESSION: 127, 91: 40}
"""What controllers are set to before a file says anything; the others to 0."""
_NO_STATE = {6, 38, *range(96, 128)}
"""Controllers that do something, or say what others are about."""


@dataclass(frozen=True, eq=False)
class Performance:
    """What sounds.

    Attributes:
        rows: events of channels, and tempi.
        score: its notes and tempi, and where it ends.
    """

    rows: list[EventRow]
    score: Score

    @classmethod
    def of(cls, data: bytes, *, loop: bool = False) -> Performance:
        """The performance of a MIDI file, by its bytes.

        Args:
            loop: it ends on a bar line, with nothing of the channels' said there; else where the file says.

        Raises:
            MusicaeError: as `read_midi`.
        """
        file = EditableMidi.open(data)
        end = _bar_line(file) if loop else _end(file)
        score = file.score.until(end)
        rows = [(tempo.tick, FIRST, _tempo_event(tempo)) for tempo in score.tempi]
        channels = _channels(file)
        for track in file.rows(dict.fromkeys(range(len(score.tracks)), Notes.of([]))):
            for tick, place, event in track:
                if event[0] < SYSEX and not (loop and tick >= end):
                    rows.append((tick, place, bytes([event[0] & 0xF0 | channels[event[0] & 15]]) + event[1:]))
        for home, part in zip(file.homes, score.tracks, strict=True):
            rows += note_rows(part.notes, DRUM_CHANNEL if part.is_drum else channels[home.channel])
        return cls(rows, score)

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return seconds_of(self.score)

    def midi(self, *, repetitions: int = 1, expression: int = 127, tail_seconds: float = 0.0) -> bytes:
        """A MIDI file of it.

        Args:
            repetitions: how often it is played.
            expression: what full expression (controller 11) becomes.
            tail_seconds: how long the file lasts after the end.
        """
        played = [
            (tick + self.score.end * repetition, place, event)
            for repetition in range(repetitions)
            for tick, place, data in [*((0, _BEFORE, event) for event in _initial(self.rows)), *self.rows]
            for event in _expressed(data, expression)
        ]
        quarters = tail_seconds * self.score.tempi[-1].tempo_qpm / 60
        end = self.score.end * repetitions + round(quarters * self.score.ticks_per_quarter)
        return midi_file([(played, end)], self.score.ticks_per_quarter)


def seconds_of(score: Score) -> float:
    """How long a score lasts, to its end."""
    starts = [tempo.tick for tempo in score.tempi]
    ends = [*starts[1:], score.end]
    return sum(
        max(min(end, score.end) - start, 0) / score.ticks_per_quarter * 60 / tempo.tempo_qpm
        for tempo, start, end in zip(score.tempi, starts, ends, strict=True)
    )


def _end(file: EditableMidi) -> int:
    """The tick at which the last track of a file ends, or its last note if there is no end to the rest behind it."""
    score, marked = file.score, max(file.score.end, int(file.events.end.max(initial=0)))
    return marked if seconds_of(replace(score, end=marked)) <= LONGEST_SECONDS else score.end


def _bar_line(file: EditableMidi) -> int:
    """The first bar line that nothing but a slip comes after."""
    score = file.score
    end = max(_end(file) - moment_of(score.ticks_per_quarter) + 1, 1)
    meter = max((meter for meter in score.meters if meter.tick < end), key=lambda meter: meter.tick)
    bar = BarGrid(meter.numerator, meter.denominator, 1).ticks(score.ticks_per_quarter)
    line = meter.tick + -(-(end - meter.tick) // bar) * bar
    return min([line, *(other.tick for other in score.meters if other.tick >= end)])  # a meter begins with a bar


def _channels(file: EditableMidi) -> dict[int, int]:
    """Where General MIDI has what the file has on its channels: drums on channel 10, and nothing else there."""
    drums, pitched = (
        {home.channel for home, track in zip(file.homes, file.score.tracks, strict=True) if track.is_drum is is_drum}
        for is_drum in (True, False)
    )
    channels = {channel: channel for channel in range(16)} | dict.fromkeys(drums - pitched, DRUM_CHANNEL)
    free = file.free_channels
    return channels | {DRUM_CHANNEL: free[0]} if DRUM_CHANNEL in pitched - drums and free else channels


def _tempo_event(tempo: Tempo) -> bytes:
    return meta_event(TEMPO, round(60e6 / tempo.tempo_qpm).to_bytes(TEMPO_SIZE))


def _initial(rows: Iterable[EventRow]) -> list[bytes]:
    """What channels are set to before anything is said: their expression, and all that is changed later."""
    states = {(data[0], data[1] if data[0] & 0xF0 == CONTROL else 0) for _, _, data in rows if data[0] < SYSEX}
    states |= {(CONTROL | status & 15, _EXPRESSION) for status, _ in states}
    found = []
    for status, number in sorted(states):
        if status & 0xF0 == CONTROL and number not in _NO_STATE:
            found.append(bytes([status, number, _INITIAL.get(number, 0)]))
        elif status & 0xF0 in (PROGRAM, _PRESSURE):
            found.append(bytes([status, 0]))
        elif status & 0xF0 == _BEND:
            found.append(bytes([status, 0, _CENTER]))
    return found


def _expressed(data: bytes, expression: int) -> list[bytes]:
    """An event of a performance whose full expression is less; a reset of all controllers makes it full again."""
    if data[0] & 0xF0 != CONTROL or data[1] not in (_EXPRESSION, _RESET):
        return [data]
    if data[1] == _RESET:
        return [data, bytes([data[0], _EXPRESSION, expression])]
    return [bytes([*data[:2], data[2] * expression // LARGEST_DATA])]
