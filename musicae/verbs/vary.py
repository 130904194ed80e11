"""Variations: clips in which a share of the notes is another one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float
from torch import Tensor

from musicae import geometry
from musicae.clips.clip import Clips
from musicae.clips.draws import draw
from musicae.clips.limits import MOST_CLIPS, require_whole, require_within
from musicae.clips.reading import Source
from musicae.clips.recipe import Part
from musicae.clips.render import likeliest, recipe_of, with_own_code
from musicae.clips.song import WholeSong, framed_score
from musicae.clips.source import Material, frame_of, kinds, label_of, model_for, part_of, sources_for
from musicae.model import Model
from musicae.music.arrangement import InstrumentQuarter, cells, with_cells
from musicae.music.key import Key, foreign_share, key_like
from musicae.music.note_distance import note_distance
from musicae.music.score import Score
from musicae.seeds import child_seeds, fresh_seed

TARGETS = 3
"""Draws towards which a variation is looked for at most; on some ways too many notes change at once."""

NEAR_ENOUGH = False, False, 0.05
"""From the amount; then no other way is tried."""

POINTS_A_WAY = 8
"""Points between clip and draw that are decoded at once, first on the whole way, then where the amount is passed."""

TOO_FAR = 1.5
"""Times the amount that no more than that share of the notes may change, where there is a choice."""

OneCode = Float[Tensor, " size"]
Places = Float[np.ndarray, " point"]
Cost = tuple[bool, bool, float]


def vary(
    model: Model | str | Path,
    music: Material,
    n: int = 4,
    *,
    amount: float = 0.3,
    temperature: float = 0.0,
    seed: int | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Clips:
    """`n` clips that differ from the reconstruction of some music in about a share `amount` of their notes.

    Each lies on a great circle that leads to a draw of the sampler, where the note distance (`music.note_distance`) of
    what is decoded by argmax comes nearest to the amount and new notes are in the key. Amount 0 is the reconstruction,
    or the song itself; amount 1 is new music.

    Of a whole song every window is varied, each by that share of its own notes, which are counted against those of the
    song. Where the model changes more by reconstructing it, the song keeps its own notes but for as many quarters of
    its instruments as make up that share. Windows with the same notes lead to the same draw, so that what the song
    repeats is repeated in its variation.

    Args:
        progress: is called with how many windows were varied since the last call.

    Raises:
        MusicaeError: the music cannot be read, or a number is out of its range.
    """
    require_whole("n", n, 1, MOST_CLIPS)
    require_within("amount", amount, 0, 1)
    model, seed = model_for(model), fresh_seed(seed)
    sources = sources_for(model, music)
    key = key_like(framed_score(music.frame), minor=False) if isinstance(music, WholeSong) else None
    found: dict[int, list[Part]] = {}
    for kind, source in zip(kinds(sources), sources, strict=True):
        if kind not in found:
            part = part_of(model, source)
            reference = None
            if isinstance(music, WholeSong) and isinstance(source, Source):
                reference = model.representation.decode(source.tokens)
                part = part if amount else replace(part, forced_tokens=source.fields)
            of_kind = child_seeds(seed, kind)[0] if kind else seed
            found[kind] = _variations(model, part, reference, key, n, amount, of_kind)
        progress(1)
    run = recipe_of(
        model,
        "vary",
        found[0],
        seed=seed,
        temperature=temperature,
        style=sources[0].style,
        arguments={"source": label_of(music, sources), "amount": amount},
        origin=sources[0].name,
        frame=frame_of(music),
    )
    clips = ([replace(found[kind][number], draw=number + n * kind) for kind in kinds(sources)] for number in range(n))
    return Clips.of(model, *(run.of(*parts) for parts in clips))


def _variations(
    model: Model, part: Part, reference: Score | None, key: Key | None, n: int, amount: float, seed: int
) -> list[Part]:
    """`n` variations of a part.

    Args:
        reference: the music of which a share is to change; None for the reconstruction.
        key: of new notes; None for the major one that has most of the music.
    """
    counted = likeliest(model, [part])[0] if reference is None else reference
    goal = _Goal(counted, key or key_like(counted, minor=False), amount)
    targets = draw(model, n, seed)
    found = [_varied(model, part, goal, target, (seed, number)) for number, target in enumerate(targets)]
    if reference is None or amount in (0, 1):
        return found
    return [_with_own_notes(model, one, goal, (seed, number)) for number, one in enumerate(found)]


def _with_own_notes(model: Model, part: Part, goal: _Goal, seeds: tuple[int, int]) -> Part:
    """A variation of which no more is taken than makes up the amount; all else is the music's own."""
    (varied,) = likeliest(model, [part])
    if note_distance(goal.music, varied) <= goal.amount + NEAR_ENOUGH[-1]:
        return part
    places = cells(goal.music)
    best, chosen = varied, list[InstrumentQuarter]()
    for i in np.random.default_rng(seeds).permutation(len(places)):
        mixed = with_cells(goal.music, varied, [*chosen, places[i]])
        if goal.cost(mixed) < goal.cost(best):
            best, chosen = mixed, [*chosen, places[i]]
    if not chosen:
        return part
    tokens = model.representation.encode(best)[..., : len(model.representation.shape.fields)]
    return with_own_code(model, replace(part, forced_tokens=tokens.astype(np.int64)))


