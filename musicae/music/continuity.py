"""How well music goes on from other music: in its scale, as dense, as high and in its rhythms, without a leap, and with
every instrument in its role."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Integer

from musicae.music.key import Key, key_like
from musicae.music.note_distance import Onsets, note_f1, onsets_of, rhythm_of
from musicae.music.roles import Roles, role_distance, roles_of
from musicae.music.score import DRUM_KIT, Score

_OCTAVE = 12

Breaks = Float[np.ndarray, "7"]


@dataclass(frozen=True, eq=False)
class Excerpt:
    """Some bars, and what is compared of them.

    Attributes:
        bar: ticks of a bar.
    """

    score: Score
    bar: int

    @property
    def bars(self) -> int:
        """How many there are."""
        return max(self.score.end // self.bar, 1)

    @cached_property
    def key(self) -> Key | None:
        """The major key that has most of its notes; None without pitches."""
        return key_like(self.score, minor=False)

    @cached_property
    def line(self) -> tuple[Integer[np.ndarray, " note"], Integer[np.ndarray, " note"]]:
        """The starts and the pitches of its pitched notes, in order of the starts, then from low to high."""
        notes = [track.notes for track in self.score.tracks if not track.is_drum]
        start, pitch = (np.concatenate([np.arange(0), *(getattr(one, name) for one in notes)]) for name in _COLUMNS)
        order = np.lexsort((pitch, start))
        return start[order], pitch[order]

    @property
    def density(self) -> float:
        """Notes in a bar, of all tracks."""
        return sum(len(track.notes) for track in self.score.tracks) / self.bars

    @cached_property
    def roles(self) -> Roles:
        """What every instrument does in every bar."""
        return roles_of(self.score, self.bar)

    @cached_property
    def onset_positions(self) -> Counter[tuple[bool, int]]:
        """How many notes start in every one of `PARTS_OF_A_QUARTER`, of drums and of others."""
        quarter = self.score.ticks_per_quarter
        return Counter(
            (track.is_drum, start % self.bar % quarter * PARTS_OF_A_QUARTER // quarter)
            for track in self.score.tracks
            for start in track.notes.start.tolist()
        )

    @cached_property
    def notes(self) -> list[Onsets]:
        """What starts in every bar, counted from its beginning."""
        return self._by_bar(onsets_of(self.score))

    @cached_property
    def rhythm(self) -> list[Onsets]:
        """What starts in every bar, whatever its pitch."""
        return self._by_bar(rhythm_of(self.score))

    def _by_bar(self, onsets: Onsets) -> list[Onsets]:
        found: list[Onsets] = [Counter() for _ in range(self.bars)]
        for (instrument, start, pitch), count in onsets.items():
            found[min(start // self.bar, self.bars - 1)][instrument, start % self.bar, pitch] += count
        return found


def breaks(before: Excerpt, after: Excerpt) -> Breaks:
    """What makes a passage stand apart from the one before it; nothing of it is 0.

    The share of its notes outside of the other's scale; |log| of the ratios of the densities and of the mean intervals;
    the distance of the mean pitches and that of the last pitch to the first, in octaves; and by how much its bars
    differ in rhythm, and in notes, from the bar before that is most alike (1 - F1), on average.
    """
    (_, old), (_, new) = before.line, after.line
    pitched = bool(len(old) and len(new))
    outside = 1 - np.isin(new % _OCTAVE, sorted(before.key.scale)).mean() if pitched and before.key else 0.0
    register = abs(float(new.mean() - old.mean())) / _OCTAVE if pitched else 0.0
    leap = abs(int(_outer(after, first=True)) - int(_outer(before, first=False))) / _OCTAVE if pitched else 0.0
    density = abs(np.log((1 + after.density) / (1 + before.density)))
    interval = abs(np.log((1 + _mean_interval(new)) / (1 + _mean_interval(old)))) if pitched else 0.0
    rhythm, notes = _unlike(before.rhythm, after.rhythm), _unlike(before.notes, after.notes)
    return np.array([outside, density, interval, register, leap, rhythm, notes])


def role_change(before: Excerpt, after: Excerpt) -> float:
    """By how much instruments leave their roles (`music.roles`), on average, from 0 to 1."""
    changes = [float(bars.mean()) for bars in role_distance(before.roles, after.roles).values()]
    return float(np.mean(changes)) if changes else 0.0


def new_onset_positions(before: Excerpt, after: Excerpt) -> float:
    """The share of the notes that start at positions of a quarter at which one note before in 100 does at most."""
    old, new = before.onset_positions, after.onset_positions
    rare = old.total() / 100
    return sum(count for position, count in new.items() if old[position] <= rare) / max(new.total(), 1)


def discontinuity(before: Excerpt, after: Excerpt) -> float:
    """How little a passage fits after another one: `breaks` and `new_onset_positions`, weighted, and more if it is a
    copy or all new; of bands and drums also `role_change`.

    What follows in real melodies is the same music again as often as not; who asks for more wants other music.
    """
    found = breaks(before, after)
    least, most = NEW_NOTES
    too_little, too_much = max(least - found[-1], 0.0), max(found[-1] - most, 0.0)
    cost = float(BREAK_WEIGHTS @ found[:-1]) + BEYOND_WEIGHT * (too_little + too_much)
    if len(before.roles) > 1 or any(program == DRUM_KIT for program, _ in before.roles):
        cost += ROLE_WEIGHT * role_change(before, after)
    return cost + POSITION_WEIGHT * new_onset_positions(before, after)


def _mean_interval(pitch: Integer[np.ndarray, " note"]) -> float:
    """In semitones, from each note to the next."""
    return float(np.abs(np.diff(pitch)).mean()) if len(pitch) > 1 else 0.0


def _outer(passage: Excerpt, first: bool) -> int:
    """The highest pitch of the first, or of the last, onset."""
    start, pitch = passage.line
    return int(pitch[start == (start[0] if first else start[-1])].max())


def _unlike(before: Sequence[Onsets], after: Sequence[Onsets]) -> float:
    return float(np.mean([1 - max(note_f1([(bar, other)]) for other in before) for bar in after]))


_COLUMNS = ("start", "pitch")

BREAK_WEIGHTS = np.array([1.0, 0.8, 0.6, 0.3, 1.0, 1.2])
"""Of all but the last of `breaks`. Those of density, interval, leap and rhythm tell what follows in 120 open melodies
from variations of what stood before (a conditional logit); in the others such variations hardly differ from it."""

NEW_NOTES = (0.2, 0.6)
"""How unlike the notes of bars are to be to the most alike before, on average; what follows in melodies is .34."""

ROLE_WEIGHT = 5.0
"""Of `role_change`: at 4, continuations of drums and trios change kinds and roles as much as what really follows."""

POSITION_WEIGHT = 2.0
"""Of `new_onset_positions`."""

PARTS_OF_A_QUARTER = 24
"""Parts of a quarter that are told apart."""

BEYOND_WEIGHT = 5.0
"""Weight of what is beyond."""
