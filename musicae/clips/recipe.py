"""How a clip was made: all that is needed to make it again, in memory and as JSON that may be edited."""

from __future__ import annotations

import json
import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Integer
from torch import Tensor

from musicae import __version__
from musicae.errors import MusicaeError
from musicae.model import Model
from musicae.music.chords import progression

Codes = Float[Tensor, "part size"]
Tokens = Integer[np.ndarray, "segment step field"]

SLOWEST_QPM, FASTEST_QPM = 60e6 / (2**24 - 1), 60e6
"""The tempi that MIDI has numbers for: from 2^24 - 1 microseconds a quarter down to one."""

LARGEST_CODE = 1e6
"""Numbers in z are about 1; far beyond this limit a network computes infinities."""

HIGHEST_TEMPERATURE = 100.0


@dataclass(frozen=True)
class Style:
    """What a representation leaves out and a clip takes from its source.

    Attributes:
        programs: General MIDI programs of the pitched tracks, in order; where there are none the representation's own
            are used.
    """

    tempo_qpm: float = 120.0
    programs: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Recipe:
    """How a clip was made.

    Attributes:
        verb: the command that made it.
        model, hash: the model's name, and the hash of its config and weights.
        seed: of all that was drawn; None if nothing was.
        z: one code for every part of the clip; the parts sound one after the other.
        draws: the number of every part in its run; with `seed` it seeds the decoding of that part.
        chords: what the model is told for every part, one symbol a bar; empty where models are told none.
        follows: for every part the number of the one, itself or an earlier one, whose programs it takes; empty if every
            part has its own.
        exact: parts whose tokens are given instead of decoded.
        arguments: what else the verb was asked for; for the reader alone.
        label: what tells the clip from others of its run, e.g. "before"; may be empty.
        origin: the names of the files that it came from, for the name of its own; empty if it came from none.

    Raises:
        MusicaeError: a number is out of its range.
    """

    verb: str
    model: str
    hash: str
    device: str
    seed: int | None
    temperature: float
    style: Style
    z: Codes
    draws: tuple[int, ...]
    chords: tuple[str, ...] = ()
    follows: tuple[int, ...] = ()
    exact: dict[int, Tokens] = field(default_factory=dict)
    arguments: dict[str, Any] = field(default_factory=dict)
    label: str = ""
    origin: str = ""
    version: str = __version__

    def __post_init__(self) -> None:
        _within("seed", self.seed or 0, 0, math.inf)
        _within("temperature", self.temperature, 0, HIGHEST_TEMPERATURE)
        _within("tempo_qpm", self.style.tempo_qpm, SLOWEST_QPM, FASTEST_QPM)
        for program in self.style.programs:
            _within("a program", program, 0, 127)
        for number in self.draws:
            _within("a number in draws", number, 0, math.inf)
        _codes_within(self.z)

    @classmethod
    def of(
        cls,
        model: Model,
        verb: str,
        z: Codes,
        arguments: dict[str, Any],
        *,
        seed: int,
        temperature: float,
        style: Style,
        chords: Sequence[str] = (),
        follows: tuple[int, ...] = (),
        origin: str = "",
        drawn: bool = False,
    ) -> Recipe:
        """The recipe of a run of `verb`: all its codes, one after the other.

        Args:
            chords, follows: as in the recipe; one of the chords may stand for all parts.
            drawn: whether the seed had a part in the codes; it has one in decoding unless `temperature` is 0.
        """
        return cls(
            verb,
            model.name,
            model.hash,
            str(model.device),
            seed if drawn or temperature else None,
            temperature,
            style,
            z,
            tuple(range(len(z))),
            tuple(chords) * (len(z) if len(chords) == 1 else 1) if any(chords) else (),
            follows,
            arguments=arguments,
            origin=origin,
        )

    def parts(self) -> list[Recipe]:
        """A recipe for every part alone, with programs of its own."""
        return [self._part(i) for i in range(len(self.z))]

    def _part(self, i: int) -> Recipe:
        exact = {0: self.exact[i]} if i in self.exact else {}
        chords = self.chords[i : i + 1]
        return replace(self, z=self.z[i : i + 1], draws=(self.draws[i],), chords=chords, follows=(), exact=exact)

    def __str__(self) -> str:
        """One line, for the text event of a MIDI file."""
        seed = "" if self.seed is None else f"seed {self.seed}, "
        draws = f"{self.draws[0]}-{self.draws[-1]}" if len(self.draws) > 1 else str(self.draws[0])
        made = f"{seed}clip {draws}, temperature {self.temperature:g}"
        return f"musicae {self.version} {self.verb}, model {self.model} {self.hash[:12]}, {made}"

    def check(self, model: Model) -> None:
        """Make sure that a model can follow the recipe.

        Raises:
            MusicaeError: codes or tokens are not of this model's kind, or there is no draw for every code.
        """
        if self.z.shape[1] != model.latent_size:
            raise MusicaeError(
                f"the codes have {self.z.shape[1]} numbers, those of {model.name} {model.latent_size}",
                "decode with the model that they come from",
                kind="other-codes",
                model=self.model,
            )
        if len(self.draws) != len(self.z):
            raise MusicaeError(
                f"z and draws are not equally long: {len(self.z)} and {len(self.draws)}",
                "decode takes any number of codes, and draws anew",
                kind="other-draws",
            )
        if self.chords and len(self.chords) != len(self.z):
            raise MusicaeError(
                f"z and chords are not equally long: {len(self.z)} and {len(self.chords)}",
                "give the chords of every code as one text, or take chords away",
            )
        for chords in self.chords:
            model.representation.condition_of(progression(chords) if chords else ())
        if self.follows and (
            len(self.follows) != len(self.z) or any(not 0 <= first <= i for i, first in enumerate(self.follows))
        ):
            hint = "name for every code itself or an earlier one, from 0, or take follows away"
            raise MusicaeError(f"follows is {list(self.follows)!s:.60}, for {len(self.z)} codes", hint)
        for part, tokens in self.exact.items():
            self._check_exact(model, part, tokens)

    def _check_exact(self, model: Model, part: int, tokens: Tokens) -> None:
        shape = model.representation.shape
        vocabularies = [field.vocabulary for field in shape.columns]
        window = (shape.segments, shape.steps, len(vocabularies))
        hint = "leave exact as it was written, or take it away"
        if not 0 <= part < len(self.z):
            raise MusicaeError(f"exact gives tokens of part {part}, and the parts are 0 to {len(self.z) - 1}", hint)
        if tokens.shape != window:
            raise MusicaeError(f"exact holds tokens of shape {tokens.shape}, {model.name} has {window}", hint)
        wrong = tokens[(tokens < 0) | (tokens >= vocabularies)]
        if len(wrong):
            raise MusicaeError(f"{wrong[0]} in exact is no token of {model.name}: they are below {vocabularies}", hint)

    def to_json(self) -> dict[str, Any]:
        """The recipe as plain data; numbers of z in the shortest form that reads back as the same float32."""
        return {
            "musicae": self.version,
            "verb": self.verb,
            "arguments": self.arguments,
            "label": self.label,
            "origin": self.origin,
            "model": self.model,
            "hash": self.hash,
            "device": self.device,
            "seed": self.seed,
            "draws": list(self.draws),
            "chords": list(self.chords),
            "follows": list(self.follows),
            "temperature": self.temperature,
            "tempo_qpm": self.style.tempo_qpm,
            "programs": list(self.style.programs),
            "exact": {str(part): tokens.tolist() for part, tokens in self.exact.items()},
            "z": [[float(str(number)) for number in row] for row in self.z.numpy()],
        }

    @classmethod
    def from_json(cls, data: Any) -> Recipe:
        """The recipe in what was read from JSON; only `z` and `model` are needed, the rest has defaults.

        Raises:
            MusicaeError: the data is not a recipe, or something in it is of a wrong kind or out of its range.
        """
        if not isinstance(data, dict) or not {"model", "z"} <= data.keys():
            raise MusicaeError("not a recipe: an object with a model and z is needed", _HINT, kind="not-a-recipe")
        read = {key: _read(key, data[key]) for key in _KINDS if key in data}
        style = Style(read.pop("tempo_qpm", 120.0), read.pop("programs", ()))
        version, draws = read.pop("musicae", __version__), tuple(range(len(read["z"])))
        defaults = {"verb": "decode", "hash": "", "device": "auto", "seed": None, "temperature": 0.0, "draws": draws}
        return cls(**{**defaults, **read, "style": style, "version": version})


