"""Which note-off ends which note-on: MIDI does not say, and files lose, double and overlap them.

A pitch of a channel of a track sounds once at a time, as a key does. So a note lasts to the next event of its pitch:
its note-off, or the note-on that strikes it again where the note-off is lost; no other note is affected. A note-off
while the pitch is silent is ignored, and the last note sounds to the end of its track if nothing ends it.

Only where a note-on comes while its pitch sounds is there a question: was a note-off lost, or is the key released late,
or do two voices share the pitch? What is balanced is then paired first in, first out, as everyone does; elsewhere the
reading with the fewest faults is taken (`_fewest_faults`). Notes that start at one tick at one pitch are one note, as
the longest of them, or of equal ones the loudest.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Integer

from musicae.music.midi_events import PerEvent, PerNote


@dataclass(frozen=True, slots=True, eq=False)
class PairedNotes:
    """Notes: which note-on begins each, at which tick it ends, and how loud it is.

    Attributes:
        ended: whether it has a note-off; else the next note-on or the end of the track is taken for one.
    """

    note_on: PerNote
    end: PerNote
    velocity: PerNote
    ended: Bool[np.ndarray, " note"]


def pair(key: PerEvent, tick: PerEvent, velocity: PerEvent, last: PerEvent, moment: int) -> PairedNotes:
    """Pair the note-ons and note-offs of a file.

    Args:
        key: a number for every pitch of every channel of every track.
        tick: the time of every event; those of one key are in order.
        velocity: 0 of note-offs.
        last: the tick at which the track of every event ends.
        moment: in ticks, how late a key may be released, and how soon a note-off comes twice: a 32nd, say.
    """
    bits = len(key).bit_length()
    order = np.sort(key << bits | np.arange(len(key))) & (1 << bits) - 1
    key, tick, velocity, last = key[order], tick[order], velocity[order], last[order]
    goes_on = np.append(key[1:] == key[:-1], False)[: len(key)]
    strikes = velocity > 0
    end = np.where(goes_on, np.append(tick[1:], 0)[: len(key)], last)
    ended = goes_on & ~np.append(strikes[1:], False)[: len(key)]
    found = _in_question(key, tick, strikes, moment)
    if len(found):
        events = _Events(tick.tolist(), strikes.tolist(), moment, NO_LENGTH * _strikes_first(key, tick, strikes))
        behind = 0
        bounds = (np.searchsorted(key, key[found], side=side).tolist() for side in ("left", "right"))
        for at, begin, stop in zip(found.tolist(), *bounds, strict=True):
            if at >= behind:
                off_before = int(tick[at - 1]) if at > begin else NEVER
                behind, ends = events.passage(at, stop, int(last[at]), off_before)
                for note, (until, by_off) in ends.items():
                    end[note], ended[note] = until, by_off
    key, start, order, end, ended, loud = (column[strikes] for column in (key, tick, order, end, ended, velocity))
    first = np.append(True, (key[1:] != key[:-1]) | (start[1:] != start[:-1]))[: len(key)]
    if first.all():
        return PairedNotes(order, end, loud, ended)
    group = np.flatnonzero(first)
    longest = np.maximum.reduceat(end << 7 | loud, group)
    return PairedNotes(order[group], longest >> 7, longest & 127, np.logical_or.reduceat(ended, group))


def _strikes_first(key: PerEvent, tick: PerEvent, strikes: Bool[np.ndarray, " event"]) -> bool:
    """Whether note-ons stand before note-offs of their tick somewhere: on, on and off at once, and off."""
    same, off = key[1:] == key[:-1], ~strikes
    at_once = same & (tick[1:] == tick[:-1]) & strikes[:-1] & off[1:]
    return bool((at_once[1:-1] & same[:-2] & strikes[:-3] & same[2:] & off[3:]).any()) if len(key) > 3 else False


def _in_question(
    key: PerEvent, tick: PerEvent, strikes: Bool[np.ndarray, " event"], moment: int
) -> Integer[np.ndarray, " found"]:
    """The note-ons that find their pitch silent, and after which another one follows before a note-off.

    And those between the note-off of a note and another one at about its time, with one more after it: the second may
    repeat the first. A note-on that finds its pitch sounding may be among them, too, after the one that began it.
    """
    again = strikes[:-1] & strikes[1:] & (key[1:] == key[:-1])
    if len(key) > 4:
        off = ~strikes
        twice = strikes[:-4] & off[1:-3] & strikes[2:-2] & off[3:-1] & off[4:] & (key[4:] == key[:-4])
        again[2:-1] |= twice & (tick[3:-1] - tick[1:-3] < moment)
    return np.flatnonzero(again)


@dataclass(frozen=True, slots=True)
class _Events:
    """The events of all keys, one key after the other.

    Attributes:
        tick, strikes: of every event, its time, and whether it is a note-on.
        moment: as `pair` has it.
        no_length: what a note without length counts.
    """

    tick: list[int]
    strikes: list[bool]
    moment: int
    no_length: float

    def passage(self, first: int, stop: int, last: int, off_before: int) -> tuple[int, _Ends]:
        """Pair the notes of a key from one that finds it silent up to the next one that does.

        Pairs are first in, first out, unless a note never ends, or notes overlap and one of them has no length or two
        of them end at about one time: then a note-off may have come twice.

        Args:
            stop: after the last event of the key.
            last: the tick at which its track ends.
            off_before: the tick of the note-off before the passage.

        Returns:
            The end of the passage, and of every note-on, the tick at which its note ends, and whether a note-off does.
        """
        sounding: deque[int] = deque()
        pairs: _Ends = {}
        twice, empty, at, off_at = False, False, first, off_before
        while at < stop and not (self.strikes[at] and pairs and not sounding):
            now = self.tick[at]
            if self.strikes[at]:
                sounding.append(at)
            else:
                twice |= now - off_at < self.moment
                off_at = now
                if sounding:
                    note = sounding.popleft()
                    pairs[note] = now, True
                    empty |= self.tick[note] == now
            at += 1
        if sounding or empty or twice:
            return at, self._doubtful(first, at, pairs, off_before, self.tick[at] if at < stop else last)
        return at, pairs

    def _doubtful(self, first: int, behind: int, pairs: _Ends, off_before: int, last: int) -> _Ends:
        """The pairs of a passage in doubt, which may be what they were; the simplest passages are decided at once."""
        struck = {self.tick[note] for note in pairs}
        if behind - first == 2 * len(pairs) and len(struck) == 1:
            return pairs  # one note, or some that start together
        if behind - first == 4 and len(struck) == 2 and self.strikes[first + 1] and not self.strikes[behind - 2]:
            _, again, end, over = self.tick[first:behind]
            if again < end == over or (end < over and end - again >= self.moment):
                return {first: (again, True), first + 1: (end, True)}
        found = self._fewest_faults(first, behind, off_before, last)
        return {note: (end, by_off or self._two_end(note, behind)) for note, (end, by_off) in found.items()}

    def _two_end(self, note: int, behind: int) -> bool:
        """Whether the next note's note-off comes twice, and so may be that of a note as well: on, on, off, off."""
        if note + 3 >= behind or self.strikes[note + 1 : note + 4] != [True, False, False]:
            return False
        return self.tick[note + 3] - self.tick[note + 2] < self.moment

    def _fewest_faults(self, first: int, behind: int, off_before: int, last: int) -> _Ends:
        """The reading of a passage with the fewest faults, by dynamic programming over how many notes sound.

        Those that sound are always the last ones struck: a note-off ends the oldest of them or nothing, a note-on joins
        them, or ends them all.
        """
        readings: _Readings = {0: (0.0, None)}
        struck: list[int] = []
        ends: _Ends = {}
        for at in range(first, behind):
            if not self.strikes[at]:
                readings = self._release(readings, at, struck[-DEEPEST:], off_before)
                off_before = self.tick[at]
            elif struck and struck[-1] == at - 1 and self.tick[at - 1] == self.tick[at]:
                ends[at] = self.tick[at], False  # it is struck twice, and sounds once
            else:
                readings = _strike(readings)
                struck.append(at)
        chain = min(readings.items(), key=lambda reading: reading[1][0] + LOST * reading[0])[1][1]
        for note, stop in zip(struck, [*(self.tick[at] for at in struck[1:]), last], strict=True):
            ends[note] = stop, False
        while chain is not None:
            note, off, chain = chain
            ends[note] = self.tick[off], True
        return ends

    def _release(self, readings: _Readings, at: int, sounding: list[int], off_before: int) -> _Readings:
        """The readings after a note-off; `off_before` is the tick of the last one before it."""
        now, tick = self.tick[at], self.tick
        stray = DOUBLED_OFF if now - off_before < self.moment else STRAY
        twice = TWICE if now == off_before else 0.0
        found: _Readings = {}
        for depth, (cost, chain) in readings.items():
            if depth not in found or cost + stray < found[depth][0]:
                found[depth] = cost + stray, chain
            if depth:
                note = sounding[-depth]
                if depth > 1:
                    cost += SHORT_OVERLAP if now - tick[sounding[1 - depth]] < self.moment else LONG_OVERLAP
                cost += self.no_length if now == tick[note] else twice
                if depth - 1 not in found or cost < found[depth - 1][0]:
                    found[depth - 1] = cost, (note, at, chain)
        return found


