"""What goes into a verb and what comes out: a window of somebody's music, and clips, each with its recipe.

A recipe is all that is needed to make a clip again. Verbs only write recipes; `make` is the one place that follows
them. Everything is drawn and decoded by itself, with a seed of its own, so that a clip has the same notes whatever
else is made in the same run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Integer
from torch import Tensor

from musicae import __version__
from musicae.corpus.extract import best_window
from musicae.errors import MusicaeError
from musicae.model import Model
from musicae.music.attributes import ATTRIBUTES
from musicae.music.midi import midi_bytes, read_midi
from musicae.music.representations.representation import Representation
from musicae.music.score import Notes, Score, Tempo, Track

Codes = Float[Tensor, "part size"]
Tokens = Integer[np.ndarray, "segment step field"]


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
class Source:
    """A window of music to start from.

    Attributes:
        label: the file, the bars and the tracks in words.
    """

    tokens: Tokens
    style: Style
    label: str


def read(
    midi: str | Path | bytes, representation: Representation, *, bar: int | None = None, track: int | None = None
) -> Source:
    """The best window of a MIDI file for a representation, or the one that starts at `bar` (from 1) of `track`.

    Raises:
        MusicaeError: the file cannot be read, or no track of it can be used.
    """
    score = read_midi(midi)
    choice = best_window(score, representation, bar=bar, track=track)
    tempo = [tempo.tempo_qpm for tempo in score.tempi if tempo.tick <= choice.tick][-1]
    programs = tuple(score.tracks[i].program for i in choice.tracks if not score.tracks[i].is_drum)
    name = "MIDI data" if isinstance(midi, bytes) else midi
    return Source(choice.tokens, Style(tempo, programs), f"{name}: {choice}")


@dataclass(frozen=True, eq=False)
class Recipe:
    """How a clip was made.

    Attributes:
        verb: the command that made it.
        model, hash: the model's name, and the hash of its config and weights.
        z: one code for every part of the clip; the parts sound one after the other.
        draws: the number of every part in its run; with `seed` it seeds the decoding of that part.
        exact: parts whose tokens are given instead of decoded.
        arguments: what else the verb was asked for; for the reader alone.
    """

    verb: str
    model: str
    hash: str
    device: str
    seed: int
    temperature: float
    style: Style
    z: Codes
    draws: tuple[int, ...]
    exact: dict[int, Tokens] = field(default_factory=dict)
    arguments: dict[str, Any] = field(default_factory=dict)
    version: str = __version__

    @classmethod
    def of(
        cls, model: Model, verb: str, z: Codes, *, seed: int, temperature: float, style: Style, **arguments: Any
    ) -> Recipe:
        """The recipe of a run of `verb`: all its codes, one after the other."""
        draws = tuple(range(len(z)))
        return cls(
            verb, model.name, model.hash, str(model.device), seed, temperature, style, z, draws, arguments=arguments
        )

    def parts(self) -> list[Recipe]:
        """A recipe for every part alone."""
        exact: list[dict[int, Tokens]] = [{0: self.exact[i]} if i in self.exact else {} for i in range(len(self.z))]
        return [replace(self, z=self.z[i : i + 1], draws=(draw,), exact=exact[i]) for i, draw in enumerate(self.draws)]

    def __str__(self) -> str:
        """One line, for the text event of a MIDI file."""
        draws = f"{self.draws[0]}-{self.draws[-1]}" if len(self.draws) > 1 else str(self.draws[0])
        made = f"seed {self.seed}, clip {draws}, temperature {self.temperature:g}"
        return f"musicae {self.version} {self.verb}, model {self.model} {self.hash[:12]}, {made}"

    def to_json(self) -> dict[str, Any]:
        """The recipe as plain data; numbers of z in the shortest form that reads back as the same float32."""
        return {
            "musicae": self.version,
            "verb": self.verb,
            "arguments": self.arguments,
            "model": self.model,
            "hash": self.hash,
            "device": self.device,
            "seed": self.seed,
            "draws": list(self.draws),
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
            MusicaeError: the data is not a recipe.
        """
        try:
            z = torch.tensor(data["z"], dtype=torch.float32)
            exact = {int(part): np.array(tokens) for part, tokens in data.get("exact", {}).items()}
            if z.ndim != 2 or not torch.isfinite(z).all():
                raise ValueError("z is not a list of codes")
            return cls(
                verb=data.get("verb", "decode"),
                model=str(data["model"]),
                hash=data.get("hash", ""),
                device=data.get("device", "auto"),
                seed=int(data.get("seed", 0)),
                temperature=float(data.get("temperature", 0)),
                style=Style(float(data.get("tempo_qpm", 120)), tuple(data.get("programs", ()))),
                z=z,
                draws=tuple(data.get("draws", range(len(z)))),
                exact=exact,
                arguments=data.get("arguments", {}),
                version=data.get("musicae", __version__),
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            detail = f"{type(error).__name__}: {error}"
            hint = "give a file that musicae encode, or any other verb, wrote"
            raise MusicaeError(f"not a recipe ({detail})", hint) from None


@dataclass(frozen=True, eq=False)
class Clip:
    """Music that a verb made.

    Attributes:
        label: what tells the clip from others of its run, e.g. "before"; may be empty.
    """

    score: Score
    recipe: Recipe
    label: str = ""

    def midi(self) -> bytes:
        """A MIDI file, with the recipe in one line as a text event."""
        return midi_bytes(self.score, text=str(self.recipe))

    def attributes(self) -> dict[str, float]:
        """Every attribute of the score."""
        return {name: float(attribute(self.score)) for name, attribute in ATTRIBUTES.items()}


def encode(model: Model, source: Source) -> Codes:
    """The posterior mean of a window, as the only row."""
    return model.encode(source.tokens[None])


def draw(model: Model, n: int, seed: int) -> Codes:
    """`n` codes from the prior; the first ones are the same for every `n`."""
    return torch.cat([model.prior(1, _seeds(seed, number)[0]) for number in range(n)])


def make(model: Model, recipe: Recipe, label: str = "") -> Clip:
    """Follow a recipe.

    Raises:
        MusicaeError: the codes or the tokens are not of this model's kind.
    """
    if recipe.z.shape[1] != model.latent_size:
        raise MusicaeError(
            f"the codes have {recipe.z.shape[1]} numbers, those of {model.name} {model.latent_size}",
            f"decode with the model that they come from: -m {recipe.model}",
        )
    scores = [model.representation.decode(_tokens(model, recipe, part)) for part in range(len(recipe.z))]
    return Clip(_styled(join(scores), recipe.style), recipe, label)


def join(scores: Sequence[Score]) -> Score:
    """Scores with the same tracks and ticks, one after the other."""
    first, starts = scores[0], accumulate((score.end for score in scores), initial=0)
    rows: list[list[tuple[int, int, int, int]]] = [[] for _ in first.tracks]
    for score, offset in zip(scores, starts, strict=False):
        for row, track in zip(rows, score.tracks, strict=True):
            row += [(start + offset, end + offset, p, v) for start, end, p, v in track.notes.rows()]
    tracks = tuple(replace(track, notes=Notes.of(row)) for track, row in zip(first.tracks, rows, strict=True))
    return replace(first, tracks=tracks, end=sum(score.end for score in scores))


def _tokens(model: Model, recipe: Recipe, part: int) -> Tokens:
    if part in recipe.exact:
        return recipe.exact[part]
    _, seed = _seeds(recipe.seed, recipe.draws[part])
    tokens: Tokens = model.decode(recipe.z[part : part + 1], temperature=recipe.temperature, seed=seed)[0]
    return tokens


def _seeds(seed: int, number: int) -> tuple[int, int]:
    """The seeds of the code and of the decoding of one part of a run."""
    code, decoding = np.random.SeedSequence((seed, number)).generate_state(2)
    return int(code), int(decoding)


def _styled(score: Score, style: Style) -> Score:
    """The score at the style's tempo and, if it has as many pitched tracks, with the style's programs."""
    programs = iter(style.programs)
    pitched = [track for track in score.tracks if not track.is_drum]
    tracks: tuple[Track, ...] = score.tracks
    if len(pitched) == len(style.programs):
        tracks = tuple(t if t.is_drum else replace(t, program=next(programs)) for t in score.tracks)
    return replace(score, tracks=tracks, tempi=(Tempo(0, style.tempo_qpm),))