def _read(key: str, value: Any) -> Any:
    kind, convert = _KINDS[key]
    try:
        return convert(value)
    except (AttributeError, LookupError, OverflowError, RuntimeError, TypeError, ValueError):
        raise MusicaeError(f"not a recipe: {key} is {value!r:.60}, not {kind}", _HINT, kind="not-a-recipe") from None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError
    return tuple(_text(item) for item in value)


def _number(value: Any) -> float:
    if not isinstance(value, int | float):
        raise TypeError
    return float(value)


def _whole_numbers(value: Any) -> tuple[int, ...]:
    return tuple(operator.index(number) for number in value)


def _table(value: Any) -> dict[str, Any]:
    json.dumps(value, allow_nan=False)  # what cannot be written again is refused now
    return dict(value.items())


def _exact(value: Any) -> dict[int, Tokens]:
    windows = {int(part): np.array(tokens) for part, tokens in value.items()}
    if any(tokens.ndim != 3 or tokens.dtype.kind != "i" for tokens in windows.values()):
        raise TypeError
    return windows


def _codes(value: Any) -> Codes:
    for number, row in enumerate(value, start=1):
        if len(row) != len(value[0]):
            raise MusicaeError(
                f"code {number} in z has {len(row)} numbers, code 1 has {len(value[0])}", "make all codes equally long"
            )
    codes = torch.tensor(value, dtype=torch.float64)
    if codes.ndim != 2 or not codes.numel():
        raise ValueError
    _codes_within(codes)
    return codes.float()


