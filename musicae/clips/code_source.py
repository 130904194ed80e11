"""Codes to start from: what a verb reads of the JSON that another one wrote, as if it were music.

Nothing here knows torch, so that what cannot be read is said before a model is loaded.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from codecs import BOM_UTF8
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import TypeGuard

from musicae.clips.limits import require_whole, require_within
from musicae.clips.names import Names
from musicae.clips.recipe_fields import CodeNumbers, ForcedTokens, RecipeFields, read_fields
from musicae.clips.song import open_song
from musicae.clips.style import Style, style_of_codes
from musicae.errors import MusicaeError
from musicae.music.chords import Chord
from musicae.music.representations.base import Representation

JSON_SUFFIX = ".json"


@dataclass(frozen=True, eq=False)
class CodeSource:
    """A code to start from.

    Attributes:
        model, hash: the name of the model that it is a code of, and the hash of its config and weights; the hash may be
            empty.
        forced_tokens: tokens that stand whatever is decoded, -1 where the decoder is free; None where it always is.
        bars: how many bars of its music sound, from the first; None for all.
        names: coordinates, which may ask for another code.
        label: the file, and which of its codes, in words.
        name: the file's name without its suffix; may be empty.
    """

    z: CodeNumbers
    model: str
    hash: str
    style: Style
    label: str
    name: str = ""
    chords: tuple[Chord, ...] = ()
    forced_tokens: ForcedTokens | None = None
    bars: int | None = None
    names: Names | None = None


def is_code(music: object) -> TypeGuard[str | bytes | Path]:
    """Whether a path, or the bytes of a file, is that of a code and not of MIDI."""
    if isinstance(music, bytes):
        return music.removeprefix(BOM_UTF8).lstrip()[:1] in (b"{", b"[")
    return isinstance(music, str | Path) and Path(music).suffix.lower() == JSON_SUFFIX


def read_code(
    music: str | bytes | Path, *, bar: int | None = None, representation: Representation | None = None
) -> CodeSource:
    """The first code of a recipe, or the one that makes its bar `bar`, from 1; of a whole song, the song's bar.

    Args:
        representation: of the model, for whoever asks for a bar.

    Raises:
        MusicaeError: there is no such file, it holds no recipe, or there is no such bar.
    """
    require_whole("bar", 1 if bar is None else bar, 1)
    if bar is not None and representation is None:
        raise MusicaeError("bars of codes are those of a model", "say what the model reads")
    fields = read_fields(music)
    for made in fields.parts:
        require_within("bars", 1 if made.get("bars") is None else made["bars"], 1, math.inf)
    number = 0 if bar is None or representation is None else _place(fields, bar, representation)
    part, label = fields.parts[number], "the code" if isinstance(music, bytes) else str(music)
    return CodeSource(
        z=part["z"],
        model=fields.known["model"],
        hash=fields.known.get("hash", ""),
        style=style_of_codes(fields.style, fields.known.get("frame")),
        label=f"{label}: code {number + 1} of {len(fields.parts)}" if len(fields.parts) > 1 else label,
        name="" if isinstance(music, bytes) else Path(music).stem,
        chords=part.get("chords", ()),
        forced_tokens=part.get("forced_tokens"),
        bars=part.get("bars"),
        names=part.get("names"),
    )


def _place(fields: RecipeFields, bar: int, representation: Representation) -> int:
    """The number, from 0, of the part that makes a bar.

    Raises:
        MusicaeError: none does.
    """
    frame = fields.known.get("frame")
    if frame is not None and not frame.alone:
        reading = open_song(frame, representation)
        bars = [reading.stream.bars[span.start : span.behind] + 1 for span in reading.playing[: len(fields.parts)]]
        found = [number for number, some in enumerate(bars) if bar in some]
        if not found:
            raise MusicaeError(f"no code makes bar {bar} of the song", "choose a bar in which it plays")
        return found[0]
    last = list(accumulate(part.get("bars") or representation.bars for part in fields.parts))
    if bar > last[-1]:
        raise MusicaeError(
            f"there is no bar {bar}: the codes make {last[-1]} bars", f"choose a bar from 1 to {last[-1]}"
        )
    return bisect_left(last, bar)


def unless_whole(forced: ForcedTokens | None) -> ForcedTokens | None:
    """Forced tokens, unless they leave nothing to a code."""
    return None if is_whole(forced) else forced


def is_whole(forced: ForcedTokens | None) -> TypeGuard[ForcedTokens]:
    """Whether forced tokens leave nothing to a code."""
    return forced is not None and bool((forced >= 0).all())
