"""Bars of several instruments put in order: one key, one grid, one bass, one drum kit.

What a network writes under a chord is mostly what a band would play, and now and then a note of another key, a hit that
no kit has, an onset that is neither a sixteenth nor a triplet, or a bass that plays chords. Such notes are moved to the
nearest that fit; of the chords of a bass the lowest notes are left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from jaxtyping import Integer

from musicae.music.chords import NO_CHORD, Chord
from musicae.music.key import MAJOR_SCALE, Key
from musicae.music.representations.drums import DRUM_CLASSES, NAMES
from musicae.music.representations.melody import BASSES, HIGHEST_PITCH, LOWEST_PITCH
from musicae.music.score import Notes, Score, Track

SHORTEST = 4
"""Parts of a quarter that a note lasts at least: a sixteenth."""

_OCTAVE = 12
LOWEST_BASS, LOW_BASS, HIGHEST_BASS = 28, 45, 55
"""The lowest string of a bass, E1; up to where, A2, its lowest note lies; and its highest one, G3."""

DIVISIONS = (4, 3)
"""Parts of a quarter at which notes may start: sixteenths and eighth triplets."""

NoteRow = tuple[int, int, int, int]
"""A note: start, end, pitch, velocity."""

Ticks = Integer[np.ndarray, " note"]


@dataclass(frozen=True)
class Arranged:
    """Music in order, and how many of its notes had to be moved into its key, of how many; octaves do not count."""

    score: Score
    moved: int
    pitched: int


def scale_of(chords: Sequence[Chord]) -> frozenset[int]:
    """The pitch classes of the major scale of some chords (`tonic_of`)."""
    tonic = tonic_of(chords)
    return frozenset((tonic + step) % 12 for step in MAJOR_SCALE)


def tonic_of(chords: Sequence[Chord]) -> int:
    """The tonic of the major scale that has most tones of some chords; of equals the one whose own triad, or that of
    its relative minor, comes first."""
    tones = [tone for chord in chords for tone in chord.tones]
    firsts = [chord.root for chord in chords if chord.root >= 0]

    def fit(tonic: int) -> tuple[int, int]:
        inside = sum((tone - tonic) % 12 in MAJOR_SCALE for tone in tones)
        homes = (firsts.index(root) for root in (tonic, (tonic + 9) % 12) if root in firsts)
        return inside, -min(homes, default=len(firsts))

    return max(range(12), key=fit)


def resting_chord(chords: Sequence[Chord]) -> Chord:
    """The chord on which a progression comes to rest.

    It is the first triad on the tonic of its scale or of the relative minor, or else the first chord.
    """
    tonic, scale = tonic_of(chords), scale_of(chords)
    sounding = [chord for chord in chords if chord.root >= 0] or list(chords)
    homes = (chord for chord in sounding if chord.root in (tonic, (tonic + 9) % 12) and chord.tones <= scale)
    return next(homes, sounding[0])


def final_bar(score: Score, bar: int) -> Score:
    """A last bar: every instrument holds what it starts first; drums hit the kick and the crash.

    Args:
        bar: its ticks; what starts after it counts for nothing.
    """
    tracks = []
    for track in score.tracks:
        inside = track.notes[track.notes.start < bar]
        first = inside[inside.start == inside.start.min(initial=bar)]
        rows = {(0, bar, pitch, velocity) for _, _, pitch, velocity in first.rows()}
        if track.is_drum and len(first):
            rows = {*_final_hits(score.ticks_per_quarter, int(inside.velocity.max()))}
        tracks.append(replace(track, notes=Notes.of(sorted(rows))))
    return replace(score, tracks=tuple(tracks))


def at_rest(score: Score, bar: int, key: Key | None) -> Score:
    """A bar after some music: every line holds the tonic that is nearest to its last note, the lower one of two on a
    piano, and drums hit the kick and the crash.

    Args:
        bar: its ticks.
        key: of the music; None where nothing is pitched.
    """
    tracks = []
    for track in score.tracks:
        rows = []
        if len(track.notes) and track.is_drum:
            rows = _final_hits(score.ticks_per_quarter, int(track.notes.velocity.max()))
        elif len(track.notes) and key:
            _, _, pitch, velocity = max(track.notes.rows(), key=lambda row: (row[0], row[2]))
            tonic = nearest(pitch, {key.tonic})
            tonic += _OCTAVE * ((tonic < LOWEST_PITCH) - (tonic > HIGHEST_PITCH))
            rows = [(0, bar, tonic, velocity)]
        tracks.append(replace(track, notes=Notes.of(rows)))
    return replace(score, tracks=tuple(tracks), end=bar, markers=())


def _final_hits(ticks_per_quarter: int, velocity: int) -> list[NoteRow]:
    """The kick and the crash, short, as a bar begins."""
    return [(0, ticks_per_quarter // SHORTEST, DRUM_CLASSES[kind][0], velocity) for kind in ("kick", "crash")]


def allowed_under(chord: Chord, scale: frozenset[int]) -> frozenset[int]:
    """The pitch classes that fit a chord: its tones, and those of the scale that are beside no tone foreign to it.
    Where its symbol names a minor or a major seventh, that one fits, and the other does not."""
    foreign = chord.tones - scale
    fitting = chord.tones | {tone for tone in scale if not {(tone + 1) % 12, (tone - 1) % 12} & foreign}
    if chord.seventh:
        other = {10: 11, 11: 10}.get(chord.seventh, chord.seventh)
        fitting = fitting - {(chord.root + other) % 12} | {(chord.root + chord.seventh) % 12}
    return fitting


def share_outside_chords(score: Score, chords: Sequence[Chord], scale: frozenset[int], bar: int) -> float:
    """For how much of the time pitched notes sound that do not fit the chord of their bar: where a bar begins its tones
    fit, elsewhere what it allows.

    Args:
        chords: of its bars, as many as have one.
        bar: ticks of a bar.
    """
    outside = total = 0
    for start, end, pitch, _ in (row for track in score.tracks if not track.is_drum for row in track.notes.rows()):
        total += end - start
        chord = chords[start // bar] if start // bar < len(chords) else NO_CHORD
        if chord.root >= 0:
            fitting = allowed_under(chord, scale) if start % bar else chord.tones
            outside += (pitch % _OCTAVE not in fitting) * (end - start)
    return outside / max(total, 1)


def arranged(score: Score, chords: Sequence[Chord], scale: frozenset[int], *, loose: bool = False) -> Arranged:
    """Bars in order.

    Args:
        chords: one for every bar.
        loose: onsets and lengths are not quantized, also where notes of a bass overlap.
    """
    bar, moved, pitched = score.end // len(chords), 0, 0
    tracks = []
    for track in _with_one_bass(score.tracks):
        notes = track.notes if loose else _on_grid(track.notes, score.ticks_per_quarter, bar)
        if track.is_drum:
            notes = _standard_kit(notes, score.ticks_per_quarter)
        else:
            under = [chords[at] for at in notes.start // bar]
            pitch = _fitting(notes, under, scale, bar, score.ticks_per_quarter, bass=track.program in BASSES)
            moved, pitched = moved + int(((pitch - notes.pitch) % _OCTAVE != 0).sum()), pitched + len(notes)
            notes = replace(notes, pitch=pitch)
        notes = without_doubles(notes)
        alone = track.program in BASSES and not track.is_drum and not loose
        tracks.append(replace(track, notes=_line(notes) if alone else notes))
    return Arranged(replace(score, tracks=tuple(tracks)), moved, pitched)


def _fitting(
    notes: Notes, chords: Sequence[Chord], scale: frozenset[int], bar: int, quarter: int, *, bass: bool
) -> Ticks:
    """The pitches of notes, each moved into what its chord allows: its tones where a bar begins; of a bass its root
    there, and its tones on every quarter. A bass plays in its octaves."""
    pitches = []
    for start, pitch, chord in zip(notes.start.tolist(), notes.pitch.tolist(), chords, strict=True):
        if start % bar == 0:
            classes: frozenset[int] = frozenset({chord.root}) if bass else chord.tones
        else:
            classes = chord.tones if bass and start % quarter == 0 else allowed_under(chord, scale)
        pitches.append(nearest(pitch, classes) if chord.root >= 0 else pitch)
    found = np.array(pitches, dtype=np.int64)
    return _in_bass_octaves(found) if bass and len(found) else found


def _in_bass_octaves(pitch: Ticks) -> Ticks:
    """The pitches of a bass: the line as a whole down by octaves where it is too high, then what is still outside."""
    pitch = pitch - _octaves(np.full_like(pitch, pitch.min() - LOW_BASS))
    pitch = pitch - _octaves(pitch - HIGHEST_BASS)
    return pitch + _octaves(LOWEST_BASS - pitch)


def _octaves(beyond: Ticks) -> Ticks:
    """Semitones of as many octaves as lead back from so far beyond an edge; 0 within it."""
    return _OCTAVE * -(-np.maximum(beyond, 0) // _OCTAVE)


BEAT = ({"kick"}, {"snare"}, {"closed hat", "open hat", "ride"})
"""The drums that a beat is made of: low, high, and what keeps time."""

ENOUGH_HITS = 0.2
"""Share of the hits that a part of a beat has."""


def beat(score: Score) -> float:
    """How much of a beat drums play, from 0 to 1: every part of it counts by its hits, up to `ENOUGH_HITS` of all."""
    hits = [NAMES.get(pitch, "") for track in score.tracks if track.is_drum for pitch in track.notes.pitch.tolist()]
    shares = (sum(hit in part for hit in hits) / max(len(hits), 1) for part in BEAT)
    return sum(min(share / ENOUGH_HITS, 1.0) for share in shares) / len(BEAT)


def nearest(pitch: int, classes: frozenset[int] | set[int]) -> int:
    """The pitch of some classes that is nearest to another one; of two, the lower."""
    if not classes:
        return pitch
    return min((other for other in range(128) if other % 12 in classes), key=lambda other: abs(other - pitch))


def _with_one_bass(tracks: Sequence[Track]) -> list[Track]:
    """The tracks without basses but the one that has most notes."""
    basses = [track for track in tracks if track.program in BASSES and not track.is_drum]
    first = max(basses, key=lambda track: len(track.notes), default=None)
    return [track for track in tracks if track is first or track not in basses]


def _line(notes: Notes) -> Notes:
    """One note at a time: of those that start at once the lowest, each to the start of the next one at most."""
    ordered = notes[np.lexsort((notes.pitch, notes.start))]
    starts, first = np.unique(ordered.start, return_index=True)
    kept = ordered[first]
    return replace(kept, end=np.minimum(kept.end, np.append(starts[1:], kept.end[-1:])))


def _on_grid(notes: Notes, ticks_per_quarter: int, bar: int) -> Notes:
    """Notes that start on the nearest sixteenth or triplet of their bar and end on one, a sixteenth later at least."""
    steps = {tick for part in DIVISIONS for tick in range(0, bar + 1, ticks_per_quarter // part)}
    places, first = np.array(sorted(steps)), notes.start // bar * bar
    start = first + _nearest_of(places[places < bar], notes.start - first)
    least = places[np.searchsorted(places, start - first + ticks_per_quarter // SHORTEST)]
    stop = np.maximum(_nearest_of(places, np.minimum(notes.end - first, bar)), least)
    return replace(notes, start=start, end=first + stop)


def _nearest_of(places: Integer[np.ndarray, " place"], ticks: Ticks) -> Ticks:
    if not len(ticks):
        return ticks
    found: Ticks = places[np.abs(places[None] - ticks[:, None]).argmin(1)]
    return found


def _standard_kit(notes: Notes, ticks_per_quarter: int) -> Notes:
    """Hits of the kinds of drum that a kit has, each on the first pitch of its kind, and short."""
    known = np.array([pitch in NAMES for pitch in notes.pitch.tolist()], dtype=bool)
    notes = notes[known]
    pitch = np.array([DRUM_CLASSES[NAMES[one]][0] for one in notes.pitch.tolist()], dtype=np.int64)
    return replace(notes, pitch=pitch, end=np.minimum(notes.end, notes.start + ticks_per_quarter // SHORTEST))


def with_additions(score: Score, other: Score, most: int | None = None) -> Score:
    """Music with the notes of other music that its instruments could play as well: on the grid, on pitches that do not
    sound already, and of a bass one at a time.

    Of several tracks of one instrument the first of each stand for one another, and so on.

    Args:
        most: at how many moments notes come: those at which most do, the earliest of equals; None for all.
    """
    there, came = dict(_numbered(other.tracks)), {}
    for place, track in _numbered(score.tracks):
        steps = [score.ticks_per_quarter // part for part in DIVISIONS]
        rows = there[place].notes.rows() if place in there else []
        on_grid = [row for row in rows if any(row[0] % step == 0 for step in steps)]
        came[place] = list(_free(track.notes, on_grid, alone=track.program in BASSES and not track.is_drum))
    counts = Counter(row[0] for rows in came.values() for row in rows)
    chosen = set(sorted(counts, key=lambda tick: (-counts[tick], tick))[:most])
    tracks = []
    for place, track in _numbered(score.tracks):
        rows = [*track.notes.rows(), *(row for row in came[place] if row[0] in chosen)]
        tracks.append(replace(track, notes=without_doubles(Notes.of(rows))))
    return replace(score, tracks=tuple(tracks))


InstrumentQuarter = tuple[tuple[int, int], int]
"""An instrument, its number among those that are alike, and a quarter of the music."""


def cells(score: Score) -> list[InstrumentQuarter]:
    """The quarters in which instruments start notes, in order."""
    quarters = {
        (place, start // score.ticks_per_quarter)
        for place, track in _numbered(score.tracks)
        for start in track.notes.start.tolist()
    }
    return sorted(quarters)


def with_cells(score: Score, other: Score, chosen: Collection[InstrumentQuarter]) -> Score:
    """Music that in some cells starts what other music starts there, and not what it started itself."""
    there = dict(_numbered(other.tracks))
    tracks = []
    for place, track in _numbered(score.tracks):
        theirs = there[place].notes.rows() if place in there else []
        quarters = {quarter for instrument, quarter in chosen if instrument == place}
        rows = [row for row in track.notes.rows() if row[0] // score.ticks_per_quarter not in quarters]
        rows += [row for row in theirs if row[0] // score.ticks_per_quarter in quarters]
        tracks.append(replace(track, notes=without_doubles(Notes.of(sorted(rows)))))
    return replace(score, tracks=tuple(tracks))


def _numbered(tracks: Sequence[Track]) -> Iterator[tuple[tuple[int, int], Track]]:
    """Tracks by their instruments and their numbers among those of one."""
    met: Counter[int] = Counter()
    for track in tracks:
        yield (track.instrument, met[track.instrument]), track
        met[track.instrument] += 1


def _free(notes: Notes, rows: Sequence[NoteRow], alone: bool) -> Iterator[NoteRow]:
    """Rows of notes that begin where none of some notes sounds on their pitch, shortened to where one begins.

    Args:
        alone: whether one note sounds at a time, whatever its pitch.
    """
    for start, end, pitch, velocity in rows:
        same = notes if alone else notes[notes.pitch == pitch]
        if not ((same.start <= start) & (same.end > start)).any():
            following = same.start[same.start > start]
            yield start, int(min(end, following.min())) if len(following) else end, pitch, velocity


def without_doubles(notes: Notes) -> Notes:
    """Notes of which no two start at once on one pitch, and none sounds on when its pitch starts again."""
    rows: dict[tuple[int, int], tuple[int, int, int, int]] = {}
    for start, end, pitch, velocity in notes.rows():
        other = rows.get((start, pitch))
        rows[start, pitch] = (start, max(end, other[1] if other else 0), pitch, velocity)
    starts: dict[int, list[int]] = {}
    for start, pitch in sorted(rows):
        starts.setdefault(pitch, []).append(start)
    follows = {(pitch, at): after for pitch, ticks in starts.items() for at, after in pairwise(ticks)}
    kept = ((a, min(b, follows.get((pitch, a), b)), pitch, velocity) for a, b, pitch, velocity in rows.values())
    return Notes.of(kept)
