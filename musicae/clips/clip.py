"""What a verb gives: clips that know their labels and recipes at once, and are made when they are first asked for."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import overload

from musicae.clips.limits import MOST_SEMITONES, require_whole
from musicae.clips.recipe import Recipe
from musicae.clips.render import WindowColumns, check_recipe, markers_of, windows_of, written
from musicae.clips.song import SongReading, framed_score, open_song
from musicae.clips.splicing import spliced
from musicae.clips.style import Style, require_no_velocities, require_parts, require_pitches, styled, styled_song
from musicae.clips.write import clip_paths, refuse_existing_clips, write_clip
from musicae.errors import MusicaeError
from musicae.model import Model
from musicae.music.attributes import ATTRIBUTES
from musicae.music.instruments import GENERAL_MIDI, program_of
from musicae.music.key import Key, parse_key
from musicae.music.midi import midi_bytes, with_names
from musicae.music.score import Score
from musicae.music.transposition import OCTAVE, moved_into, semitones_into
from musicae.storage.output_paths import may_replace, takes_free_numbers


@dataclass(frozen=True, eq=False)
class Clip:
    """Music that a verb makes: a model and a recipe that it can follow.

    Raises:
        MusicaeError: the model cannot follow the recipe.
    """

    model: Model
    recipe: Recipe

    def __post_init__(self) -> None:
        check_recipe(self.model, self.recipe)

    @property
    def label(self) -> str:
        """What distinguishes the clip from others of its run, e.g. "before"; may be empty."""
        return self.recipe.label

    @cached_property
    def score(self) -> Score:
        """The music, which is made when it is first asked for; of a whole song, all of it."""
        if self.recipe.frame is None:
            score, representation = self.unstyled, self.model.representation
            ticks = representation.grid.ticks(score.ticks_per_quarter)
            markers = tuple(markers_of(self.recipe, ticks, representation.bars))
            return replace(styled(score, self.recipe.style), markers=markers)
        return framed_score(replace(self.recipe.frame, midi=self.midi()))

    @cached_property
    def played(self) -> Score:
        """What the model plays of it: of a whole song the bars and tracks that it reads, on its grid."""
        return self.score if self._reading is None else self._reading.music(self._reading.with_windows(self._windows))

    @cached_property
    def original(self) -> Score | None:
        """What the model reads of the song, or the window, that the clip is spliced into; None if it stands alone."""
        return None if self._reading is None else self._reading.music(self._reading.stream.tokens)

    @cached_property
    def _reading(self) -> SongReading | None:
        frame = self.recipe.frame
        return None if frame is None else open_song(frame, self.model.representation)

    @cached_property
    def _windows(self) -> list[WindowColumns]:
        return windows_of(self.model, self.recipe)

    @cached_property
    def passages(self) -> list[Score]:
        """What the model plays in every window alone."""
        return [self.model.representation.decode(window) for window in self._windows]

    @cached_property
    def unstyled(self) -> Score:
        """The music as the model writes it, or spliced into its song, in no style yet."""
        if self.recipe.frame is None:
            return written(self.model, self.recipe, self._windows)
        return framed_score(replace(self.recipe.frame, midi=self._spliced))

    @property
    def _of_song(self) -> bool:
        """Whether it is a whole song, of which the model plays a part."""
        return self.recipe.frame is not None and not self.recipe.frame.alone

    def __repr__(self) -> str:
        label = f" {self.label!r}" if self.label else ""
        windows = len(self.recipe.parts)
        return f"<Clip{label}: {self.recipe.verb}, {self.model.name}, {windows} window{'s' * (windows > 1)}>"

    def in_key(self, key: Key | str) -> Clip:
        """The clip in a key, by its name (`music.key.parse_key`): "F# minor", "Bb".

        As the model wrote it, it has most of its notes in some key of that mode; from there, or where it was transposed
        to, the whole of it is moved by the shorter way, 6 semitones at most, and notes still outside the key to the
        nearest scale note; those of whole songs stay as they are, as songs leave their keys on purpose. Drums stay.

        Raises:
            MusicaeError: there is no such key, or the model writes only drums.
        """
        (moved,) = Clips([self]).in_key(key)
        return moved

    def transposed(self, semitones: int) -> Clip:
        """The clip higher by semitones, 24 at most, or lower; from a key that it was moved into, too. Drums stay.

        Raises:
            MusicaeError: they are too many, or the model writes only drums.
        """
        (moved,) = Clips([self]).transposed(semitones)
        return moved

    def with_instruments(self, *instruments: str | int) -> Clip:
        """The clip with other General MIDI instruments, by their names or by numbers from 1 (`instruments.program_of`).

        They play the pitched tracks in their order, of a whole song all that it has; those for which none is named keep
        theirs.

        Raises:
            MusicaeError: there is no such instrument, or there are more than pitched parts.
        """
        if not all(isinstance(instrument, str | int) for instrument in instruments):
            raise MusicaeError("instruments are names or numbers", "give them one by one: 'violin', 'piano'")
        if not self._of_song:
            require_parts(self.model.representation, self.model.name, len(instruments))
        programs = [program_of(str(instrument)) for instrument in instruments]
        tracks = (self.score if self.recipe.frame is None else self.unstyled).tracks  # styles count those of the file
        pitched = [track.program for track in tracks if not track.is_drum]
        if self.recipe.frame is not None and len(self.recipe.style.programs) == len(pitched):
            pitched = list(self.recipe.style.programs)
        if self._of_song and len(programs) > len(pitched):
            there = f"{len(pitched)} pitched track{'s' * (len(pitched) != 1)} of the song"
            hint = "name at most one for every track, in their order"
            raise MusicaeError(f"{len(programs)} instruments for {there}", hint)
        chosen = programs[: len(pitched)]
        called = iter([GENERAL_MIDI[program] for program in chosen])
        names = tuple(track.name if track.is_drum else next(called, track.name) for track in tracks)
        played = (*chosen, *pitched[len(chosen) :])
        return self._with(replace(self.recipe.style, programs=played, names=names))

    def with_accents(self) -> Clip:
        """The clip with notes on beats louder than those between them (`music.accents`).

        Raises:
            MusicaeError: its notes are as loud as a file has them, or as its model writes them.
        """
        require_no_velocities(self.model.representation, self.model.name)
        if self.recipe.frame is not None:
            raise MusicaeError("the notes have the velocities of a file", "omit the accents")
        return self._with(replace(self.recipe.style, accents=True))

    def _with(self, style: Style, **arguments: object) -> Clip:
        """The same music in another style."""
        recipe = replace(self.recipe, style=style, arguments={**self.recipe.arguments, **arguments})
        clip = Clip(self.model, recipe)
        clip.__dict__["unstyled"] = self.unstyled  # what costs time is done
        if recipe.frame is not None:
            clip.__dict__["_spliced"], clip.__dict__["_windows"] = self._spliced, self._windows
        return clip

    def midi(self) -> bytes:
        """A MIDI file, with the recipe in one line as a text event."""
        return self._midi

    @cached_property
    def _midi(self) -> bytes:
        frame = self.recipe.frame
        if frame is None or self._reading is None:
            return midi_bytes(with_names(self.score), text=self._text)
        return styled_song(self._spliced, self.recipe.style, frame.drums, self._reading.start)

    @cached_property
    def _spliced(self) -> bytes:
        """The song with the clip's windows in it, in no style yet."""
        assert self.recipe.frame is not None and self._reading is not None
        return spliced(self._reading, self.recipe.frame, self._windows, self._text)

    @property
    def _text(self) -> str:
        return str(self.recipe).encode("utf-8", "backslashreplace").decode()  # a model's name may not be UTF-8

    def wav(self, *, loop: bool = False, soundfont: str | Path | None = None) -> bytes:
        """The sound of it as a WAV file (`render.audio.wav_bytes`).

        Args:
            loop: it repeats without a seam, and ends on the bar line.
            soundfont: a file in SF2; without it a small one of General MIDI.
        """
        from musicae.render.audio import wav_bytes  # only who listens waits for a synthesizer

        return wav_bytes(self.midi(), soundfont=None if soundfont is None else Path(soundfont), loop=loop)

    def svg(self) -> str:
        """Its piano roll, as a picture."""
        from musicae.render.sheet import Panel, clip_sheet

        return clip_sheet([Panel(self.score, self.label)])

    def attributes(self) -> dict[str, float]:
        """Every attribute of what the model plays."""
        return {name: float(attribute(self.played)) for name, attribute in ATTRIBUTES.items()}

    def _repr_html_(self) -> str:
        """What a notebook shows: a roll and a player."""
        from musicae.render.notebook import notebook_html  # only notebooks wait for a synthesizer
        from musicae.render.sheet import Panel

        return notebook_html([Panel(self.score, self.label)], [self.midi()])

    def save(self, output: str | Path | None = None, *, force: bool = False) -> Path:
        """Write the clip as a MIDI file, with its recipe as a `.json` beside it; returns the file's path.

        Args:
            output: a file, a folder (that exists, or whose name, as text, ends in a slash), or None for the current
                folder. In folders, files are named after what the clip came from and take the first free number.
            force: overwrite.

        Raises:
            MusicaeError: a file exists, or cannot be written.
        """
        (path,) = Clips([self]).save(output, force=force)
        return path


