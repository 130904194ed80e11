"""Recipes as plain data, out of JSON that somebody else may have written: everything that is wrong is said.

Nothing here knows torch, so that it is said before a model is loaded.
"""

from __future__ import annotations

import json
import operator
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, Integer

from musicae.checked_json import parse_json, typed
from musicae.clips.frame import Frame
from musicae.clips.limits import require_code
from musicae.clips.names import Names, attributes_from_json, coordinates_from_json, directions_from_json
from musicae.clips.style import Style
from musicae.errors import MusicaeError, error_context, unknown_name
from musicae.inputs import read_input
from musicae.music.chords import Chord, progression
from musicae.music.key import Key, parse_key

CodeNumbers = Float32[np.ndarray, " size"]
ForcedTokens = Integer[np.ndarray, "segment step field"]


@dataclass(frozen=True, eq=False)
class RecipeFields:
    """What JSON says of a recipe.

    Attributes:
        known: arguments of `Recipe`; what the JSON leaves out is not there.
        parts: arguments of every `Part`, with z as an array.
    """

    known: dict[str, Any]
    style: Style
    parts: list[dict[str, Any]]


def read_fields(source: str | Path | bytes) -> RecipeFields:
    """What a file, or its bytes, says.

    Raises:
        MusicaeError: there is no such file, or it holds no recipe.
    """
    name = name_of(source)
    try:
        data = parse_json(source if isinstance(source, bytes) else read_input(source))
    except OSError as error:
        hint = "name a file in it" if isinstance(error, IsADirectoryError) else "check the path"
        raise MusicaeError(f"cannot read {name}: {error.strerror}", hint) from None
    except ValueError as error:
        hint = "give the .json beside a MIDI file that musicae wrote"
        why = ": it is a MIDI file" if Path(name).suffix.lower() in (".mid", ".midi") else f": {error}"
        raise MusicaeError(f"{name} is not JSON{why}", hint, kind="not-a-recipe") from None
    with error_context(name):
        return fields_from(data)


def name_of(source: str | Path | bytes) -> str:
    """What errors call a file, or bytes that come from nowhere."""
    return "the recipe" if isinstance(source, bytes) else str(source)


def fields_from(data: Any) -> RecipeFields:
    """What data that was read from JSON says.

    Raises:
        MusicaeError: the data is not a recipe, or something in it is of a wrong kind or out of its range.
    """
    if isinstance(data, dict) and "files" in data:
        raise MusicaeError("a list of files is not a recipe", "name one of the files", kind="list-of-files")
    if not isinstance(data, dict) or not {"model", "parts"} <= data.keys():
        raise _not_a_recipe("an object with a model and parts is needed")
    known = _read(data, _ENTRIES)
    style = Style(**{field.name: known.pop(field.name) for field in fields(Style) if field.name in known})
    parts = [_part(part, number) for number, part in enumerate(known.pop("parts"))]
    for number, part in enumerate(parts):
        if len(part["z"]) != len(parts[0]["z"]):
            sizes = f"the z of part {number} has {len(part['z'])} numbers, that of part 0 has {len(parts[0]['z'])}"
            raise MusicaeError(sizes, "make all codes equally long")
    return RecipeFields(known, style, parts)


def _part(data: Any, number: int) -> dict[str, Any]:
    place = f"parts[{number}]"
    if not isinstance(data, dict) or "z" not in data:
        raise _not_a_recipe(f"{place} is {data!r:.60}, not an object with a z")
    with error_context(f"part {number}"):
        found = {"draw": number, **_read(data, _PART_ENTRIES, f"{place}.")}
        now = {**found.pop("attributes", {}), **found.pop("directions", {})}
        encoded, z = found.pop("encoded", ({}, None))
        if z is not None and len(z) != len(found["z"]):
            sizes = f"z has {len(found['z'])} numbers, and had {len(z)} when it was encoded"
            raise MusicaeError(sizes, "give z as many numbers as it had")
        words = found.pop("words", {})
        return {**found, "names": Names(now, encoded, z, words)} if now or encoded or words or z is not None else found


def _read(data: Mapping[str, Any], entries: Mapping[str, _Entry], prefix: str = "") -> dict[str, Any]:
    """The values of all entries, by the names that the records give them."""
    found = {}
    for key, value in data.items():
        if key not in entries:
            raise unknown_name(f"entry of {prefix.rstrip('.') or 'a recipe'}", key, entries)
        name, kind, convert = entries[key]
        try:
            found[name] = convert(value)
        except (AttributeError, LookupError, OverflowError, TypeError, ValueError):
            raise _not_a_recipe(f"{prefix}{key} is {value!r:.60}, not {kind}") from None
    return found


