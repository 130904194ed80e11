"""Recipes as JSON that anybody may read and edit.

    {
      "verb": "encode",
      "model": "melody-2bar",
      "tempo_qpm": 120.0,
      ...
      "parts": [
        {"draw": 0, "z": [0.25, -1.5, ...]}
      ]
    }

Only `model` and the `z` of every part are needed; what is left away has its default, and what has its default in a part
is left away.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from musicae.checked_json import parse_json
from musicae.clips.recipe import ForcedTokens, Part, PartCode, Recipe, require_code
from musicae.clips.style import Style
from musicae.errors import MusicaeError, error_context, unknown_name
from musicae.inputs import read_input
from musicae.music.chords import Chord, progression


def to_json(recipe: Recipe) -> dict[str, Any]:
    """The recipe as plain data; numbers of z in the shortest form that reads back as the same float32."""
    return {
        "musicae": recipe.version,
        "verb": recipe.verb,
        "arguments": dict(recipe.arguments),
        "label": recipe.label,
        "origin": recipe.origin,
        "model": recipe.model,
        "hash": recipe.hash,
        "device": recipe.device,
        "precision": recipe.precision,
        "seed": recipe.seed,
        "temperature": recipe.temperature,
        "tempo_qpm": recipe.style.tempo_qpm,
        "programs": list(recipe.style.programs),
        "meter": recipe.style.meter,
        "parts": [_part_to_json(part) for part in recipe.parts],
    }


def from_json(data: Any) -> Recipe:
    """The recipe in what was read from JSON.

    Raises:
        MusicaeError: the data is not a recipe, or something in it is of a wrong kind or out of its range.
    """
    if not isinstance(data, dict) or not {"model", "parts"} <= data.keys():
        raise _not_a_recipe("an object with a model and parts is needed")
    known = _read(data, _ENTRIES)
    style = Style(known.pop("tempo_qpm", 120.0), known.pop("programs", ()), known.pop("meter", ""))
    parts = tuple(_part_from_json(part, number) for number, part in enumerate(known.pop("parts")))
    for number, part in enumerate(parts):
        if len(part.z) != len(parts[0].z):
            sizes = f"the z of part {number} has {len(part.z)} numbers, that of part 0 has {len(parts[0].z)}"
            raise MusicaeError(sizes, "make all codes equally long")
    return Recipe(**{**_DEFAULTS, **known}, style=style, parts=parts)


def dump_recipe(recipe: Recipe) -> bytes:
    """A recipe as JSON text: one entry a line, and one part a line."""
    data = to_json(recipe)
    parts = ",\n".join(f"    {_line(part)}" for part in data.pop("parts"))
    entries = [f"  {_line(key)}: {_line(value)}" for key, value in data.items()]
    return ("{\n" + ",\n".join([*entries, f'  "parts": [\n{parts}\n  ]']) + "\n}\n").encode()


def read_recipe(source: str | Path | bytes) -> Recipe:
    """The recipe in a file, or in its bytes, that a verb wrote or a user edited.

    Raises:
        MusicaeError: there is no such file, or it holds no recipe.
    """
    name = "the recipe" if isinstance(source, bytes) else source
    try:
        data = parse_json(source if isinstance(source, bytes) else read_input(source))
    except OSError as error:
        raise MusicaeError(f"cannot read {name}: {error.strerror}", "check the path") from None
    except ValueError as error:
        hint = "give the .json beside a MIDI file that musicae wrote"
        raise MusicaeError(f"{name} is not JSON: {error}", hint, kind="not-a-recipe") from None
    with error_context(name):
        return from_json(data)


def _line(value: Any) -> str:
    return json.dumps(value, allow_nan=False)


def _part_to_json(part: Part) -> dict[str, Any]:
    data: dict[str, Any] = {"draw": part.draw}
    if part.chords:
        data["chords"] = " ".join(map(str, part.chords))
    if part.section:
        data["section"] = part.section
    if part.programs_of is not None:
        data["programs_of"] = part.programs_of
    data["z"] = [float(str(number)) for number in part.z.numpy()]  # NumPy's shortest text of a float32
    if part.forced_tokens is not None:
        data["forced_tokens"] = part.forced_tokens.tolist()
    return data


def _part_from_json(data: Any, number: int) -> Part:
    place = f"parts[{number}]"
    if not isinstance(data, dict) or "z" not in data:
        raise _not_a_recipe(f"{place} is {data!r:.60}, not an object with a z")
    with error_context(f"part {number}"):
        return Part(**{"draw": number, **_read(data, _PART_ENTRIES, f"{place}.")})


def _read(data: Mapping[str, Any], entries: Mapping[str, _Entry], prefix: str = "") -> dict[str, Any]:
    """The values of all entries, by the names that the records give them."""
    found = {}
    for key, value in data.items():
        if key not in entries:
            raise unknown_name(f"entry of {prefix.rstrip('.') or 'a recipe'}", key, entries)
        name, kind, convert = entries[key]
        try:
            found[name] = convert(value)
        except (AttributeError, LookupError, OverflowError, RuntimeError, TypeError, ValueError):
            raise _not_a_recipe(f"{prefix}{key} is {value!r:.60}, not {kind}") from None
    return found


def _not_a_recipe(message: str) -> MusicaeError:
    return MusicaeError(f"not a recipe: {message}", "give a file that a verb wrote", kind="not-a-recipe")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


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


def _code(value: Any) -> PartCode:
    code = torch.tensor(value, dtype=torch.float64)
    if code.ndim != 1 or not code.numel() or not isinstance(value, list):
        raise ValueError
    require_code(code)  # before float32 makes infinities
    return code.float()


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
    "parts": ("parts", "a list of parts", _parts),
}
"""The entries of a recipe: their names in the record, their kinds in words, and the functions that read them."""

_DEFAULTS: dict[str, Any] = {
    "verb": "decode",
    "hash": "",
    "device": "auto",
    "precision": "auto",
    "seed": None,
    "temperature": 0.0,
}

_PART_ENTRIES: dict[str, _Entry] = {
    "draw": ("draw", "a whole number", operator.index),
    "chords": ("chords", "chord symbols", _chords),
    "section": ("section", "a name", _text),
    "programs_of": ("programs_of", "a whole number or null", _whole_number_or_none),
    "z": ("z", "a list of numbers", _code),
    "forced_tokens": ("forced_tokens", "a window of tokens", _forced_tokens),
}