class Clips(Sequence[Clip]):
    """The clips of one run of a verb, in order; each is made when it is asked for its music, and once."""

    def __init__(self, clips: Iterable[Clip]) -> None:
        self._clips = tuple(clips)

    @classmethod
    def of(cls, model: Model, *recipes: Recipe) -> Clips:
        """A clip for every recipe.

        Raises:
            MusicaeError: the model cannot follow one.
        """
        return cls(Clip(model, recipe) for recipe in recipes)

    @property
    def labels(self) -> tuple[str, ...]:
        """Those of all clips, known before any is made."""
        return tuple(clip.label for clip in self)

    @property
    def seed(self) -> int | None:
        """The seed of all that is drawn; None if nothing is."""
        return self._first.recipe.seed

    @property
    def _first(self) -> Clip:
        if not self._clips:
            raise MusicaeError("there is no clip", "ask for one at least")
        return self._clips[0]

    @property
    def joined(self) -> Clip:
        """All clips in a row as one.

        Raises:
            MusicaeError: they are of several models, verbs, seeds or styles, or spliced into files.
        """
        first = self._first.recipe
        if any(_run_of(clip.recipe) != _run_of(first) for clip in self):
            hint = "join those of one run, before they are moved: clips.joined.in_key('C')"
            raise MusicaeError("the clips are of several runs, or in keys or on instruments of their own", hint)
        if any(clip.recipe.frame is not None for clip in self):
            raise MusicaeError("the clips are spliced into a file", "join clips that stand alone")
        parts = tuple(part for clip in self for part in clip.recipe.parts)
        return Clip(self._first.model, replace(first, parts=parts, label="joined"))

    def in_key(self, key: Key | str, *, together: bool = False, piece: Score | None = None) -> Clips:
        """Every clip in a key, as `Clip.in_key` moves it.

        Args:
            together: all move by as much, from the key that they are in as one: what came from one piece stays alike.
            piece: which they came from; they move from the key that it is in.
        """
        key = key if isinstance(key, Key) else parse_key(key)
        self._require_pitches()
        moved = []
        for clip in self:
            whole = [piece] if piece else [one.unstyled for one in (self if together else [clip])]
            style = clip.recipe.style
            before, semitones = semitones_into(whole, key, 0 if style.key else style.semitones)
            if abs(semitones) > MOST_SEMITONES:
                semitones += OCTAVE if semitones < 0 else -OCTAVE
            found = moved_into(clip.unstyled, semitones, key)
            style = replace(style, semitones=semitones, key=None if clip._of_song else key)
            arguments = {"key": str(key), "key_before": str(before or ""), "notes_outside_key": found.moved}
            moved.append(clip._with(style, **arguments))
        return Clips(moved)

    def transposed(self, semitones: int) -> Clips:
        """Every clip higher or lower (`Clip.transposed`)."""
        require_whole("semitones", semitones, -MOST_SEMITONES, MOST_SEMITONES)
        self._require_pitches()
        for before in {clip.recipe.style.semitones for clip in self}:
            if abs(before + semitones) > MOST_SEMITONES:
                message = f"{semitones} semitones, after {before} by which it is moved already, are too many"
                raise MusicaeError(message, f"move it by {MOST_SEMITONES} at most in all")
        styles = [replace(clip.recipe.style, semitones=clip.recipe.style.semitones + semitones) for clip in self]
        keys = [style.key and style.key.transpose(semitones) for style in styles]
        restyled = zip(self, styles, keys, strict=True)
        return Clips(clip._with(replace(style, key=key)) for clip, style, key in restyled)

    def _require_pitches(self) -> None:
        for clip in self:
            if not clip._of_song:
                require_pitches(clip.model.representation, clip.model.name)

    def with_instruments(self, *instruments: str | int) -> Clips:
        """Every clip with other instruments (`Clip.with_instruments`)."""
        return Clips([clip.with_instruments(*instruments) for clip in self])

    def with_accents(self) -> Clips:
        """Every clip with metrical accents (`Clip.with_accents`)."""
        return Clips([clip.with_accents() for clip in self])

    def _repr_html_(self) -> str:
        """What a notebook shows: a roll and a player for each."""
        from musicae.render.notebook import notebook_html
        from musicae.render.sheet import Panel

        panels = [Panel(clip.score, clip.label or str(n)) for n, clip in enumerate(self, start=1)]
        return notebook_html(panels, [clip.midi() for clip in self])

    def __repr__(self) -> str:
        return f"<Clips: {', '.join(map(repr, self._clips))}>"

    def __len__(self) -> int:
        return len(self._clips)

    @overload
    def __getitem__(self, place: int) -> Clip: ...
    @overload
    def __getitem__(self, place: slice) -> Clips: ...
    def __getitem__(self, place: int | slice) -> Clip | Clips:
        return Clips(self._clips[place]) if isinstance(place, slice) else self._clips[place]

    def save(self, output: str | Path | None = None, *, force: bool = False) -> list[Path]:
        """Write every clip as `Clip.save` does; the other clips get the name of a file `output` and a number."""
        return [path for path, _ in self.write(output, force=force)]

    def write(self, output: str | Path | None = None, *, force: bool = False) -> Iterator[tuple[Path, Clip]]:
        """`save`, clip by clip: every clip is written as soon as it is made.

        Raises:
            MusicaeError: a file exists, or cannot be written.
        """
        if not isinstance(output, str | Path | None):
            raise MusicaeError(f"{output!r:.60} is not a place for clips", "name a file or a folder")
        name = None if output is None else os.fspath(output)
        if name == "":
            raise MusicaeError("the name of the file is empty", "name a file or a folder")
        paths = clip_paths(self._first.recipe, name, self.labels)
        overwrite, least, yielding = may_replace(name, force), count(1), force or takes_free_numbers(name)
        refuse_existing_clips(paths, yielding)
        for place, clip in enumerate(self):
            while not write_clip(paths[place], clip.midi(), clip.recipe, overwrite=overwrite):
                paths = clip_paths(self._first.recipe, name, self.labels, least=next(least))  # another was faster
                refuse_existing_clips(paths[place:], yielding)
            yield paths[place], clip


def _run_of(recipe: Recipe) -> tuple[object, ...]:
    """What the clips of a run have in common."""
    return recipe.hash, recipe.verb, recipe.seed, recipe.temperature, recipe.style
