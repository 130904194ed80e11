"""Multitrack bars: up to eight instruments, each a row of events (Simon et al. 2018, arXiv:1806.00195).

Vocabulary (490), as Magenta's: 0 to 127 note-on, 128 to 255 note-off, 256 to 351 time shifts of 1 to 96 steps (24 a
quarter), 352 to 359 velocity bins, 360 to 487 programs, 488 drums, 489 end. A track is its program, then events, then
an end; tracks stand in order of their programs, drums last, and the rest of the eight rows hold only an end.

A bar of a piano that plays C for two quarters, then D, at velocity 80, over a kick, an event a step, has the rows

    360 356 60 303 188 62 303 190 489    program, velocity, C on, 48 steps, C off, D on, 48 steps, D off, end
    488 356 36 258 164 489               drums, velocity, kick on, 3 steps, kick off, end
    489                                  six times
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Integer

from musicae.errors import MusicaeError
from musicae.music.chord_inference import infer
from musicae.music.chords import NO_CHORD
from musicae.music.meter import COMMON_TIME, TWENTY_FOURTHS, BarGrid, meter_argument
from musicae.music.representations.base import (
    SHIFTS,
    AtMostOne,
    Field,
    FieldTokens,
    Refusal,
    Representation,
    Stream,
    TokenArray,
)
from musicae.music.representations.chord_fields import chord_field, reharmonized
from musicae.music.representations.event_rows import (
    DRUMS,
    END,
    EVENTS,
    HIT,
    NOTE_OFF,
    NOTE_ON,
    PROGRAM,
    TIME_SHIFT,
    TRACKS,
    VELOCITIES,
    VELOCITIES_PER_BIN,
    VELOCITY,
    event_rows,
    fullest,
    instrument_notes,
    note_counts,
)
from musicae.music.representations.streams import bar_shape, decoded, list_of_tracks, opening
from musicae.music.representations.time_grid import TICKS_PER_QUARTER, TimeGrid
from musicae.music.score import DRUM_KIT, Notes, Score, Track, concatenate

MOST_STEPS = TWENTY_FOURTHS.steps
"""Of a bar, and of a time shift."""
TICKS_PER_EVENT_STEP = TICKS_PER_QUARTER // TWENTY_FOURTHS.steps_per_quarter
Note = tuple[int, int, int, int]
"""Start, end, pitch and velocity."""

EVENT_VOCABULARY = 490
_NO_NOTES = Refusal(-1, "no notes", "needs notes in bars that are read")


class Multitrack(Representation):
    """`bars` bars of up to eight tracks: segments are tracks, a step is an event, one field of 490 tokens.

    Bars of data have two tracks at least. All drum tracks are read as one. Of more than eight tracks in a bar the drums
    and those with the most notes are kept. Drums have no note-offs, which make no difference to the ear, where a row
    might be too long with them. A track whose events do not fit has one velocity through the bar, and if that is not
    enough loses its last notes. A note that crosses a bar line ends there. What is decoded joins the tracks of a
    program over the bars, and all drums, which play alone where there is no chord.

    Args:
        meter: of at most four quarters.
        chords: whether every step is conditioned on the chord of its bar (49 classes), inferred from the whole score.

    Raises:
        MusicaeError: the meter's bars are longer.
    """

    name = "multitrack"
    keeps_velocities = True
    program_steps = 1

    def __init__(self, *, bars: int, meter: str = COMMON_TIME, chords: bool = False) -> None:
        self.bars, self.grid = bars, TWENTY_FOURTHS.with_meter(meter)
        if self.grid.steps > MOST_STEPS:
            hint = "choose a shorter meter, or another representation"
            raise MusicaeError(f"a bar of {self.name} has at most four quarters, one of {meter} has more", hint)
        self.arguments = {"bars": bars, "chords": chords, **meter_argument(self.grid)}
        self.shape = bar_shape(
            bars,
            _field(chords),
            conditions=(chord_field(),) if chords else (),
            constraints=(AtMostOne(0, DRUMS, TRACKS),),
            segments=TRACKS,
            steps=EVENTS,
        )

    def encode(self, score: Score) -> TokenArray:
        return opening(score, self)

    def decode(self, tokens: TokenArray) -> Score:
        steps = self.grid.steps
        bars = [[_notes_of(row, steps) for row in bar] for bar in tokens[..., 0].reshape(-1, TRACKS, EVENTS).tolist()]
        for bar, chord in zip(bars, self.chords_of(tokens), strict=False):
            if chord == NO_CHORD:
                bar[:] = [row for row in bar if row[0] == DRUMS]
        return concatenate([_score(bar, self.grid) for bar in bars])

    def silence_from(self, quarters: float) -> FieldTokens:
        """From the next bar line on: where events stand says nothing of time."""
        tokens = np.full((self.shape.segments, EVENTS, 1), -1)
        tokens[math.ceil(quarters / self.grid.quarters) * TRACKS :] = END
        return tokens

    def band(self, programs: Sequence[int]) -> FieldTokens:
        if list(programs).count(DRUM_KIT) > 1:
            raise MusicaeError("a band of several drum kits cannot be written", "name the drums once")
        rows = [DRUMS] * (DRUM_KIT in programs)
        rows = sorted(PROGRAM + program for program in programs if program != DRUM_KIT) + rows
        if not 1 <= len(rows) <= TRACKS:
            hint = f"a band needs 1 to {TRACKS} instruments"
            raise MusicaeError(f"a band of {len(rows)} instruments cannot be written", hint)
        tokens = np.full((self.bars, TRACKS, EVENTS, 1), -1)
        tokens[:, : len(rows), 0, 0] = rows
        tokens[:, len(rows) :] = END
        return tokens.reshape(-1, EVENTS, 1)

    def streams(
        self, score: Score, asked: int | None = None, *, partial: bool = False
    ) -> tuple[list[Stream], list[Refusal]]:
        grid = TimeGrid(score, self.grid)
        parts = instrument_notes(score, grid)
        if not parts:
            return [], [*grid.refusals, _NO_NOTES] if score.tracks else grid.refusals
        counts, bars = note_counts(parts), grid.bars
        kept = fullest(counts, parts, asked)
        events, full = event_rows(parts, kept, len(bars))
        played = {part.tracks: kept.bar[kept.part == number] for number, part in enumerate(parts)}
        played = {group: where for group, where in played.items() if len(where)}
        tracks = tuple(sorted(track for group in played for track in group))
        stream = Stream(
            tokens=np.stack([events.reshape(-1), *self._conditions(score, grid)], axis=1),
            playing=np.bincount(kept.bar, minlength=len(bars))[None],
            bars=bars,
            tracks=tracks,
            label=list_of_tracks(score, tracks),
            played=played,
            trimmed={
                "more than 8 tracks": np.bincount(counts.bar, minlength=len(bars)) > TRACKS,
                "more than 64 events": full,
            },
        )
        return [stream], grid.refusals

    def _conditions(self, score: Score, grid: TimeGrid) -> list[Integer[np.ndarray, " time"]]:
        """The columns of the conditions: the chord of every bar, as it is inferred from the whole score."""
        if not self.has_chords:
            return []
        classes = infer(score, grid.ticks(grid.bars), self.grid.ticks(score.ticks_per_quarter))
        return [np.repeat(classes, TRACKS * EVENTS).astype(np.int16)]

    def generate(self, generator: np.random.Generator) -> Score:
        programs = sorted(generator.choice(128, size=generator.integers(1, TRACKS), replace=False).tolist())
        tokens = [PROGRAM + program for program in programs] + [DRUMS][: int(generator.integers(2))]
        steps = self.grid.steps
        bars = [[(token, _random_notes(generator, steps, token)) for token in tokens] for _ in range(self.bars)]
        return concatenate([_score(bar, self.grid) for bar in bars])


def _notes_of(row: list[int], steps: int) -> tuple[int, list[Note]]:
    """The program token and the notes, in steps of a bar of so many, of a row of events, whatever its events."""
    program, velocity, now = -1, VELOCITIES // 2, 0
    sounding: dict[int, tuple[int, int]] = {}
    notes: list[Note] = []

    for token in row[: row.index(END)] if END in row else row:
        if token >= PROGRAM:
            program = token if program < 0 else program
        elif token >= VELOCITY:
            velocity = token - VELOCITY
        elif token >= TIME_SHIFT:
            now = min(now + token - TIME_SHIFT + 1, steps)
        elif token % NOTE_OFF in sounding:
            start, volume = sounding.pop(token % NOTE_OFF)
            notes.append((start, now, token % NOTE_OFF, volume))
        if token < NOTE_OFF and now < steps:
            sounding[token] = (now, velocity * VELOCITIES_PER_BIN + VELOCITIES_PER_BIN // 2 + 1)
    notes += [(start, steps, pitch, volume) for pitch, (start, volume) in sounding.items()]
    return max(program, PROGRAM), [note for note in notes if note[0] < note[1]]


def _score(rows: list[tuple[int, list[Note]]], grid: BarGrid) -> Score:
    """One bar from program tokens and notes in steps; rows without notes are not tracks, and drums are one."""
    tracks, hits = [], {}
    for token, notes in rows:
        if token == DRUMS:
            notes = [(start, min(end, start + HIT), pitch, v) for start, end, pitch, v in notes]
        ticks = [(start * TICKS_PER_EVENT_STEP, end * TICKS_PER_EVENT_STEP, pitch, v) for start, end, pitch, v in notes]
        if token == DRUMS:
            hits.update({(start, pitch): (start, end, pitch, v) for start, end, pitch, v in ticks})
        elif ticks:
            tracks.append(Track(Notes.of(ticks), token - PROGRAM))
    if hits:
        tracks.append(Track(Notes.of(hits.values()), is_drum=True))
    return decoded(*tracks, bars=1, grid=grid)


def _field(chords: bool) -> Field:
    tokens = np.arange(EVENT_VOCABULARY)
    pitched = tokens < TIME_SHIFT
    moved = [np.where(pitched, tokens + shift, tokens) for shift in SHIFTS]
    table = np.stack([np.where(pitched & (row // 128 != tokens // 128), -1, row) for row in moved])
    return Field(
        name="events",
        vocabulary=EVENT_VOCABULARY,
        features=np.eye(EVENT_VOCABULARY, dtype=np.float32),
        transposition=table,
        onsets=range(NOTE_ON, NOTE_OFF),
        end=END,
        untransposed_marker=DRUMS,
        reharmonization=reharmonized(tokens, pitched) if chords else None,
    )


def _random_notes(generator: np.random.Generator, steps: int, token: int) -> list[Note]:
    """A few notes, so that they fit into a row, none sounding twice at once."""
    rows = []
    for pitch in generator.choice(128, size=generator.integers(1, 9), replace=False).tolist():
        start, end = sorted(generator.choice(steps + 1, size=2, replace=False).tolist())
        end = min(start + HIT, steps) if token == DRUMS else end
        velocity = VELOCITIES_PER_BIN * int(generator.integers(VELOCITIES)) + VELOCITIES_PER_BIN // 2 + 1
        rows.append((start, end, pitch, velocity))
    return rows
