"""What a verb starts from: the window of a piece that a representation reads best, or the one that was asked for.

Nothing here knows torch, so that what cannot be read is said before a model is loaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from musicae.clips.choice import Choice, best_window
from musicae.clips.frame import Frame
from musicae.clips.limits import require_whole
from musicae.clips.losses import lost
from musicae.clips.style import Style, style_of
from musicae.clips.unreadable import explained
from musicae.config import build, read_config
from musicae.corpus.windows import onsets
from musicae.errors import MusicaeError, shortened
from musicae.music.chords import Chord
from musicae.music.meter import SIXTEENTHS
from musicae.music.midi import midi_bytes, read_midi, with_names
from musicae.music.representations import REPRESENTATIONS
from musicae.music.representations.base import FieldTokens, Representation, TokenArray
from musicae.music.representations.drums import drum_like
from musicae.music.representations.streams import track_number
from musicae.music.score import Meter, Notes, Score, Tempo
from musicae.storage.catalog import find


@dataclass(frozen=True, eq=False, repr=False)
class Source:
    """A window of music to start from.

    Attributes:
        tokens: all columns, fields and conditions.
        representation: what the tokens are tokens of.
        label: the file, the bars and the tracks in words.
        name: the file's name without its suffix, which names of outputs begin with; may be empty.
        warnings: what is wrong with the file, and what was asked of it in vain.
        drum_like: the numbers, from 1, of pitched tracks in the window that look like drums.
        lost: what of the music the tokens leave out, in words.
        ends: quarters from its start on which nothing is left to sound, where the piece ends before the window does.
        stays: tokens that stand whatever is decoded in its place, -1 where the decoder is free; None if it always is.
        frame: what a clip that is made of it is spliced into, if it is.
        piece: all that sounds where it comes from; None where that is not known.
    """

    tokens: TokenArray
    representation: Representation
    style: Style
    label: str
    name: str = ""
    warnings: tuple[str, ...] = ()
    drum_like: tuple[int, ...] = ()
    ends: float | None = None
    lost: tuple[str, ...] = ()
    stays: FieldTokens | None = None
    frame: Frame | None = None
    piece: Score | None = None

    def __repr__(self) -> str:
        return f"<Source: {self.label}>"

    @property
    def forced(self) -> FieldTokens | None:
        """What is known of the window whatever is decoded: what stays, and silence where its music ends early."""
        return joined(rests(self.representation, self.ends), self.stays)

    @property
    def chords(self) -> tuple[Chord, ...]:
        """The chord of every bar; none where the representation has no chords."""
        return self.representation.chords_of(self.tokens)

    @property
    def fields(self) -> TokenArray:
        """The tokens without conditions."""
        return self.tokens[..., : len(self.representation.shape.fields)]


def rests(representation: Representation, ends: float | None) -> FieldTokens | None:
    """What is known of a window whose music ends early: silence after it; None if it does not."""
    return None if ends is None else representation.silence_from(ends)


def joined(first: FieldTokens | None, second: FieldTokens | None) -> FieldTokens | None:
    """What the first says, and the second where the first says nothing (-1)."""
    if first is None or second is None:
        return second if first is None else first
    return np.where(first >= 0, first, second)


@runtime_checkable
class HasRepresentation(Protocol):
    """What reads music in a representation: a model."""

    representation: Representation


@runtime_checkable
class HasScore(Protocol):
    """What is music because it has some: a clip."""

    @property
    def score(self) -> Score:
        """The music."""


Reads = HasRepresentation | Representation | str | Path
"""What music is read for: a model, its name or folder; or a representation."""


def representation_of(model: Reads) -> Representation:
    """What a model reads; of one that is named nothing but its configuration is looked at.

    Raises:
        MusicaeError: there is none, or its configuration is damaged.
    """
    if isinstance(model, Representation):
        return model
    if isinstance(model, HasRepresentation):
        return model.representation
    if not isinstance(model, str | Path):
        raise MusicaeError(f"{model!r:.60} is not a model", "give a model, its name or folder, or a representation")
    choice = read_config(find(model)).representation
    found: Representation = build(REPRESENTATIONS, choice)
    return found


def read(
    music: Score | HasScore | bytes | str | Path,
    model: Reads,
    *,
    bar: int | None = None,
    track: int | str | None = None,
    drums: Sequence[str] = (),
    strict: bool = False,
    keep_velocity: bool = False,
    keep_timing: bool = False,
    tempo_qpm: float | None = None,
) -> Source:
    """The best window of a piece for a model, or the one that starts at `bar` of `track`.

    Args:
        model: or its name or folder, or a representation.
        bar, track: counted from 1, as sequencers do; a track may be named, too.
        drums: tracks, by their numbers from 1 or their names, that are drums whatever the file says.
        strict: a damaged file is an error; otherwise its undamaged parts are read.
        keep_velocity, keep_timing: whether clips that are made of it have the dynamics, or the timing, of its notes.
        tempo_qpm: of clips that are made of it; without it, that of the piece.

    Raises:
        MusicaeError: the file cannot be read, or no track of it can be used; the error then knows which models could.
    """
    require_whole("bar", 1 if bar is None else bar, 1)
    representation = representation_of(model)
    music = music.score if isinstance(music, HasScore) else music
    score = read_score(music, drums=drums, strict=strict)
    label, name = names_of(music)
    with explained(score, representation, label):
        choice = best_window(score, representation, bar=bar, track=track_number(score, track))
    source = source_of(choice, score, representation, label, name, drums)
    if tempo_qpm is not None:
        source = replace(source, style=replace(source.style, tempo_qpm=tempo_qpm))
    if (keep_velocity or keep_timing) and onsets(choice.tokens, representation.shape.columns).any():
        played = midi_bytes(_excerpt(score, choice, representation, source.style))
        source = replace(source, frame=Frame(played, (), 1, keep_velocity, keep_timing, alone=True))
        if not all(choice.parts):  # those that come in stand behind the others, and have instruments of their own
            source = replace(source, style=replace(source.style, programs=()))
    return source


def read_score(music: Score | bytes | str | Path, *, drums: Sequence[str] = (), strict: bool = False) -> Score:
    """The score of a MIDI file, of its bytes, or the score that it is.

    Args:
        drums, strict: as for `read`.

    Raises:
        MusicaeError: it is none of these, or the file cannot be read.
    """
    require_music(music)
    if isinstance(drums, str) or not all(isinstance(track, str) for track in drums):
        raise MusicaeError(f"drums are {drums!r:.60}, not names of tracks", 'give a list: ["10"], or ["Drums"]')
    return music.with_drums(drums) if isinstance(music, Score) else read_midi(music, strict=strict, drums=drums)


def require_music(music: object) -> None:
    """Make sure that something is a score, or MIDI.

    Raises:
        MusicaeError: it is not.
    """
    if not isinstance(music, Score | bytes | str | Path):
        raise MusicaeError(f"{music!r:.60} is not music", "give the path of a MIDI file, its bytes, a score, or a clip")


def source_of(
    choice: Choice, score: Score, representation: Representation, label: str, name: str, drums: Sequence[str] = ()
) -> Source:
    """The source that a window of a score is.

    Args:
        label, name: of the piece, as of `names_of`.
        drums: as of `read`.
    """
    return Source(
        choice.tokens,
        representation,
        style_of(score, choice, representation),
        f"{label}: {choice}" + drums_in_words(drums),
        name,
        warnings_of(score, label, drums),
        tuple(index + 1 for index in sorted(set(choice.tracks) & set(drum_like(score)))),
        end_in_quarters(representation.decode(choice.tokens)) if choice.padded else None,
        lost(score, choice.tracks, choice.tick, representation),
        piece=score,
    )


def drums_in_words(drums: Sequence[str]) -> str:
    """What was said of drums, at the end of a label."""
    return f", drums: {', '.join(drums)}" if drums else ""


def warnings_of(score: Score, label: str, drums: Sequence[str]) -> tuple[str, ...]:
    """What is wrong with a file, and what was asked of it in vain."""
    damage = [f"{label} is damaged: {fault}; its undamaged parts are read" for fault in score.faults]
    return (*damage, *(f"{label} has no track {shortened(one)!r}" for one in drums if not score.has_track(one)))


def _excerpt(score: Score, choice: Choice, representation: Representation, style: Style) -> Score:
    """The window alone, as it is played in the file."""
    quarter, grid = score.ticks_per_quarter, representation.grid
    end, half = representation.bars * grid.ticks(quarter), quarter // (2 * grid.steps_per_quarter)

    def inside(notes: Notes) -> Notes:
        found = notes[(notes.start >= choice.tick - half) & (notes.start < choice.tick + end - half)]
        start = np.maximum(found.start - choice.tick, 0)
        return replace(found, start=start, end=np.clip(found.end - choice.tick, start + 1, end))

    tracks = tuple(replace(score.tracks[i], notes=inside(score.tracks[i].notes)) for i in choice.tracks)
    meter = SIXTEENTHS.with_meter(style.meter or grid.meter)
    found = Score(quarter, tracks, end, (Tempo(0, style.tempo_qpm),), (Meter(0, *meter.signature),))
    return with_names(found)


def end_in_quarters(score: Score) -> float:
    """When the last note has ended."""
    return max((int(track.notes.end.max()) for track in score.tracks if len(track.notes)), default=0) / (
        score.ticks_per_quarter
    )


def names_of(music: Score | bytes | str | Path) -> tuple[str, str]:
    """What messages call some music, and what names of outputs do."""
    if isinstance(music, Score | bytes):
        return "the score" if isinstance(music, Score) else "MIDI data", ""
    return str(music), Path(music).stem
