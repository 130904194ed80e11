"""Edited codes: what somebody changed in a file is done to the code.

The rule, for every part of a recipe:

1. z stands as it is written, edited or not.
2. Every name is compared with what it was when the file was written (`encoded`); where that is gone, with what z has.
   The difference counts from what z has now: `density` 0.8 higher is 0.8 spreads more of it than the music of z has.
3. The code is moved along edited directions, by exactly as many standard deviations.
4. Attributes are sought from there (`clips.attribute_search`), at right angles to the edited directions, so that these
   stay where they were put.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from musicae.clips.attribute_search import TOLERANCE, with_attributes
from musicae.clips.coordinates import coordinates_of, feature_statistics
from musicae.clips.directions import directions_of, require_names
from musicae.clips.names import DIRECTION_NAMES, Coordinates, Names, changes, rounded
from musicae.clips.recipe import Part, Recipe
from musicae.clips.render import check_recipe, likeliest
from musicae.errors import error_context
from musicae.model import Model
from musicae.music.attributes import ATTRIBUTES
from musicae.music.comparison import in_comparison
from musicae.music.note_distance import kept_share
from musicae.music.score import Score
from musicae.training.attribute_vectors import spread_of


@dataclass(frozen=True, eq=False)
class Edited:
    """A part whose code is as somebody wanted it.

    Attributes:
        part: without names.
        names: by how much each was changed, in standard deviations.
        numbers: how many of z were changed.
        before, after: what was encoded, and what it became, decoded by argmax.
    """

    part: Part
    names: Coordinates
    numbers: int
    before: Score
    after: Score

    def record(self) -> dict[str, Any]:
        """What was edited, as plain data; empty if nothing was."""
        return {**self.names, **({"z": self.numbers} if self.numbers else {})}


def with_edits(model: Model, recipe: Recipe) -> tuple[Recipe, list[Edited]]:
    """A recipe whose codes are as its names want them, and those of its parts in which anything was edited.

    Raises:
        MusicaeError: the model has no such name, or a code leaves the range of codes.
    """
    if all(part.names is None for part in recipe.parts):
        return recipe, []
    check_recipe(model, recipe)
    parts, found = [], []
    for number, part in enumerate(recipe.parts):
        if part.names is None:
            parts.append(part)
            continue
        with error_context(f"part {number}"):
            edited = with_edited_code(model, part, part.names)
        parts.append(edited.part)
        found += [edited] if edited.record() else []
    records = [edited.record() for edited in found]
    kept = {"edits": records[0] if len(recipe.parts) == 1 else records} if records else {}
    arguments = {**recipe.arguments, **kept}
    return replace(recipe, parts=tuple(parts), arguments=arguments), found


def with_edited_code(model: Model, part: Part, names: Names) -> Edited:
    """A part as its names want it; the same part, without names, where nothing was edited.

    Raises:
        MusicaeError: the model has no such name, or the code leaves the range of codes.
    """
    plain = replace(part, names=None)
    edits = edits_of(model, plain, names)
    encoded = plain if names.z is None else replace(plain, z=torch.from_numpy(names.z))
    numbers = int((encoded.z != plain.z).sum())
    moved = _moved(model, plain, edits)
    before, after = likeliest(model, [encoded, moved])
    return Edited(moved, edits, numbers, before, after)


def edits_of(model: Model, part: Part, names: Names) -> Coordinates:
    """By how much names were changed.

    Raises:
        MusicaeError: the model has no such name.
    """
    edits = dict(names.edits)
    unknown = names.now.keys() - names.encoded.keys()
    if unknown:
        require_names(model, unknown)
        has = rounded(coordinates_of(model, part))
        edits |= changes({name: names.now[name] for name in unknown}, has)
    require_names(model, edits)
    return {name: edits[name] for name in names.now if name in edits}


def _moved(model: Model, part: Part, edits: Coordinates) -> Part:
    along = {name: amount for name, amount in edits.items() if name in DIRECTION_NAMES}
    wanted = {name: amount for name, amount in edits.items() if name not in DIRECTION_NAMES}
    directions = directions_of(model)
    moved = replace(part, z=directions.move(part.z, along)) if along else part
    if not wanted:
        return moved
    missing = _missing(model, part, moved, wanted) if along else wanted
    if not any(missing.values()):
        return moved
    return with_attributes(model, moved, missing, around=False, still=directions.chosen(along))


def _missing(model: Model, part: Part, moved: Part, wanted: Mapping[str, float]) -> dict[str, float]:
    """What a moved part still lacks of what was wanted of the part, in spreads; 0 where it is near enough."""
    before, after = likeliest(model, [part, moved])
    found = {}
    for name, amount in wanted.items():
        lacks = amount - (ATTRIBUTES[name](after) - ATTRIBUTES[name](before)) / max(spread_of(model, name), 1e-9)
        found[name] = lacks if abs(lacks) > TOLERANCE else 0.0
    return found


def edits_in_words(model: Model, edits: Sequence[Edited]) -> list[str]:
    """What was edited and what it did, in lines."""
    statistics = feature_statistics(model) if edits else None
    lines = []
    for one in edits:
        lines += [_change_in_words(model, name, amount, one) for name, amount in one.names.items()]
        if one.numbers:
            lines.append(f"z: {one.numbers} {'number' if one.numbers == 1 else 'numbers'} edited")
        became = in_comparison(statistics.changes(one.before, one.after)) if statistics else ""
        lines.append(f"{f'{became}; ' if became else ''}{kept_share(one.before, one.after):.0%} of the notes stay")
    return lines


def _change_in_words(model: Model, name: str, amount: float, one: Edited) -> str:
    if name in DIRECTION_NAMES:
        return f"{name} {amount:+g}"
    before, after = ATTRIBUTES[name](one.before), ATTRIBUTES[name](one.after)
    if before == after:
        return f"{name} {amount:+g}: could not be changed as asked, it stays {before:.3g}"
    found = (after - before) / spread_of(model, name)
    short = "" if abs(found) >= abs(amount) / 2 else f"; could not go further than {found:+.2g}"
    return f"{name} {amount:+g}: {before:.3g} to {after:.3g}{short}"
