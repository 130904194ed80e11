"""How a clip was made: all that is needed to make it again, as records."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from musicae import __version__
from musicae.clips.frame import Frame
from musicae.clips.limits import HIGHEST_TEMPERATURE, require_code, require_within
from musicae.clips.names import Names
from musicae.clips.recipe_fields import ForcedTokens
from musicae.clips.style import Style
from musicae.errors import LONGEST_NAME, MusicaeError
from musicae.music.chords import Chord

PartCode = Float[Tensor, " size"]


@dataclass(frozen=True, eq=False)
class Part:
    """One window of a clip, and what it is decoded from.

    Attributes:
        z: its latent code.
        draw: with the recipe's seed it seeds the decoding, so that parts of one draw draw alike.
        chords: one for every bar; where a model has chords and there are none here, N.C. in every bar.
        section: the name of the section that begins here; empty where none does.
        programs_of: the number, from 0, of an earlier part whose programs it takes; None for its own.
        forced_tokens: tokens that stand whatever is decoded, -1 where the decoder is free; None where it always is.
        names: coordinates of the code, which may ask for another one (`clips.edits`); None where it has none.
        bars: how many bars of the window sound, from its first; None for all.

    Raises:
        MusicaeError: a number is out of its range.
    """

    z: PartCode
    draw: int = 0
    chords: tuple[Chord, ...] = ()
    programs_of: int | None = None
    forced_tokens: ForcedTokens | None = None
    section: str = ""
    names: Names | None = None
    bars: int | None = None

    def __post_init__(self) -> None:
        require_within("draw", self.draw, 0, math.inf)
        require_within("the length of a section's name", len(self.section), 0, LONGEST_NAME)
        require_within("bars", 1 if self.bars is None else self.bars, 1, math.inf)
        require_code(self.z.detach().numpy())


@dataclass(frozen=True, eq=False)
class Recipe:
    """How a clip was made.

    Attributes:
        verb: the function, and the command, that made it.
        model, hash: the model's name, and the hash of its config and weights.
        device, precision: where and in what numbers it was computed.
        seed: of all that was drawn; None if nothing was.
        parts: they sound one after the other.
        arguments: what else the verb was asked for; only for the reader.
        label: what distinguishes the clip from others of its run, e.g. "before"; may be empty.
        frame: the piece that its windows are spliced into, one with every part; None if they stand alone, in a row.
        origin: the names of the files that it came from, for the name of its own; empty if it came from none.

    Raises:
        MusicaeError: a number is out of its range, or there is no part.
    """

    verb: str
    model: str
    hash: str
    device: str
    precision: str
    seed: int | None
    temperature: float
    style: Style
    parts: tuple[Part, ...]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    label: str = ""
    origin: str = ""
    version: str = __version__
    frame: Frame | None = None

    def __post_init__(self) -> None:
        require_within("seed", self.seed or 0, 0, math.inf)
        require_within("temperature", self.temperature, 0, HIGHEST_TEMPERATURE)
        if not self.parts:
            raise MusicaeError("a recipe without parts makes nothing", "give one part at least, with its z")

    @property
    def z(self) -> Float[Tensor, "part size"]:
        """The codes of all parts."""
        return torch.stack([part.z for part in self.parts])

    def split(self) -> list[Recipe]:
        """A recipe for each single part, with programs of its own."""
        return [self.of(replace(part, programs_of=None)) for part in self.parts]

    def of(self, *parts: Part) -> Recipe:
        """The recipe with other parts."""
        return replace(self, parts=parts)

    def __str__(self) -> str:
        """One line, for the text event of a MIDI file."""
        seed = "" if self.seed is None else f"seed {self.seed}, "
        first, last = self.parts[0].draw, self.parts[-1].draw
        draws = f"{first}-{last}" if len(self.parts) > 1 else str(first)
        made = f"{seed}clip {draws}, temperature {self.temperature:g}"
        return f"musicae {self.version} {self.verb}, model {self.model} {self.hash[:12]}, {made}"
