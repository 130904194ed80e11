"""What verbs promise, measured on held-out windows: how much changes, in what steps, what stays, and what ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from musicae.clips.clip import Clips
from musicae.clips.ending import Ending
from musicae.clips.reading import Source
from musicae.clips.render import windows_of
from musicae.corpus.discover import Progress, no_progress
from musicae.experiments.verbs.held_out import HeldOut, PromiseRow, run_length
from musicae.experiments.verbs.pieces import pieces
from musicae.model import Model
from musicae.music.attributes import ATTRIBUTES
from musicae.music.continuity import Excerpt, breaks
from musicae.music.key import in_one_key, key_of, mode
from musicae.music.note_distance import Onsets, kept_share, note_f1, onsets_of, rhythm_of
from musicae.music.score import Score, concatenate
from musicae.seeds import child_seeds
from musicae.training.attribute_vectors import spread_of
from musicae.verbs.attribute import attribute
from musicae.verbs.continuation import continuation
from musicae.verbs.interpolate import interpolate
from musicae.verbs.reconstruct import reconstruct
from musicae.verbs.sample import sample
from musicae.verbs.transfer import MODES, transfer
from musicae.verbs.vary import vary

AMOUNTS = (0.1, 0.3, 0.6)
"""Of variations."""

PATH_STEPS = 7
"""Of interpolations."""

RAISE = 0.3
"""By which share of itself density is raised."""

MOVES = 1.0
"""By how many spreads every attribute is moved up and down."""


def variations(on: HeldOut) -> list[PromiseRow]:
    """Per amount: mean share of the notes of the reconstruction that change, share of the clips within .2 of the
    amount, and share that is the reconstruction again."""
    rows: list[PromiseRow] = []
    for amount in AMOUNTS:
        changed = []
        for number, source in enumerate(on.sources):
            (again,) = reconstruct(on.model, source)
            if not again.score.silent:
                (clip,) = vary(on.model, source, 1, amount=amount, seed=child_seeds(0, number)[0])
                changed.append(_changed(again.score, clip.score))
        shares = np.array(changed)
        near = float((np.abs(shares - amount) <= 0.2).mean())
        rows.append({"amount": amount, "changed": float(shares.mean()), "near": near, "same": _share(shares == 0)})
    return rows


def interpolations(on: HeldOut) -> list[PromiseRow]:
    """Of paths between a window and the next one: mean and largest share of the notes that a step changes, the share
    of the paths whose largest step is at most twice the mean, and the share of the steps that change nothing where the
    ends differ by as many notes as there are steps; the share of the steps that lead, on average over paths, away
    from the one end, or towards the other; and the 5-gram cost of what lies between the ends, in units of that of plain
    great circles."""
    largest, means, still, away, costs = [], [], [], [], []
    for a, b in pairwise(on.sources):
        clips = interpolate(on.model, a, b, steps=PATH_STEPS)
        notes = [onsets_of(clip.score) for clip in clips]
        steps = np.array([1 - note_f1([pair]) for pair in pairwise(notes)])
        if _differing(notes[0], notes[-1]) >= PATH_STEPS:
            largest.append(steps.max())
            means.append(steps.mean())
            still += list(steps == 0)
            away.append([[1 - note_f1([(one, end)]) for one in notes] for end in (notes[0], notes[-1])])
            costs.append(
                [_cost(on, path) for path in (clips, interpolate(on.model, a, b, steps=PATH_STEPS, even_in="z"))]
            )
    if not away:
        return []
    from_a, to_b = np.array(away).mean(0)
    leading = np.concatenate([np.diff(from_a) > 0, np.diff(to_b) < 0])
    return [
        {
            "paths": len(means),
            "mean step": _mean(means),
            "largest step": _mean(largest),
            "even": _share(np.array(largest) <= 2 * np.array(means)),
            "still": _share(np.array(still)),
            "leading on": _share(leading),
            **({"5-gram cost": float(np.divide(*np.sum(costs, axis=0)))} if on.ngram else {}),
        }
    ]


def raised_density(on: HeldOut) -> list[PromiseRow]:
    """Density raised by `RAISE` of itself: by what it was, which share of the notes of the window stayed, and of the
    windows in one key, which share stayed in one."""
    spread = spread_of(on.model, "density")
    raised, kept, keys = [], [], []
    for source, score in zip(on.sources, on.scores, strict=True):
        before = ATTRIBUTES["density"](score)
        if not 0 < before <= 1 / (1 + RAISE):
            continue
        _, after = attribute(on.model, {"density": RAISE * before / spread}, source)
        raised.append(ATTRIBUTES["density"](after.score) / before - 1)
        kept.append(kept_share(score, after.score))
        if in_one_key(score) and any(not track.is_drum for track in score.tracks):
            keys.append(in_one_key(after.score))
    if not raised:
        return []
    row: PromiseRow = {"raised by": _mean(raised), "raised": _share(np.array(raised) > 0)}
    return [{**row, "kept": _mean(kept), **({"in key": _share(np.array(keys))} if keys else {})}]


def attributes(on: HeldOut) -> list[PromiseRow]:
    """Every attribute up and down by `MOVES` spreads, in the windows that have room: share that moved so, notes kept,
    and share of the clips in which an instrument fell silent."""
    rows: list[PromiseRow] = []
    for name in (name for name in ATTRIBUTES if name in on.model.attributes):
        values = np.array([ATTRIBUTES[name](score) for score in on.scores])
        for sign, limit in ((1, np.quantile(values, 0.95)), (-1, np.quantile(values, 0.05))):
            room = [s for s, value in zip(on.sources, values, strict=True) if sign * (limit - value) > 0]
            clips = [attribute(on.model, {name: sign * MOVES}, source) for source in room]
            pairs = [(before.score, after.score) for before, after in clips]
            moved = [sign * (ATTRIBUTES[name](after) - ATTRIBUTES[name](before)) > 0 for before, after in pairs]
            if pairs:
                rows.append(
                    {
                        "attribute": name,
                        "direction": "up" if sign > 0 else "down",
                        "windows": len(pairs),
                        "moved": _share(np.array(moved)),
                        "kept": float(np.mean([kept_share(*pair) for pair in pairs])),
                        "lost layers": _share(np.array([_lost(*pair) for pair in pairs])),
                    }
                )
    return rows


def short_clips(on: HeldOut) -> list[PromiseRow]:
    """Windows cut off at their middle: onsets behind it, and notes that are held past it, per reconstruction and per
    step of an interpolation with the next one."""
    grid = on.model.representation.grid
    half = on.model.representation.bars * grid.quarters / 2
    if on.model.representation.bars < 2:
        return []
    cut = [_cut(source, half) for source in on.sources]
    clips = [clip for source in cut for clip in reconstruct(on.model, source)]
    clips += [clip for a, b in pairwise(cut) for clip in interpolate(on.model, a, b, steps=3)]
    late, held = 0, 0
    for score in (clip.score for clip in clips):
        end = half * score.ticks_per_quarter
        late += sum(int((track.notes.start >= end).sum()) for track in score.tracks)
        held += sum(int(((track.notes.start < end) & (track.notes.end > end)).sum()) for track in score.tracks)
    return [{"clips": len(clips), "onsets after the end": late, "held past it": held}]


def continuations(on: HeldOut) -> list[PromiseRow]:
    """What a clip goes on with, beside what really follows in `FOLLOWING` bars: F1 of notes and of onsets, the share of
    the notes in the major scale that has most of the real ones, and how unlike its bars are to all before. Of the first
    of the continuations, of samples, of the last window again, and of what really follows."""
    known, new = run_length(on.model)
    rows: dict[str, list[list[float]]] = {}
    for number, run in enumerate(on.runs):
        (seed,) = child_seeds(0, number)
        *earlier, last = run[:known]
        ending = Ending(last, on.model.representation.bars, tuple(source.tokens for source in earlier))
        before, real = (_joined(on.model, some) for some in (run[:known], run[known:]))
        (clip,) = continuation(on.model, ending, new * on.model.representation.bars, 1, alone=True, seed=seed)
        drawn = concatenate([clip.score for clip in sample(on.model, new, seed=seed)])
        ways = {"continue": clip.score, "sample": drawn, "repeat": _joined(on.model, [last] * new), "real": real}
        for way, score in ways.items():
            rows.setdefault(way, []).append(_beside(score, real, before, on.model.representation.bars * new))
    means = {way: np.mean(found, 0).tolist() for way, found in rows.items()}
    names = ("notes", "rhythm", "in key", "unlike")
    return [{"way": way, "runs": len(on.runs), **dict(zip(names, found, strict=True))} for way, found in means.items()]


def other_mode(on: HeldOut) -> list[PromiseRow]:
    """Windows of a clear mode in the other one, per mode that is asked for: the share whose key is in it then, F1 of
    notes and of onsets with the window, the share of the windows that stay as they are, and the 5-gram cost in units of
    that of the windows."""
    if on.model.mode_vector is None:
        return []
    rows: list[PromiseRow] = []
    for number, name in enumerate(MODES):
        found, costs = [], []
        for source, before in zip(on.sources, on.scores, strict=True):
            if mode(before) == 1 - number:
                _, after = transfer(on.model, source, name)
                notes, onsets = (note_f1([(of(before), of(after.score))]) for of in (onsets_of, rhythm_of))
                key = key_of(after.score)
                found.append([key is not None and key.minor == bool(number), notes, onsets, notes == 1])
                if on.ngram:
                    costs.append(on.ngram.cost(np.stack([*windows_of(on.model, after.recipe), source.tokens])))
        if not found:
            continue
        means = np.mean(found, axis=0).tolist()
        cost = {"5-gram cost": float(np.divide(*np.sum(costs, axis=0)))} if costs else {}
        rows.append({"to": name, **dict(zip(("arrived", "notes", "onsets", "same"), means, strict=True)), **cost})
    return rows


def _joined(model: Model, sources: Sequence[Source]) -> Score:
    return concatenate([model.representation.decode(source.tokens) for source in sources])


def _beside(score: Score, real: Score, before: Score, bars: int) -> list[float]:
    """A score beside the one that follows, of so many bars: what `continuations` measures."""
    bar = real.end // bars
    key, (_, pitches) = Excerpt(real, bar).key, Excerpt(score, bar).line
    inside = float(np.isin(pitches % 12, sorted(key.scale)).mean()) if key and len(pitches) else 1.0
    unlike = float(breaks(Excerpt(before, bar), Excerpt(score, bar))[-1])
    notes, rhythm = ([(of(score), of(real))] for of in (onsets_of, rhythm_of))
    return [note_f1(notes), note_f1(rhythm), inside, unlike]


def _cut(source: Source, quarters: float) -> Source:
    """A window whose piece ends after so many quarters."""
    silence = source.representation.silence_from(quarters)
    tokens = source.tokens.copy()
    fields = tokens[..., : silence.shape[-1]]
    np.copyto(fields, silence, where=silence >= 0)
    return replace(source, tokens=tokens, ends=quarters)


def _lost(before: Score, after: Score) -> bool:
    """Whether drums, or all pitched instruments, have fallen silent."""
    kinds = [{track.is_drum for track in score.tracks if len(track.notes)} for score in (before, after)]
    return not kinds[0] <= kinds[1]


def _changed(before: Score, after: Score) -> float:
    return 1 - note_f1([(onsets_of(before), onsets_of(after))])


def _cost(on: HeldOut, clips: Clips) -> float:
    """The 5-gram cost of all clips but the first and the last."""
    windows = [window for clip in clips[1:-1] for window in windows_of(on.model, clip.recipe)]
    return float(on.ngram.cost(np.stack(windows)).mean()) if on.ngram else 0.0


def _differing(a: Onsets, b: Onsets) -> int:
    return (a - b).total() + (b - a).total()


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))


def _share(flags: Any) -> float:
    return float(np.mean(flags)) if len(flags) else 0.0


PROMISES: dict[str, Callable[[HeldOut], list[PromiseRow]]] = {
    "vary": variations,
    "interpolate": interpolations,
    "density": raised_density,
    "attribute": attributes,
    "short": short_clips,
    "continue": continuations,
    "compose": pieces,
    "transfer": other_mode,
}
"""By name, what is measured of a model."""


def measure_promises(
    on: HeldOut, names: Sequence[str], progress: Progress = no_progress
) -> dict[str, list[PromiseRow]]:
    """Rows of numbers under the name of what they measure."""
    found = {}
    with progress("trying verbs", len(names)) as done:
        for name in names:
            found[name] = PROMISES[name](on)
            done(1)
    return found
