"""What reading a window leaves out, in words: notes that have no place on the grid, or none beside others."""

from __future__ import annotations

from collections import Counter

import numpy as np
from jaxtyping import Integer

from musicae.music.representations.base import Representation
from musicae.music.representations.drums import NAMES
from musicae.music.representations.melody import HIGHEST_PITCH, LOWEST_PITCH
from musicae.music.representations.time_grid import to_steps
from musicae.music.score import Notes, Score, Track

OFF_THE_GRID = 0.2
"""Of a step: a note that is moved by more was not meant to be there."""

OFTEN = 0.15
"""Share of the notes from which on it is said that they are moved."""

AT_ONCE = 0.25
"""Of a step: notes that start within it of each other are a chord; others of one step are too fast for the grid."""

NoteSteps = Integer[np.ndarray, " note"]


def lost(score: Score, tracks: tuple[int, ...], tick: int, representation: Representation) -> tuple[str, ...]:
    """What of some tracks is not read in the window that starts at a tick; of the events of bands, nothing is said.

    Args:
        tracks: indices into `score.tracks`.
    """
    if representation.keeps_programs:
        return ()
    end = tick + representation.bars * representation.grid.ticks(score.ticks_per_quarter)
    counts: Counter[str] = Counter()
    total = moved = 0
    for track in (score.tracks[index] for index in tracks):
        half = score.ticks_per_quarter // (2 * representation.grid.steps_per_quarter)
        notes = track.notes[(track.notes.start >= tick - half) & (track.notes.start < end - half)]
        steps, beside = _steps(notes, tick, score.ticks_per_quarter, representation)
        total += len(notes)
        moved += int((np.abs(beside) > OFF_THE_GRID).sum())
        counts += _unread_hits(notes, steps) if track.is_drum else _unread_notes(notes, steps, beside)
    parts = [f"{count} of {total} notes {reason}" for reason, count in counts.items()]
    if total and moved >= max(OFTEN * total, 2):
        parts.append(f"{moved} notes between the steps of the grid are moved onto it (swing, triplets, a loose hand)")
    return (*parts, *_missing([score.tracks[index] for index in tracks], representation))


def _steps(
    notes: Notes, tick: int, ticks_per_quarter: int, representation: Representation
) -> tuple[NoteSteps, np.ndarray]:
    """The step at which every note starts, and how far from it, in steps."""
    grid = representation.grid
    steps = to_steps(notes.start - tick, ticks_per_quarter, grid.steps_per_quarter)
    return steps, (notes.start - tick) * grid.steps_per_quarter / ticks_per_quarter - steps


def _unread_notes(notes: Notes, steps: NoteSteps, beside: np.ndarray) -> Counter[str]:
    """Of a line, by reason."""
    found: Counter[str] = Counter()
    inside = (notes.pitch >= LOWEST_PITCH) & (notes.pitch <= HIGHEST_PITCH)
    for step in np.unique(steps[inside]):
        here = inside & (steps == step)
        highest = int(np.flatnonzero(here)[np.argmax(notes.pitch[here])])
        late = np.abs(beside[here] - beside[highest]) > AT_ONCE
        found["are faster than the grid of sixteenths"] += int(late.sum())
        found["are below others of a chord"] += int(here.sum()) - 1 - int(late.sum())
    found["are lower or higher than a piano"] = int((~inside).sum())
    return +found


def _unread_hits(notes: Notes, steps: NoteSteps) -> Counter[str]:
    """Of drums, by reason."""
    kinds = [NAMES.get(pitch, "") for pitch in notes.pitch.tolist()]
    hits = {(step, kind) for step, kind in zip(steps.tolist(), kinds, strict=True) if kind}
    found: Counter[str] = Counter()
    found["are drums of a kind that is not read"] = kinds.count("")
    found["are hits of a kind of drum that is hit there already"] = len(kinds) - kinds.count("") - len(hits)
    return +found


def _missing(tracks: list[Track], representation: Representation) -> list[str]:
    """Parts that the representation has and the music has not."""
    names = {field.name for field in representation.shape.fields}
    if not {"bass", "drums"} <= names:
        return []
    found = ["there is no bass"] if sum(not track.is_drum for track in tracks) < 2 else []
    return [*found, *([] if any(track.is_drum for track in tracks) else ["there are no drums"])]
