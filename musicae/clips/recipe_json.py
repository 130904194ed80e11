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

Only `model` and the `z` of every part are needed; what is left out has its default, and what has its default in a part
is left out. A part whose code has names (`clips.names`) has one of them a line:

    {
      "draw": 0,
      "attributes": {
        "density": 0.4,
        ...
      },
      "directions": {
        "direction1": -0.5,
        ...
      },
      "words": {
        "direction1": "+2: denser; -2: lower and sparser",
        ...
      },
      "z": [0.25, -1.5, ...],
      "encoded": {"density": 0.4, "direction1": -0.5, ..., "z": [0.25, -1.5, ...]}
    }

What is under `encoded` says what was edited (`clips.edits`).
"""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import torch

from musicae.clips.frame import Frame
from musicae.clips.names import DIRECTION_NAMES
from musicae.clips.recipe import Part, Recipe
from musicae.clips.recipe_fields import CodeNumbers, RecipeFields, fields_from, name_of, read_fields
from musicae.errors import error_context


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
        "names": list(recipe.style.names),
        "velocities": list(recipe.style.velocities),
        "semitones": recipe.style.semitones,
        "key": str(recipe.style.key or ""),
        "accents": recipe.style.accents,
        **({"frame": _frame_to_json(recipe.frame)} if recipe.frame else {}),
        "parts": [_part_to_json(part) for part in recipe.parts],
    }


def from_json(data: Any) -> Recipe:
    """The recipe in what was read from JSON.

    Raises:
        MusicaeError: the data is not a recipe, or something in it is of a wrong kind or out of its range.
    """
    return recipe_from(fields_from(data))


def dump_recipe(recipe: Recipe) -> bytes:
    """A recipe as JSON text: one entry a line, and one part a line, or one name of it."""
    data = to_json(recipe)
    parts = ",\n".join(_part_lines(part) for part in data.pop("parts"))
    entries = [f"  {_line(key)}: {_line(value)}" for key, value in data.items()]
    return ("{\n" + ",\n".join([*entries, f'  "parts": [\n{parts}\n  ]']) + "\n}\n").encode()


def read_recipe(source: str | Path | bytes) -> Recipe:
    """The recipe in a file, or in its bytes, that a verb wrote or a user edited.

    Raises:
        MusicaeError: there is no such file, or it holds no recipe.
    """
    fields = read_fields(source)
    with error_context(name_of(source)):
        return recipe_from(fields)


def recipe_from(fields: RecipeFields) -> Recipe:
    """The recipe that fields are of.

    Raises:
        MusicaeError: something is out of its range.
    """
    parts = []
    for number, part in enumerate(fields.parts):
        with error_context(f"part {number}"):
            parts.append(Part(**{**part, "z": torch.from_numpy(part["z"])}))
    return Recipe(**{**_DEFAULTS, **fields.known}, style=fields.style, parts=tuple(parts))


def _line(value: Any) -> str:
    return json.dumps(value, allow_nan=False)


def _part_lines(part: dict[str, Any]) -> str:
    """A part in a line, or in one for every entry and every name if it has names."""
    if "encoded" not in part:
        return f"    {_line(part)}"
    entries = []
    for key, value in part.items():
        lines = _line(value)
        if key in ("attributes", "directions", "words") and value:
            inside = ",\n".join(f"        {_line(name)}: {_line(said)}" for name, said in value.items())
            lines = f"{{\n{inside}\n      }}"
        entries.append(f"      {_line(key)}: {lines}")
    return "    {\n" + ",\n".join(entries) + "\n    }"


def _part_to_json(part: Part) -> dict[str, Any]:
    data: dict[str, Any] = {"draw": part.draw}
    if part.chords:
        data["chords"] = " ".join(map(str, part.chords))
    if part.section:
        data["section"] = part.section
    if part.programs_of is not None:
        data["programs_of"] = part.programs_of
    names = part.names
    if names is not None:
        data["attributes"] = {name: value for name, value in names.now.items() if name not in DIRECTION_NAMES}
        data["directions"] = {name: value for name, value in names.now.items() if name in DIRECTION_NAMES}
        data["words"] = dict(names.words)
    data["z"] = _short(part.z.numpy())
    if part.bars is not None:
        data["bars"] = part.bars
    if names is not None:
        data["encoded"] = {**names.encoded, **({} if names.z is None else {"z": _short(names.z)})}
    if part.forced_tokens is not None:
        data["forced_tokens"] = part.forced_tokens.tolist()
    return data


def _short(z: CodeNumbers) -> list[float]:
    """CodeNumbers in NumPy's shortest text of a float32."""
    return [float(str(number)) for number in z]


def _frame_to_json(frame: Frame) -> dict[str, Any]:
    return {**vars(frame), "midi": b64encode(frame.midi).decode(), "drums": list(frame.drums)}


_DEFAULTS: dict[str, Any] = {
    "verb": "decode",
    "hash": "",
    "device": "auto",
    "precision": "auto",
    "seed": None,
    "temperature": 0.0,
}
