"""Reconstruction: how much of a held-out window comes back through its code.

The measurements of Roberts et al. 2018 (arXiv:1803.05428), table 1: the share of steps that are right, teacher forced
and free running. Sums run over all windows, so that every step counts alike. Tokens are
`[window, segment, step, field]`; a mask is true up to the first end token of a segment.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Integer

from musicae.evaluation.held_out import Advance, Tokens, Windows, decoded, no_progress
from musicae.evaluation.note_distance import instruments, note_f1, onsets
from musicae.model import BATCH, Model
from musicae.music.representations.base import Field
from musicae.networks.autoencoder import evaluating
from musicae.networks.device import autocast
from musicae.training.validation import validate

Mask = Bool[np.ndarray, "window segment step"]
Written = Integer[np.ndarray, "window segment step written"]
FieldTokens = Integer[np.ndarray, "window segment step"]
Steps = Integer[np.ndarray, " window"]
Hits = Integer[np.ndarray, "window field"]


@dataclass(frozen=True)
class Scores:
    """How well one field comes back.

    Attributes:
        teacher: share of the steps that are right given the true steps before (argmax).
        free: share that is right given z alone (argmax).
        drawn: the same, drawn at temperature 1.
        onset_f1: of the onsets of `free`; None where tokens are events.
    """

    teacher: float
    free: float
    drawn: float
    onset_f1: float | None


@dataclass(frozen=True)
class NoteScores:
    """How well the music of windows comes back, z alone and argmax.

    Attributes:
        f1: of the notes, by onset, pitch and instrument.
        instruments: share of the windows in which the right ones play, and no others.
    """

    f1: float
    instruments: float


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """How well a model gives windows back.

    Attributes:
        windows_seen: that it was trained on, 0 if there is no record.
        nll, kl: in nats per window, z drawn from the posterior; a code that is certain has no KL.
        bits_per_step: nll / ln 2 over the mean number of steps that count.
        use: how many nats more a window costs with the code of another one; None of one window.
        active: dimensions of z whose means vary.
        fields: scores by field, z the posterior mean.
        notes: scores of what is heard; None where tokens are steps and say as much.
        steps: per window, how many steps count.
        hits: how many of them are right, for "free" and "drawn".
    """

    parameters: int
    windows_seen: int
    nll: float
    bits_per_step: float
    kl: float | None
    use: float | None
    active: int
    fields: dict[str, Scores]
    notes: NoteScores | None
    steps: Steps
    hits: dict[str, Hits]

    def record(self) -> dict[str, Any]:
        """The result as plain data, without its counts per window."""
        plain = {key: value for key, value in vars(self).items() if key not in ("fields", "notes", "steps", "hits")}
        fields = {field: asdict(scores) for field, scores in self.fields.items()}
        return {**plain, "fields": fields, **({"notes": asdict(self.notes)} if self.notes else {})}


@dataclass(frozen=True)
class Interval:
    """An estimate, and the bounds of its 95 % interval."""

    value: float
    low: float
    high: float


def measure(model: Model, tokens: Windows, *, seed: int = 0, progress: Advance = no_progress) -> Reconstruction:
    """Everything about the reconstruction of windows; `progress` hears of each window three times."""
    metrics = validate(model.autoencoder, tokens.to(model.device))
    progress(len(tokens))
    z, given = model.encode(tokens), model.condition(tokens)
    free = decoded(model, z, given, progress=progress)
    drawn = decoded(model, z, given, temperature=1.0, seed=seed, progress=progress)
    truth, mask = written(model, tokens.numpy()), mask_of(model, tokens)
    notes = compare_notes(model, free, tokens.numpy()) if model.autoencoder.spec.ragged else None
    free, drawn = written(model, free), written(model, drawn)
    right = {"free": hits(free, truth, mask), "drawn": hits(drawn, truth, mask)}
    shares = {way: counts.sum(0) / mask.sum() for way, counts in right.items()}
    fields = {
        field.name: Scores(
            metrics[f"teacher_forced/{field.name}"],
            float(shares["free"][i]),
            float(shares["drawn"][i]),
            None if field.end >= 0 else onset_f1(free[..., i], truth[..., i], mask, field),
        )
        for i, field in enumerate(model.representation.shape.fields)
    }
    return Reconstruction(
        parameters=model.parameters,
        windows_seen=model.windows_seen,
        nll=metrics["nll"],
        bits_per_step=metrics["nll"] / math.log(2) / (mask.sum() / len(mask)),
        kl=metrics.get("kl"),
        use=metrics.get("code_gain_nats"),
        active=int(metrics["active_dimensions"]),
        fields=fields,
        notes=notes,
        steps=mask.sum((1, 2)),
        hits=right,
    )


def teacher_drawn(model: Model, tokens: Windows) -> dict[str, float]:
    """By field, the share of steps that is right, on average, if every step is drawn given the true ones before it.

    That is the mean probability of the true token, z the posterior mean.
    """
    spec, fields = model.autoencoder.spec, model.representation.shape.fields
    total, steps = torch.zeros(len(fields), dtype=torch.float64), 0.0
    with torch.no_grad(), evaluating(model.autoencoder), autocast(model.device, model.precision):
        for part, z in zip(tokens.split(BATCH), model.encode(tokens).split(BATCH), strict=True):
            part, z = part.to(model.device), z.to(model.device)
            mask, logits = spec.mask(part), model.autoencoder.logits(part, z)
            truth = spec.events(part, mask)
            for i, field in enumerate(logits):
                total[i] += float(field.float().softmax(-1).gather(1, truth[:, i : i + 1]).sum())
            steps += float(mask.sum())
    return {field.name: float(share) for field, share in zip(fields, total / steps, strict=True)}


def compare_notes(model: Model, guess: Tokens, truth: Tokens) -> NoteScores:
    """How well the music of windows comes back, whatever its tokens."""
    pairs = list(zip(model.scores(guess), model.scores(truth), strict=True))
    same = np.array([instruments(ours) == instruments(theirs) for ours, theirs in pairs])
    return NoteScores(note_f1((onsets(ours), onsets(theirs)) for ours, theirs in pairs), float(same.mean()))


def holding(model: Model, tokens: Windows) -> dict[str, Scores]:
    """The scores of a model that always lets the note or the rest go on (token 0), or ends where it can."""
    truth, mask, fields = written(model, tokens.numpy()), mask_of(model, tokens), model.representation.shape.fields
    always = np.broadcast_to([max(field.end, 0) for field in fields], truth.shape)
    shares = (hits(always, truth, mask).sum(0) / mask.sum()).tolist()
    pairs = zip(fields, shares, strict=True)
    return {field.name: Scores(share, share, share, None if field.end >= 0 else 0.0) for field, share in pairs}


def written(model: Model, tokens: Tokens) -> Written:
    """What is decoded, without what is given."""
    return tokens[..., : len(model.representation.shape.fields)]


def mask_of(model: Model, tokens: Windows) -> Mask:
    """Which steps count."""
    return model.autoencoder.spec.mask(tokens).numpy().astype(bool)


def hits(guess: Written, truth: Written, mask: Mask) -> Hits:
    """The number of steps that are right."""
    counts: Hits = ((guess == truth) & mask[..., None]).sum((1, 2))
    return counts


def onset_f1(guess: FieldTokens, truth: FieldTokens, mask: Mask, field: Field) -> float:
    """F1 of onsets: 2 x common / (guessed + true), over all windows; 1 where nothing starts in either.

    An onset in common starts at the same step and is of the same kind (the note-matching F-measure of Raffel et al.
    2014, mir_eval, without tolerance in time). Kinds are the input features of the tokens that are onsets: the pitches
    of a melody, the nine hits of drums, so that of two drums hit together one may be right alone.
    """
    is_onset = np.isin(np.arange(field.vocabulary), field.onsets)
    kinds = np.where(is_onset[:, None], field.features, 0.0).astype(np.float64)
    common, onsets = kinds @ kinds.T, kinds.sum(1)
    total = onsets[guess[mask]].sum() + onsets[truth[mask]].sum()
    return float(2 * common[guess[mask], truth[mask]].sum() / total) if total else 1.0


def differences(
    ours: Reconstruction, theirs: Reconstruction, *, resamples: int = 1_000, seed: int = 0
) -> dict[str, dict[str, Interval]]:
    """By field and way ("free", "drawn"), our share of right steps minus theirs, on the same windows."""
    intervals = {
        way: bootstrap(ours.hits[way] - theirs.hits[way], ours.steps, resamples=resamples, seed=seed)
        for way in ours.hits
    }
    return {name: {way: intervals[way][i] for way in intervals} for i, name in enumerate(ours.fields)}


def plain(apart: Mapping[str, Mapping[str, Interval]]) -> dict[str, dict[str, dict[str, float]]]:
    """What `differences` found, as plain data."""
    return {field: {way: asdict(interval) for way, interval in ways.items()} for field, ways in apart.items()}


def bootstrap(counts: Hits, steps: Steps, *, resamples: int = 1_000, seed: int = 0) -> list[Interval]:
    """Per field, sum(counts) / sum(steps) and its 95 % percentile interval over resampled windows (Efron 1979)."""
    picks = np.random.default_rng(seed).integers(len(steps), size=(resamples, len(steps)))
    totals = steps[picks].sum(1)
    shares = np.stack([column[picks].sum(1) / totals for column in counts.T], 1)
    low, high = np.quantile(shares, (0.025, 0.975), axis=0)
    rows = np.stack([counts.sum(0) / steps.sum(), low, high], 1).tolist()
    return [Interval(*row) for row in rows]