def _strike(readings: _Readings) -> _Readings:
    """The readings after a note-on."""
    found: _Readings = {}
    for depth, (cost, chain) in readings.items():
        deeper, lost = (depth + 1, cost) if depth < DEEPEST else (depth, cost + LOST)
        if deeper not in found or lost < found[deeper][0]:
            found[deeper] = lost, chain
        cost += LOST * depth
        if 1 not in found or cost < found[1][0]:
            found[1] = cost, chain
    return found


LOST, STRAY, DOUBLED_OFF, NO_LENGTH = 1.0, 1.5, 0.1, 1.0
"""What faults count: the note-off of a note is lost; a note-off ends nothing, or does so soon after another one; a note
has no length, in a file that writes note-ons before note-offs."""
LONG_OVERLAP, SHORT_OVERLAP, TWICE = 1.2, 0.01, 1.15
"""A note sounds on under the next one of its pitch, or only for a moment, as in legato; it ends at the tick of another
one's end, which looks like a note-off that comes twice."""
DEEPEST = 6
"""More notes than these are not taken to sound at one pitch at once."""
NEVER = -(2**62)

_Ends = dict[int, tuple[int, bool]]
_Chain = tuple[int, int, "_Chain"] | None
_Readings = dict[int, tuple[float, _Chain]]
