"""Music that goes on from other music."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from musicae.clips.accompaniment import accompaniment
from musicae.clips.clip import Clip, Clips
from musicae.clips.code_source import CodeSource, is_code
from musicae.clips.edits import with_edits
from musicae.clips.ending import Ending, SongEnding, ending_of, read_ending, song_ending
from musicae.clips.final_bar import KeyMode, require_key_mode
from musicae.clips.frame import Frame
from musicae.clips.limits import MOST_CLIPS, MOST_NEW_BARS, require_whole
from musicae.clips.onward import known_part, onward
from musicae.clips.reading import Source, names_of
from musicae.clips.recipe import Recipe
from musicae.clips.recipe_json import read_recipe
from musicae.clips.render import likeliest_windows, recipe_of
from musicae.clips.song import WholeSong, open_song
from musicae.clips.source import (
    Material,
    encode_source,
    end_of,
    model_for,
    part_of,
    require_own_code,
    source_for,
    sources_for,
)
from musicae.errors import MusicaeError, error_context
from musicae.model import Model
from musicae.music.chords import NO_CHORD, Chord
from musicae.music.representations.streams import some
from musicae.music.score import Score
from musicae.seeds import fresh_seed

WAYS = 6
"""Continuations that are made at least, of which the best are given."""


def continuation(
    model: Model | str | Path,
    music: Material | Ending,
    bars: int = 8,
    n: int = 4,
    *,
    bar: int | None = None,
    alone: bool = False,
    final_bar: bool = False,
    mode: KeyMode | None = None,
    temperature: float = 0.5,
    seed: int | None = None,
) -> Clips:
    """`n` clips that begin with the end of some music and go on for `bars` bars (`clips.onward`), the best first.

    Args:
        music: or its end (`clips.ending.read_ending`). Of a whole song, clips are the song with the new bars after it.
        bar: of a file, a song or a recipe: the new music begins there, from bar 2 on, instead of after the last note.
        alone: the clips have the new bars only; it says nothing of songs.
        final_bar: whether one bar more ends the clips, in which their instruments come to rest on the tonic, or on the
            home chord.
        mode: as for `sample`; without it, that of the key into which a recipe is moved, if it is.

    Raises:
        MusicaeError: the music cannot be read, there is no such bar, or the new ones do not fit into the song.
    """
    require_whole("bars", bars, 1, MOST_NEW_BARS)
    require_whole("n", n, 1, MOST_CLIPS)
    require_key_mode(mode)
    model, seed = model_for(model), fresh_seed(seed)
    ending = _ending(model, music, bar)
    frame, chords = _frame(ending, bars + final_bar) if isinstance(ending, SongEnding) else (None, ())
    source = ending.source
    if mode is None and source.style.key is not None:  # into which it was moved
        mode = "minor" if source.style.key.minor else "major"
    known = known_part(ending, encode_source(model, source)[0])
    recipe = recipe_of(
        model,
        "continue",
        [known],
        seed=seed,
        temperature=temperature,
        style=source.style,
        arguments={"source": source.label, "bars": bars, "final_bar": final_bar, "over": _text(chords)},
        origin=source.name,
        frame=frame,
    )
    ways = onward(
        model,
        ending,
        bars,
        max(n, WAYS),
        accompaniment=chords,
        final_bar=final_bar,
        mode=mode,
        temperature=temperature,
        seed=seed,
    )
    before = () if alone or frame else (known,)
    return Clips.of(model, *(recipe.of(*before, *new) for new in ways[:n]))


def _frame(ending: SongEnding, bars: int) -> tuple[Frame, tuple[Chord, ...]]:
    """What the new bars are spliced into, and the chords of what plays on there.

    Raises:
        MusicaeError: they do not fit.
    """
    frame = replace(ending.frame, passage=(ending.begins, ending.begins + bars * ending.bar_ticks))
    with error_context(ending.source.name or "the song"):
        reading = open_song(frame, ending.source.representation)
    return frame, accompaniment(reading, frame) if ending.source.representation.pitched_parts else ()


def _text(chords: Sequence[Chord]) -> str:
    """Chords as text, empty where there are none."""
    return " ".join(some([*map(str, chords)])) if any(chord != NO_CHORD for chord in chords) else ""


def ending_of_piece(
    model: Model, recipe: Recipe, label: str = "the recipe", name: str = "", *, bar: int | None = None
) -> Ending:
    """The end of the piece that a recipe makes, with the codes that it was edited to.

    Args:
        label, name: of the piece, as of `names_of`.
        bar: as of `read_ending`.

    Raises:
        MusicaeError: the codes are not of the model, or there is nothing before the bar.
    """
    require_own_code(model, recipe.model, recipe.hash)
    edited, _ = with_edits(model, recipe)
    clip = Clip(model, edited)
    ending = read_ending(clip.unstyled, model, bar=bar, names=(label, name or recipe.origin))
    # What goes on is written as high as what it goes on from, and both are then moved, and played, alike.
    of_song = recipe.frame is not None and not recipe.frame.alone
    style = replace(ending.source.style, semitones=recipe.style.semitones, key=recipe.style.key)
    return replace(ending, source=replace(ending.source, style=style if of_song else recipe.style))


def _ending(model: Model, music: Material | Ending, bar: int | None) -> Ending:
    """The end of some music, as the model reads it."""
    if isinstance(music, Clips) and len(music) == 1:
        (music,) = music
    if isinstance(music, Ending):
        source_for(model, music.source)
        return music
    if isinstance(music, WholeSong):
        sources_for(model, music)
        with error_context(music.name or "the song"):
            return song_ending(music, bar=bar)
    music = music.score if isinstance(music, Clip) else music
    if isinstance(music, Score | bytes | str | Path) and not is_code(music):
        return read_ending(music, model, bar=bar)
    recipe = read_recipe(music) if isinstance(music, bytes | str | Path) else music
    if isinstance(recipe, Recipe):
        named = names_of(music) if isinstance(music, str | Path) else ()
        return ending_of_piece(model, recipe, *named, bar=bar)
    if bar is not None:
        raise MusicaeError("a bar chooses from a piece, and this is one window", "omit the bar")
    source = source_for(model, music)
    if isinstance(source, CodeSource):
        (window,) = likeliest_windows(model, [part_of(model, source)])
        ends = end_of(model, source)
        source = Source(window, model.representation, source.style, source.label, source.name, ends=ends)
    return ending_of(source)
