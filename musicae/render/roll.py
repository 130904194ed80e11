"""A piano roll for the terminal: time to the right, one text row for every pitch, one color for every track."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import cycle, pairwise

from rich.text import Text

from musicae.music.representations.drums import NAMES
from musicae.music.representations.time_grid import STEPS_PER_QUARTER, bar_lines
from musicae.music.score import PITCH_NAMES, Score, Track

TRACK_COLORS = ("cyan", "magenta", "yellow", "green", "blue")


def roll(score: Score, width: int = 80) -> Text:
    """The score as text, as many bars in a row as fit into `width` columns.

    A note is drawn as a block for its onset and a line while it is held. Rows are the pitches from the lowest to the
    highest of each track; those of drums are the drums that are hit.
    """
    step = score.ticks_per_quarter / STEPS_PER_QUARTER
    margin = 10 if any(track.is_drum and len(track.notes) for track in score.tracks) else 4
    bars = [round(tick / step) for tick in bar_lines(score)]
    bars = bars[: bisect_left(bars, round(score.end / step)) + 1]
    lines = [
        line
        for edges in _systems(bars, width - margin - 2)
        for track, color in zip(score.tracks, cycle(TRACK_COLORS), strict=False)
        if len(track.notes)
        for line in _system(track, color, margin, step, edges)
    ]
    return Text("\n").join(lines)


def _systems(edges: Sequence[int], width: int) -> Iterator[list[int]]:
    """The bar lines of every system, with as many bars as fit, one at least."""
    system = [edges[0]]
    for edge in edges[1:]:
        if len(system) > 1 and edge - system[0] + len(system) > width:
            yield system
            system = [system[-1]]
        system.append(edge)
    yield system


def _system(track: Track, color: str, margin: int, step: float, edges: Sequence[int]) -> Iterator[Text]:
    """One track, a line for every pitch of it, highest first, and an empty line."""
    pitches = sorted(set(track.notes.pitch.tolist()), reverse=True)
    for pitch in pitches if track.is_drum else range(pitches[0], pitches[-1] - 1, -1):
        cells = _cells(track, pitch, step, range(edges[0], edges[-1]))
        label = NAMES.get(pitch, str(pitch)) if track.is_drum else f"{PITCH_NAMES[pitch % 12]}{pitch // 12 - 1}"
        line = Text().append(f"{label:>{margin}} ", style="dim")
        for start, end in pairwise(edges):
            line.append("│", style="dim").append(cells[start - edges[0] : end - edges[0]], style=color)
        yield line.append("│", style="dim")
    yield Text()


def _cells(track: Track, pitch: int, step: float, steps: range) -> str:
    """One pitch of a track in some steps: a block where a note starts, a line where it goes on."""
    cells = [" "] * len(steps)
    notes = track.notes[track.notes.pitch == pitch]
    for start, end, _, _ in notes.rows():
        first = round(start / step)
        last = max(round(end / step), first + 1)
        first, last = first - steps.start, last - steps.start
        for i in range(max(first, 0), min(last, len(cells))):
            cells[i] = "█" if i == first else "━"
    return "".join(cells)