@dataclass(frozen=True, eq=False)
class _Goal:
    """What is asked of a variation.

    Attributes:
        music: of whose notes a share is to change.
        key: the major one whose notes new ones are to be; None where nothing is pitched.
    """

    music: Score
    key: Key | None
    amount: float

    def cost(self, score: Score) -> Cost:
        """What is wrong with some music; no change is worst, and one that is much too large is worse than any other."""
        share = note_distance(self.music, score)
        foreign = foreign_share(score, self.key) - foreign_share(self.music, self.key) if self.key else 0.0
        return share == 0, share > TOO_FAR * self.amount, abs(share - self.amount) + max(foreign, 0.0)


def _varied(model: Model, part: Part, goal: _Goal, target: OneCode, seeds: tuple[int, int]) -> Part:
    """A variation of a part on the way to a code, or to others where that comes nearer to the amount."""
    amount = goal.amount
    if amount in (0, 1):
        return replace(part, z=geometry.slerp(part.z, target, amount))
    others = (draw(model, 1, child)[0] for child in child_seeds(*seeds, n=TARGETS - 1))
    best = _nearest(model, part, goal, target)
    for other in others:
        if best[0] <= NEAR_ENOUGH:
            break
        best = min(best, _nearest(model, part, goal, other), key=lambda one: one[0])
    return best[1]


def _nearest(model: Model, part: Part, goal: _Goal, target: OneCode) -> tuple[Cost, Part]:
    """Of the points on the way to a code the one in which about so many notes are others, and what is wrong with it."""

    def decoded(places: Places) -> tuple[list[Part], list[Score]]:
        parts = [replace(part, z=geometry.slerp(part.z, target, float(place))) for place in places]
        return parts, likeliest(model, parts)

    places = np.arange(1, POINTS_A_WAY + 1) / POINTS_A_WAY
    parts, scores = decoded(places)
    reached = [note_distance(goal.music, score) >= goal.amount for score in scores]
    passed = reached.index(True) if True in reached else POINTS_A_WAY - 1
    low = places[passed - 1] if passed else 0.0
    between = low + (places[passed] - low) * np.arange(1, POINTS_A_WAY) / POINTS_A_WAY
    more, beside = decoded(between)
    every, costs = [*parts, *more], [goal.cost(score) for score in (*scores, *beside)]
    best = min(range(len(every)), key=costs.__getitem__)
    return costs[best], every[best]