def _not_a_recipe(message: str) -> MusicaeError:
    return MusicaeError(f"not a recipe: {message}", "give a file that a verb wrote", kind="not-a-recipe")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError
    return tuple(map(_text, value))


def _key(value: Any) -> Key | None:
    return parse_key(value) if _text(value) else None


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _frame(value: Any) -> Frame | None:
    if value is None:
        return None
    found: Frame = typed({**value, "midi": b64decode(_text(value["midi"]), validate=True)}, Frame, "frame")
    return found


def _number(value: Any) -> float:
    if not isinstance(value, int | float):
        raise TypeError
    return float(value)


def _whole_number_or_none(value: Any) -> int | None:
    return None if value is None else operator.index(value)


def _whole_numbers(value: Any) -> tuple[int, ...]:
    return tuple(operator.index(number) for number in value)


def _object(value: Any) -> dict[str, Any]:
    json.dumps(value, allow_nan=False)  # what cannot be written again is refused now
    return dict(value.items())


def _parts(value: Any) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise TypeError
    return value


def _chords(value: Any) -> tuple[Chord, ...]:
    return tuple(replace(chord, notice="") for chord in progression(_text(value))) if value else ()


def _code(value: Any) -> CodeNumbers:
    if not isinstance(value, list) or not value or not all(type(number) in (int, float) for number in value):
        raise TypeError
    code = np.array(value, dtype=np.float64)
    require_code(code)  # before float32 makes infinities
    return code.astype(np.float32)


def _encoded(value: Any) -> tuple[dict[str, float], CodeNumbers | None]:
    z = value.get("z")
    names = {name: number for name, number in value.items() if name != "z"}
    return coordinates_from_json(names), None if z is None else _code(z)


def _words(value: Any) -> dict[str, str]:
    found: dict[str, str] = typed(value, dict[str, str], "words")
    return found


def _forced_tokens(value: Any) -> ForcedTokens:
    tokens = np.array(value)
    if tokens.ndim != 3 or tokens.dtype.kind != "i":
        raise TypeError
    return tokens


_Entry = tuple[str, str, Callable[[Any], Any]]

_ENTRIES: dict[str, _Entry] = {
    "musicae": ("version", "a version", _text),
    "verb": ("verb", "a word", _text),
    "arguments": ("arguments", "an object", _object),
    "label": ("label", "a word", _text),
    "origin": ("origin", "a name", _text),
    "model": ("model", "a name", _text),
    "hash": ("hash", "a text", _text),
    "device": ("device", "a name", _text),
    "precision": ("precision", "a name", _text),
    "seed": ("seed", "a whole number or null", _whole_number_or_none),
    "temperature": ("temperature", "a number", _number),
    "tempo_qpm": ("tempo_qpm", "a number", _number),
    "programs": ("programs", "a list of whole numbers", _whole_numbers),
    "meter": ("meter", "a time signature", _text),
    "names": ("names", "a list of names", _texts),
    "velocities": ("velocities", "a list of whole numbers", _whole_numbers),
    "semitones": ("semitones", "a whole number", operator.index),
    "key": ("key", "the name of a key", _key),
    "accents": ("accents", "true or false", _truth),
    "frame": ("frame", "a MIDI file in base64, and how it is read", _frame),
    "parts": ("parts", "a list of parts", _parts),
}
"""The entries of a recipe: their names in the record, their kinds in words, and the functions that read them."""

_PART_ENTRIES: dict[str, _Entry] = {
    "draw": ("draw", "a whole number", operator.index),
    "chords": ("chords", "chord symbols", _chords),
    "section": ("section", "a name", _text),
    "programs_of": ("programs_of", "a whole number or null", _whole_number_or_none),
    "bars": ("bars", "a whole number or null", _whole_number_or_none),
    "attributes": ("attributes", "numbers by attribute", attributes_from_json),
    "directions": ("directions", "numbers by direction", directions_from_json),
    "z": ("z", "a list of numbers", _code),
    "words": ("words", "texts by name", _words),
    "encoded": ("encoded", "what was encoded", _encoded),
    "forced_tokens": ("forced_tokens", "a window of tokens", _forced_tokens),
}
"""The entries of a part."""
