"""How far scores are from each other: in the instruments that play, and in their notes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from musicae.music.score import Score

Onset = tuple[int, int, int]
"""Instrument, start in ticks, pitch."""

Onsets = Counter[Onset]


def instruments_of(score: Score) -> frozenset[int]:
    """The programs that play, and `DRUM_KIT`."""
    return frozenset(track.instrument for track in score.tracks if len(track.notes))


def onsets_of(score: Score) -> Onsets:
    """What starts when and on which instrument."""
    found: Onsets = Counter()
    for track in score.tracks:
        notes = zip(track.notes.start.tolist(), track.notes.pitch.tolist(), strict=True)
        found.update((track.instrument, start, pitch) for start, pitch in notes)
    return found


def rhythm_of(score: Score) -> Onsets:
    """What starts when on which instrument, whatever its pitch."""
    return Counter({(instrument, start, 0): 1 for instrument, start, _ in onsets_of(score)})


def instrument_distance(a: Score, b: Score) -> float:
    """Jaccard distance of the instruments: 1 - |in both| / |in either|; 0 where nothing plays."""
    ours, theirs = instruments_of(a), instruments_of(b)
    return 1 - len(ours & theirs) / len(ours | theirs) if ours | theirs else 0.0


def note_distance(a: Score, b: Score) -> float:
    """1 - `note_f1` of one score."""
    return 1 - note_f1([(onsets_of(a), onsets_of(b))])


def distance_by_track(a: Score, b: Score) -> dict[str, float]:
    """`note_distance` of what every instrument plays, by the name of the first track that plays it, or its number."""
    ours, theirs = onsets_of(a), onsets_of(b)
    found: dict[str, float] = {}
    for number, track in enumerate(a.tracks, start=1):
        own = (
            Counter({one: count for one, count in some.items() if one[0] == track.instrument})
            for some in (ours, theirs)
        )
        found.setdefault(track.name or f"track {number}", 1 - note_f1([(next(own), next(own))]))
    return found


def kept_share(before: Score, after: Score) -> float:
    """Notes in common, of those that either has at least: 1 where all that one has is in the other, or one has none."""
    ours, theirs = onsets_of(before), onsets_of(after)
    fewer = min(ours.total(), theirs.total())
    return (ours & theirs).total() / fewer if fewer else 1.0


def note_f1(pairs: Iterable[tuple[Onsets, Onsets]]) -> float:
    """F1 of notes over all pairs: 2 x common / (ours + theirs); 1 where there is none in either.

    A note in common starts at the same tick, on the same pitch and instrument (the note-matching F-measure of Raffel et
    al. 2014, mir_eval, without tolerance in time, and with instruments).
    """
    common = total = 0
    for ours, theirs in pairs:
        common += (ours & theirs).total()
        total += ours.total() + theirs.total()
    return 2 * common / total if total else 1.0
