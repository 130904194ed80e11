"""New music from nothing: codes that the model's sampler draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from musicae.clips.clip import Clips
from musicae.clips.draws import draw, draw_chords, draw_with
from musicae.clips.ending import Ending
from musicae.clips.final_bar import KeyMode, require_key_mode, with_final_bar
from musicae.clips.limits import MOST_CLIPS, MOST_NEW_BARS, require_whole
from musicae.clips.onward import known_part, onward
from musicae.clips.reading import Source
from musicae.clips.recipe import Part, Recipe
from musicae.clips.render import recipe_of, windows_of
from musicae.clips.source import model_for
from musicae.clips.style import Style
from musicae.errors import MusicaeError
from musicae.model import Model
from musicae.seeds import child_seeds, fresh_seed


def sample(
    model: Model | str | Path,
    n: int = 4,
    *,
    bars: int | None = None,
    final_bar: bool = False,
    mode: KeyMode | None = None,
    temperature: float = 0.25,
    seed: int | None = None,
    tempo_qpm: float = 120.0,
    wanted: Mapping[str, str] | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Clips:
    """`n` new clips; where it has chords, each under a random one of its own.

    At temperature 0.25, the default, more of them are in one key than at 0.5, with which MusicVAE's own tool samples:
    .86 of two-bar melodies (at 0.5 .84; of music .91), .82 of sixteen bars (.64; .67), .57 of trios (.40; .72).

    Args:
        bars: of every clip; without it, as many as the model writes at once. A longer clip grows from such a window,
            and comes back to what was played four and eight bars before (`clips.onward`). With models of chords,
            `compose` writes pieces.
        final_bar: whether one bar more ends every clip, in which its instruments come to rest on the tonic.
        mode: of the key of that tonic, where clips are then moved into one; None for that of the key that fits best.
        wanted: of which attributes there is to be more ("high") or less ("low") than in other clips
            (`clips.draws.draw_with`); of a longer clip, in its first window.
        progress: is called with how many clips were made since the last call, where there are `bars` or a final one.

    Raises:
        MusicaeError: there is no such attribute, or the model has no vector of it, since it is always the same; or a
            number is out of its range.
    """
    require_whole("n", n, 1, MOST_CLIPS)
    require_key_mode(mode)
    require_whole("bars", 1 if bars is None else bars, 1, MOST_NEW_BARS)
    model, seed = model_for(model), fresh_seed(seed)
    length = bars or model.representation.bars
    total = length + final_bar
    if total > model.representation.bars and model.representation.has_chords:
        message = f"{model.name} plays under chords, and {total} bars under one chord are not a piece"
        raise MusicaeError(message, "compose a piece over a progression", kind="needs-progression", model=model.name)
    chords = draw_chords(model, n, seed)
    codes = draw_with(model, n, seed, wanted, chords) if wanted else draw(model, n, seed)
    codes_and_chords = zip(codes, chords, strict=True)
    run = recipe_of(
        model,
        "sample",
        [Part(z, number, chords) for number, (z, chords) in enumerate(codes_and_chords)],
        seed=seed,
        temperature=temperature,
        style=Style(tempo_qpm),
        arguments={"wanted": dict(wanted)} if wanted else {},
    )
    if bars is None and not final_bar:
        return Clips.of(model, *run.split())
    grown = []
    for number, first in enumerate(run.split()):
        grown.append(_grown(model, first, length, final_bar, mode, child_seeds(seed, number, 1)[0]))
        progress(1)
    return Clips.of(model, *grown)


def _grown(model: Model, first: Recipe, bars: int, final_bar: bool, mode: KeyMode | None, seed: int) -> Recipe:
    """The recipe of this many bars, and perhaps a final one, that begin with those of another one, of one part."""
    (part,), (window,) = first.parts, windows_of(model, first)
    source = Source(window, model.representation, first.style, "a sample")
    ending = Ending(source, min(bars, model.representation.bars))
    parts: tuple[Part, ...] = (known_part(ending, part.z, part.draw),)
    if bars > ending.bars:
        more, temperature = bars - ending.bars, first.temperature
        parts += onward(model, ending, more, final_bar=final_bar, mode=mode, temperature=temperature, seed=seed)[0]
    elif final_bar:
        score = model.representation.decode(window)
        score = score.until(score.end * bars // model.representation.bars)
        parts = with_final_bar(model, parts, [window], score, mode)
    return replace(first, parts=parts, arguments={**first.arguments, "bars": bars, "final_bar": final_bar})