def _codes_within(z: Codes) -> None:
    _within("a number in z", float(z.flatten()[z.abs().argmax()]), -LARGEST_CODE, LARGEST_CODE)


def _within(name: str, value: int | float, low: int | float, high: int | float) -> None:
    if not low <= value <= high:  # so written because NaN is in no range
        span = f"{low:g} or more" if math.isinf(high) else f"from {low:g} to {high:g}"
        shown = value if isinstance(value, int) else f"{value:g}"
        raise MusicaeError(f"{name} is {shown}, not {span}", "choose a number within these limits")


_HINT = "give a file that encode, or any other verb, wrote"

_KINDS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "musicae": ("a version", _text),
    "verb": ("a word", _text),
    "arguments": ("an object", _table),
    "label": ("a word", _text),
    "origin": ("a name", _text),
    "model": ("a name", _text),
    "hash": ("a text", _text),
    "device": ("a name", _text),
    "seed": ("a whole number or null", lambda value: None if value is None else operator.index(value)),
    "draws": ("a list of whole numbers", _whole_numbers),
    "chords": ("a list of texts", _texts),
    "follows": ("a list of whole numbers", _whole_numbers),
    "temperature": ("a number", _number),
    "tempo_qpm": ("a number", _number),
    "programs": ("a list of whole numbers", _whole_numbers),
    "exact": ("windows of tokens by part", _exact),
    "z": ("a list of codes, each a list of numbers", _codes),
}
"""What the entries of a recipe are, in words and as the function that reads them."""
