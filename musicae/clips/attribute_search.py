"""More or less of an attribute: codes sought around attribute vectors, as far along them as it takes and no further.

Where no code near a vector moves the attribute, codes are sought on the way to draws of the sampler. Where there is to
be more in the music, codes are also decoded around its own notes, which then all stay. How loud bands are, and that
drums or tracks go, needs no code.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from musicae import geometry, seeds
from musicae.clips.code_source import is_whole
from musicae.clips.reading import joined
from musicae.clips.recipe import Part
from musicae.clips.render import likeliest, likeliest_windows, with_own_code
from musicae.model import Codes, Model
from musicae.music.arrangement import with_additions
from musicae.music.attributes import ATTRIBUTES
from musicae.music.key import foreign_share
from musicae.music.note_distance import instruments_of, kept_share
from musicae.music.representations.base import FieldTokens, TokenArray
from musicae.music.representations.event_rows import VELOCITIES, VELOCITIES_PER_BIN
from musicae.music.score import Score
from musicae.training.attribute_vectors import require_vectors, spread_of

MULTIPLES = np.geomspace(0.05, 5.0, 24)
"""How far along the vectors is looked first, in their own lengths."""

ASIDE = (0.2, 0.5, 1.0)
"""How far to their side is looked then, in lengths of the step that was best so far."""

ROUNDS, TRIED = 3, 24
"""How often, and at how many points each time."""

WAY_PLACES, WAY_DRAWS = (0.15, 0.3, 0.45, 0.6), 12
"""How far on the way to draws is looked where vectors lead nowhere, and to how many draws."""

MOMENTS = (1, 2, 4, None)
"""At how many moments of a window notes are added to those of a band, all of them at last."""

TOLERANCE = 0.1
"""How far from what was asked, in spreads of the attribute, is as good as arrived."""


def with_attributes(
    model: Model,
    part: Part,
    amounts: Mapping[str, float],
    *,
    before: Score | None = None,
    notes: TokenArray | None = None,
    keep: float = 0.0,
    around: bool = True,
    still: Float[Tensor, "direction size"] | None = None,
) -> Part:
    """A part whose music, decoded by argmax, has more or less of some attributes; the same part where none is found.

    Of the codes whose music has as much of them as was asked for, the one that keeps most notes is taken; where none
    gets there, the one that gets nearest. Where none changes every attribute the right way, or none of these keeps as
    many notes as it has to, the code stays.

    Args:
        amounts: per attribute by how many of its own standard deviations over music it is to change.
        before: the music from which the amounts count; without it, that of the part.
        notes: its tokens.
        keep: share of the notes that stay, at least.
        around: whether codes may be decoded around the notes of the music, as known tokens.
        still: orthonormal directions along which the code does not move.

    Raises:
        MusicaeError: the model has no such vector.
    """
    require_vectors(model, amounts)
    if not any(amounts.values()):
        return part
    reference = likeliest(model, [part])[0] if before is None else before
    goal = _Goal(reference, amounts, {name: spread_of(model, name) for name in amounts}, keep)
    starts, adding = [part], around and any(amounts.get(name, 0) > 0 for name in ADDING)
    events = model.representation.keeps_programs
    if adding and not events:
        tokens = likeliest_windows(model, [part])[0] if notes is None else notes
        starts.append(replace(part, forced_tokens=joined(part.forced_tokens, _onsets_of(tokens, model))))
    step = _across(geometry.move(torch.zeros_like(part.z), model.attributes, amounts), still)
    along = torch.from_numpy(MULTIPLES).to(step)[:, None] * step
    merged = adding and events
    found = _nearest(model, starts, goal, along, step, still, merged=merged)
    if found is None:
        ways = _across(model.sample_codes(WAY_DRAWS, 0) - part.z, still)
        found = _nearest(
            model, starts, goal, torch.cat([place * ways for place in WAY_PLACES]), None, still, merged=merged
        )
    if found is None:
        return part
    return with_own_code(model, found) if is_whole(found.forced_tokens) else found


ADDING = ("density", "syncopation16", "syncopation8")
"""Attributes of which notes that are added make more."""


def _without_model(score: Score, amounts: Mapping[str, float]) -> Iterator[Score]:
    """Music louder or softer by whole bins, without its drums, or without the tracks that have fewest notes."""
    if louder := amounts.get("velocity", 0):
        for bins in range(1, VELOCITIES):
            yield _louder(score, math.copysign(bins * VELOCITIES_PER_BIN, louder))
    if amounts.get("drums", 0) < 0:
        yield replace(score, tracks=tuple(track for track in score.tracks if not track.is_drum))
    if amounts.get("tracks", 0) < 0:
        fewest = sorted(range(len(score.tracks)), key=lambda number: len(score.tracks[number].notes))
        for count in range(1, len(fewest)):
            gone = set(fewest[:count])
            yield replace(score, tracks=tuple(t for number, t in enumerate(score.tracks) if number not in gone))


def _louder(score: Score, by: float) -> Score:
    """Every note louder by so much, as far as MIDI goes."""
    notes = (replace(one.notes, velocity=np.clip(one.notes.velocity + int(by), 1, 127)) for one in score.tracks)
    return replace(score, tracks=tuple(replace(one, notes=new) for one, new in zip(score.tracks, notes, strict=True)))


def _of(model: Model, part: Part, score: Score) -> Part:
    """A part that is some music whatever is decoded."""
    fields = len(model.representation.shape.fields)
    return replace(part, forced_tokens=model.representation.encode(score)[..., :fields].astype(np.int64))


def _onsets_of(tokens: TokenArray, model: Model) -> FieldTokens:
    """The tokens at which notes start; -1 elsewhere."""
    fields = model.representation.shape.fields
    columns = [np.where(np.isin(tokens[..., i], field.onsets), tokens[..., i], -1) for i, field in enumerate(fields)]
    return np.stack(columns, axis=-1).astype(np.int64)


def _nearest(
    model: Model,
    starts: Sequence[Part],
    goal: _Goal,
    steps: Float[Tensor, "step size"],
    otherwise: Float[Tensor, " size"] | None,
    still: Float[Tensor, "direction size"] | None,
    *,
    merged: bool,
) -> Part | None:
    """Of codes some steps from that of a part, and then of codes around the best of them, the one of least cost.

    Args:
        starts: the part; and it again with other tokens that are known, which all codes are decoded with, too.
        otherwise: the step around which is looked where none of them moves the attributes as it should.
        merged: whether what codes are decoded to is also tried beside the music as it is: of events, whose places
            depend on one another, tokens cannot be known one by one.

    Returns:
        The part with that code; None where none moves them.
    """
    origin = starts[0].z
    source = seeds.generator(0, len(origin))  # where is looked is always the same
    best, least = None, np.inf

    def look(codes: Codes) -> None:
        nonlocal best, least
        parts = [replace(start, z=z) for start in starts for z in codes]
        tried = list(zip(parts, likeliest(model, parts), strict=True))
        if merged:
            tried += [(part, with_additions(goal.before, score, most)) for part, score in tried for most in MOMENTS]
        for place, (part, score) in enumerate(tried):
            if goal.reached(score) and (cost := goal.cost(score)) < least:
                best, least = part if place < len(parts) else _of(model, part, score), cost

    for score in _without_model(goal.before, goal.amounts) if model.representation.keeps_programs else ():
        if not score.silent and goal.reached(score) and (cost := goal.cost(score)) < least:
            best, least = _of(model, starts[0], score), cost
    look(origin + steps)
    for _ in range(ROUNDS):
        way = otherwise if best is None or torch.equal(best.z, origin) else best.z - origin
        if way is None:
            break
        aside = torch.randn(TRIED, len(origin), generator=source)
        aside = torch.nn.functional.normalize(_across(aside, still), dim=1)
        reach = way.norm() * torch.tensor(ASIDE).repeat(TRIED // len(ASIDE))[:, None]
        nearer = torch.rand(TRIED, 1, generator=source) * 0.5 + 0.6  # of the way that was best so far
        look(origin + nearer * way + reach * aside)
    return best


@dataclass(frozen=True, eq=False)
class _Goal:
    """What is asked of some music.

    Attributes:
        before: the music as it is.
        amounts: changes of attributes, in spreads.
        spreads: of these attributes.
    """

    before: Score
    amounts: Mapping[str, float]
    spreads: Mapping[str, float]
    keep: float

    def moves(self, after: Score) -> Mapping[str, float]:
        """By how many spreads every attribute has changed."""
        return {
            name: (ATTRIBUTES[name](after) - ATTRIBUTES[name](self.before)) / max(self.spreads[name], 1e-9)
            for name in self.amounts
        }

    def cost(self, after: Score) -> float:
        """What is wrong with some music: how far it is from what was asked, and what it lost on the way."""
        moves = self.moves(after)
        missed = sum(max(abs(moves[name] - amount) - TOLERANCE, 0.0) for name, amount in self.amounts.items())
        kept = kept_share(self.before, after)
        gone = instruments_of(self.before) - instruments_of(after)
        foreign = 0.0 if "diatonic" in self.amounts else max(foreign_share(after) - foreign_share(self.before), 0.0)
        return missed + (1 - kept) + len(gone) * LAYER + foreign * FOREIGN

    def reached(self, after: Score) -> bool:
        """Whether all attributes have moved as they should, and enough notes stay."""
        moves = self.moves(after)
        moved = all(moves[name] * amount > 0 for name, amount in self.amounts.items() if amount)
        return moved and (not self.keep or kept_share(self.before, after) >= self.keep)


LAYER, FOREIGN = 2.0, 4.0
"""What a lost instrument and notes that leave the key (all of them) cost, beside a spread that is missing."""


def _across(vectors: Float[Tensor, "*row size"], still: Float[Tensor, "direction size"] | None) -> Tensor:
    """Vectors without their parts along some orthonormal directions."""
    if still is None or not len(still):
        return vectors
    return (vectors.double() - vectors.double() @ still.double().T @ still.double()).to(vectors.dtype)
