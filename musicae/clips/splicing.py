"""New windows spliced into a song: of its notes those change that were read, and of these those that are not kept.

A note is kept where the new window has it, too: at the same step, of the same pitch, or, of drums, of the same kind. It
stays the note of the file, with its pitch and its length, and as loud and as early or late as it was, as far as the
frame says so. Notes that were not read, such as those below others of a chord, stay as they are.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from musicae.clips.edited_parts import EditedPart, Place, StepNote, edited_parts
from musicae.clips.frame import Frame
from musicae.clips.song import SongReading, overhang
from musicae.music.arrangement import NoteRow
from musicae.music.midi import instrument_name
from musicae.music.representations.base import TokenArray
from musicae.music.representations.drums import DRUM_CLASSES, NAMES
from musicae.music.score import DRUM_KIT, Notes, Track

Found = dict[Place, list[tuple[int, int]]]
"""The notes of the file by their places: the number of the track, and that of the note."""


@dataclass
class _Change:
    """What becomes of a track: which of its notes go, and what comes: start, end, pitch, velocity."""

    gone: set[int] = field(default_factory=set)
    come: list[NoteRow] = field(default_factory=list)


def spliced(reading: SongReading, frame: Frame, windows: Sequence[TokenArray], text: str = "") -> bytes:
    """The file of a song, with new windows in the place of its first playing ones.

    Where notes are not as loud as they were, they are as loud as a representation has them, or else as all notes of
    their part are on average.

    Args:
        text: as of `EditableMidi.with_notes`.
    """
    splice = _Splice(reading, frame)
    splice.mark(windows)
    for part in edited_parts(reading, reading.with_windows(windows)):
        splice.insert(part)
    return reading.file.with_notes(*splice.result(), text)


class _Splice:
    """What becomes of the notes of a song."""

    def __init__(self, reading: SongReading, frame: Frame) -> None:
        self.reading, self.frame = reading, frame
        self.score, self.grid = reading.score, reading.grid
        self.bar = reading.representation.grid.steps
        self.steps_per_quarter = reading.representation.grid.steps_per_quarter
        self.seams = {span.start * self.bar for span in reading.playing}
        if reading.passage:
            self.seams.remove(reading.passage.start * self.bar)  # nothing goes on into it
        self.ticks = self.grid.ticks(reading.stream.bars)
        self.changes: defaultdict[int, _Change] = defaultdict(_Change)
        self.added: defaultdict[int, list[NoteRow]] = defaultdict(list)
        self.bar_numbers = self.grid.bars
        self._rows: dict[int, list[NoteRow]] = {}
        self._places: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        self._hits: dict[int, Counter[int]] = {}
        self._loudness: dict[tuple[int, ...], int] = {}
        self.made = np.zeros(len(reading.stream.bars), dtype=bool)
        if reading.passage:
            self._end_notes_at(int(self.ticks[reading.passage.start]))
        if frame.alone:
            for number, track in enumerate(self.score.tracks):
                self.changes[number].gone.update(range(len(track.notes)))

    def _end_notes_at(self, tick: int) -> None:
        """Ends the notes of all tracks that are read, and that are not drums, where a passage begins."""
        half = self.score.ticks_per_quarter / (2 * self.steps_per_quarter)
        for number in self.reading.stream.tracks:
            notes, change = self.score.tracks[number].notes, self.changes[number]
            across = np.flatnonzero((notes.start < tick - half) & (notes.end > tick + overhang(self.score)))
            for note in [] if self.score.tracks[number].is_drum else across.tolist():
                start, _, pitch, velocity = self.row(number, note)
                change.gone.add(note)
                change.come.append((start, tick, pitch, velocity))

    def mark(self, windows: Sequence[TokenArray]) -> None:
        """Takes which bars are made anew: those of so many windows."""
        for span, _ in zip(self.reading.playing, windows, strict=False):
            self.made[span.start : span.behind] = True

    def insert(self, part: EditedPart) -> None:
        """Puts the notes of a part after the edit in the place of those before it."""
        there = self._originals(part)
        before = {part.place(note.start, note.pitch): note for note in part.before}
        read = {place: note for place, note in before.items() if self._is_made(note)}
        for place in read:
            for track, number in there.get(place, ()):
                self.changes[track].gone.add(number)
        around = _Around(self, part, there, before)
        for note in filter(self._is_made, part.after):
            place = part.place(note.start, note.pitch)
            if place in read and there.get(place):
                self._keep(note, read[place], there[place], part, around)
            elif not self._goes_on_as(note, part):
                self._add(note, part, around)

    def result(self) -> tuple[dict[int, Notes], list[Track]]:
        """The notes of the tracks that change, and tracks that are new."""
        notes, free = {}, self.reading.file.free_channels
        tracks: list[Track] = []
        for program, rows in sorted(self.added.items()):
            same_kind = [i for i, track in enumerate(self.score.tracks) if track.is_drum == (program == DRUM_KIT)]
            if program == DRUM_KIT or len(tracks) < len(free) or not same_kind:
                track = Track(Notes.of(rows), program % DRUM_KIT, program == DRUM_KIT)
                tracks.append(replace(track, name=instrument_name(track)))
            else:  # every channel is taken: the nearest instrument plays it
                nearest = min(same_kind, key=lambda i: abs(self.score.tracks[i].program - program))
                self.changes[nearest].come += rows
        for number, change in self.changes.items():
            before = self.score.tracks[number].notes
            after = _without_overlaps([row for i, row in enumerate(before.rows()) if i not in change.gone], change.come)
            if after != before:
                notes[number] = after
        return notes, tracks

    def _is_made(self, note: StepNote) -> bool:
        return bool(self.made[note.start // self.bar])

    def _originals(self, part: EditedPart) -> Found:
        """The notes of the file that a part stands for, by their places."""
        found: Found = defaultdict(list)
        first, last = min((note.start for note in part.before), default=0), part.end
        for track in part.tracks:
            for step, number in self._steps_of(track, first, last):
                found[part.place(step, int(self.score.tracks[track].notes.pitch[number]))].append((track, number))
        return found

    def _steps_of(self, track: int, first: int, end: int) -> Iterator[tuple[int, int]]:
        """The steps at which notes of a track start, from one to another, and the numbers of the notes."""
        steps, numbers = self._placed(track)
        inside = slice(*np.searchsorted(steps, (first, end)))
        return zip(steps[inside].tolist(), numbers[inside].tolist(), strict=True)

    def _placed(self, track: int) -> tuple[np.ndarray, np.ndarray]:
        """The steps of the stream at which notes of a track start, in order, and their numbers."""
        if track not in self._places:
            start, end = self.grid.place(self.score.tracks[track].notes)
            inside = np.flatnonzero(start < end)
            start, bars = start[inside], self.reading.stream.bars
            number = self.bar_numbers[start // self.bar]
            place = np.minimum(np.searchsorted(bars, number), len(bars) - 1)
            there = bars[place] == number
            steps, numbers = (place * self.bar + start % self.bar)[there], inside[there]
            order = np.argsort(steps, kind="stable")
            self._places[track] = steps[order], numbers[order]
        return self._places[track]

    def tick(self, step: int, end: int) -> int:
        """The tick of a step; `end` is the one at which the bars end that follow one another."""
        bar = min(step, end - 1) // self.bar
        per_quarter, within = self.steps_per_quarter, step - bar * self.bar
        return int(self.ticks[bar]) + (2 * within * self.score.ticks_per_quarter + per_quarter) // (2 * per_quarter)

    def _keep(
        self, note: StepNote, read: StepNote, originals: Sequence[tuple[int, int]], part: EditedPart, around: _Around
    ) -> None:
        """A note that was there stays the one of the file."""
        for track, number in originals if self.frame.timing else originals[:1]:
            start, end, pitch, velocity = self.row(track, number)
            placed = self.tick(note.start, part.end)
            length = end - start
            if not self.frame.timing:
                start = placed
            if part.program == DRUM_KIT:
                end = start + length
            elif not (note.end == read.end and (self.frame.timing or self._goes_on(end, part))):
                end = max(self._end(note, part, around), start + 1)
            if self.frame.velocity:
                velocity = min(max(velocity + note.velocity - read.velocity, 1), 127)
            else:
                velocity = self._mean_velocity(part) or note.velocity
            if (start, end, pitch, velocity) == self.row(track, number):
                self.changes[track].gone.discard(number)
            else:
                self.changes[track].come.append((start, end, pitch, velocity))

    def _end(self, note: StepNote, part: EditedPart, around: _Around) -> int:
        """The tick at which a note ends: as early or late as the one starts that follows it at once, if one does."""
        tick = self.tick(note.end, part.end)
        follows = self.frame.timing and note.end in around.starts
        return tick + around.deviation(note.end) if follows else tick

    def _goes_on(self, end: int, part: EditedPart) -> bool:
        """Whether a note that ends at some tick sounds on after the bars of a part."""
        return end > self.tick(part.end, part.end) + self.score.ticks_per_quarter / (2 * self.steps_per_quarter)

    def _add(self, note: StepNote, part: EditedPart, around: _Around) -> None:
        """A note that was not there comes, like those around it."""
        start, end = self.tick(note.start, part.end), self._end(note, part, around)
        if self.frame.timing:
            start = max(start + around.deviation(note.start), 0)
        velocity = self._mean_velocity(part) or note.velocity
        if self.frame.velocity and not self.reading.representation.keeps_velocities:
            velocity = around.velocity(note) or note.velocity
        if part.tracks:
            track, pitch = self._drum(note, part) if part.program == DRUM_KIT else (part.tracks[0], note.pitch)
            self.changes[track].come.append((start, max(end, start + 1), pitch, velocity))
        elif self.frame.alone or not self.reading.stream.parts:  # parts that a song does not have are left out
            self.added[part.program].append((start, max(end, start + 1), note.pitch, velocity))

    def _mean_velocity(self, part: EditedPart) -> int:
        """Of the notes of a part in the file; 0 where there are none, or where notes are to be as loud as they are."""
        if self.frame.velocity or self.reading.representation.keeps_velocities:
            return 0
        if part.tracks not in self._loudness:
            notes = Notes.join([self.score.tracks[track].notes for track in part.tracks])
            self._loudness[part.tracks] = round(float(notes.velocity.mean())) if len(notes) else 0
        return self._loudness[part.tracks]

    def _goes_on_as(self, note: StepNote, part: EditedPart) -> bool:
        """Whether a note at a seam would strike again what the song holds across it; if so, the one before goes on."""
        if note.start not in self.seams:
            return False
        tick, half = self.tick(note.start, part.end), self.score.ticks_per_quarter / (2 * self.steps_per_quarter)
        for track in part.tracks:
            notes, change = self.score.tracks[track].notes, self.changes[track]
            across = (notes.pitch == note.pitch) & (notes.start < tick - half) & (notes.end > tick + half)
            held = set(np.flatnonzero(across).tolist())
            if held - change.gone:
                return True
            for place, (start, end, pitch, velocity) in enumerate(change.come if held else ()):
                if pitch == note.pitch and start < tick and end >= tick - half:
                    change.come[place] = start, max(end, self.tick(note.end, part.end)), pitch, velocity
                    return True
        return False

    def row(self, track: int, number: int) -> NoteRow:
        """A note of the file."""
        if track not in self._rows:
            self._rows[track] = self.score.tracks[track].notes.rows()
        return self._rows[track][number]

    def _drum(self, note: StepNote, part: EditedPart) -> tuple[int, int]:
        """The track that plays most of a kind of drum, and the pitch that it mostly has there."""
        same = DRUM_CLASSES.get(NAMES.get(note.pitch, ""), ()) if part.kinds else (note.pitch,)
        hits = {(track, pitch): self.hits(track)[pitch] for track in part.tracks for pitch in same}
        track, pitch = max(hits, key=lambda hit: hits[hit])
        if hits[track, pitch]:
            return track, pitch
        return max(part.tracks, key=lambda track: self.hits(track).total()), note.pitch

    def hits(self, track: int) -> Counter[int]:
        """How often a track plays every pitch."""
        if track not in self._hits:
            self._hits[track] = Counter(self.score.tracks[track].notes.pitch.tolist())
        return self._hits[track]


class _Around:
    """How loud, and how early or late, the notes of the file are around a step."""

    def __init__(self, splice: _Splice, part: EditedPart, there: Found, read: Mapping[Place, StepNote]) -> None:
        loud: defaultdict[int | str, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
        late: defaultdict[int, list[int]] = defaultdict(list)
        self.part, self.bar = part, splice.bar
        self.starts = {note.start for note in part.after}
        for (step, key), _ in sorted(read.items(), key=lambda item: item[0][0]):
            for track, number in there.get((step, key), ()):
                start, _, _, velocity = splice.row(track, number)
                late[step].append(start - splice.tick(step, part.end))
                for group in {"", key if part.kinds else ""}:
                    loud[group][step].append(velocity)
        self.late = {step: float(np.mean(values)) for step, values in late.items()}
        self.loud = {
            key: {step: float(np.mean(values)) for step, values in by_step.items()} for key, by_step in loud.items()
        }

    def deviation(self, step: int) -> int:
        """In ticks."""
        return round(_between(self.late, step, self.bar))

    def velocity(self, note: StepNote) -> int:
        """That of the same kind of drum, where there are such notes; 0 where there are none at all."""
        _, key = self.part.place(note.start, note.pitch)
        found = self.loud.get(key if self.part.kinds else "") or self.loud.get("", {})
        return min(max(round(_between(found, note.start, self.bar)), 1), 127) if found else 0


def _between(values: dict[int, float], step: int, bar: int) -> float:
    """What lies between the values of the steps before and after; beyond them all, the mean of those at the same place
    of their bars, if there are any: a song keeps its accents and its swing where it goes on."""
    if not values:
        return 0.0
    steps = list(values)
    if steps[0] <= step <= steps[-1]:
        return float(np.interp(step, steps, list(values.values())))
    same = [value for at, value in values.items() if (at - step) % bar == 0]
    return float(np.mean(same or list(values.values())))


def _without_overlaps(staying: Sequence[NoteRow], new: Sequence[NoteRow]) -> Notes:
    """All notes; where a new one and another one of its pitch sound at once, the earlier one ends where the later one
    starts, and of two that start at once the new one goes."""
    rows: list[list[int]] = []
    last: dict[int, tuple[int, bool]] = {}
    fresh = [(start, False, pitch, end, velocity) for start, end, pitch, velocity in staying]
    fresh += [(start, True, pitch, end, velocity) for start, end, pitch, velocity in new]
    for start, is_new, pitch, end, velocity in sorted(fresh):
        if pitch in last:
            at, before_is_new = last[pitch]
            if (is_new or before_is_new) and rows[at][1] > start:
                if rows[at][0] == start:
                    continue
                rows[at][1] = start
        last[pitch] = len(rows), is_new
        rows.append([start, end, pitch, velocity])
    return Notes.of((start, end, pitch, velocity) for start, end, pitch, velocity in rows)
