"""Reconstruction: how much of a held-out window comes back through its code.

The measurements of Roberts et al. 2018 (arXiv:1803.05428), table 1: the share of steps that are right, teacher-forced
and free-running. Sums run over all windows, so that every step counts alike. Tokens are
`[window, segment, step, field]`; a mask is true up to the first end token of a segment.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Bool, Float, Integer

from musicae.corpus.discover import Progress, no_progress
from musicae.evaluation.held_out import decode_all
from musicae.evaluation.plain import DETAIL
from musicae.evaluation.types import WindowTensor
from musicae.model import BATCH, Codes, Model, WindowTokens
from musicae.music.note_distance import instruments_of, note_f1, onsets_of
from musicae.music.representations.base import Field
from musicae.music.score import Score
from musicae.networks.autoencoder import evaluating
from musicae.networks.batch import Batch
from musicae.networks.device import autocast
from musicae.training.playback import Playback, hold_shares
from musicae.training.reporter import Metrics
from musicae.training.validation import validate

SHOWN_WINDOWS = 4
"""Windows that are kept beside their reconstructions, to look at."""

RESAMPLES = 1_000
"""Of windows, for an interval."""

FieldWindows = Integer[np.ndarray, "window segment step"]
StepMask = Bool[np.ndarray, "window segment step"]
StepCounts = Integer[np.ndarray, " window"]
Hits = Integer[np.ndarray, "window target"]


@dataclass(frozen=True)
class FieldScores:
    """How well one field comes back: shares of its steps that are right.

    Attributes:
        teacher_forced: argmax, given the true steps before.
        free_running: argmax, given z alone.
        sampled: given z alone, sampled at temperature 1.
        teacher_forced_sampled: given the true steps before, sampled at temperature 1, in expectation.
        onset_f1: of the onsets of `free_running`; None where tokens are events.
    """

    teacher_forced: float
    free_running: float
    sampled: float
    teacher_forced_sampled: float
    onset_f1: float | None


@dataclass(frozen=True)
class NoteScores:
    """How well the notes of windows come back, by argmax, given z alone.

    Attributes:
        f1: of the notes, by onset, pitch and instrument.
        same_instruments: share of the windows in which the right ones play, and no others.
    """

    f1: float
    same_instruments: float


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """How well a model gives windows back.

    Attributes:
        windows_seen: that it was trained on, 0 if there is no record.
        nll, kl: in nats per window, z drawn from the posterior; a code that is certain has no KL.
        bits_per_step: nll / ln 2 over the mean number of steps that count.
        code_gain_nats: how many nats more a window costs with another window's code; None of one window.
        active_dimensions: dimensions of z whose means vary (Burda et al. 2016).
        fields: scores by field, z the posterior mean.
        hold_baseline: the same of a model that always holds.
        notes: scores of the notes; None where tokens are steps and say as much.
        steps: per window, how many steps count.
        hits: how many of them are right, for "free_running" and "sampled".
        examples: some windows, and their reconstructions by argmax.
    """

    parameters: int
    windows_seen: int
    nll: float
    bits_per_step: float
    kl: float | None
    code_gain_nats: float | None
    active_dimensions: int
    fields: dict[str, FieldScores]
    hold_baseline: dict[str, FieldScores]
    notes: NoteScores | None
    steps: StepCounts = field(metadata=DETAIL)
    hits: dict[str, Hits] = field(metadata=DETAIL)
    examples: list[tuple[Score, Score]] = field(metadata=DETAIL)

    @property
    def playback(self) -> Playback:
        """How much is played back, beside always holding."""
        ours, theirs = (
            {name: scores.free_running for name, scores in fields.items()}
            for fields in (self.fields, self.hold_baseline)
        )
        return Playback.of(ours, theirs)


@dataclass(frozen=True)
class ConfidenceInterval:
    """An estimate, and the bounds of its 95 % interval."""

    value: float
    low: float
    high: float


def measure_reconstruction(
    model: Model, tokens: WindowTensor, *, seed: int = 0, progress: Progress = no_progress
) -> Reconstruction:
    """Everything about the reconstruction of windows."""
    z, condition, windows = model.encode(tokens), model.condition(tokens), tokens.numpy()
    with progress("reconstructing", 3 * len(tokens)) as done:
        metrics = validate(model.autoencoder, tokens.to(model.device), dtype=model.precision)
        metrics |= teacher_forced_sampled(model, tokens, z)
        done(len(tokens))
        free_running = decode_all(model, z, condition, done=done)
        sampled = decode_all(model, z, condition, temperature=1.0, seed=seed, done=done)
    mask = step_mask(model, tokens)
    guesses = {"free_running": free_running, "sampled": sampled}
    hits = {mode: hits_of(model, guess, windows, mask) for mode, guess in guesses.items()}
    onsets = onset_scores(model, free_running, windows, mask)
    back = model.scores(free_running[:SHOWN_WINDOWS])
    return Reconstruction(
        parameters=model.parameters,
        windows_seen=model.windows_seen,
        nll=metrics["nll"],
        bits_per_step=metrics["nll"] / math.log(2) / (mask.sum() / len(mask)),
        kl=metrics.get("kl"),
        code_gain_nats=metrics.get("code_gain_nats"),
        active_dimensions=int(metrics["active_dimensions"]),
        fields=field_scores(metrics, {mode: counts.sum(0) / mask.sum() for mode, counts in hits.items()}, onsets),
        hold_baseline=hold_baseline(model, tokens),
        notes=note_scores(model, free_running, windows) if model.autoencoder.spec.ragged else None,
        steps=mask.sum((1, 2)),
        hits=hits,
        examples=list(zip(model.scores(windows[:SHOWN_WINDOWS]), back, strict=True)),
    )


def field_scores(
    metrics: Metrics, shares: dict[str, Float[np.ndarray, " field"]], onsets: dict[str, float | None]
) -> dict[str, FieldScores]:
    """The scores of every field.

    Args:
        metrics: teacher-forced shares, by "MODE/FIELD".
        shares: of right steps per field, "free_running" and "sampled".
        onsets: by field, F1 of the onsets.
    """
    return {
        name: FieldScores(
            metrics[f"teacher_forced/{name}"],
            float(shares["free_running"][i]),
            float(shares["sampled"][i]),
            metrics[f"teacher_forced_sampled/{name}"],
            onset_f1,
        )
        for i, (name, onset_f1) in enumerate(onsets.items())
    }


def teacher_forced_sampled(model: Model, tokens: WindowTensor, z: Codes) -> Metrics:
    """The share of steps that is right, in expectation, if every step is sampled given the true ones before it.

    That is the mean probability of the true token.

    Returns:
        by "teacher_forced_sampled/FIELD".
    """
    spec, fields = model.autoencoder.spec, model.representation.shape.fields
    total, steps = torch.zeros(len(fields), dtype=torch.float64), 0.0
    with torch.no_grad(), evaluating(model.autoencoder), autocast(model.device, model.precision):
        for windows, codes in zip(tokens.split(BATCH), z.split(BATCH), strict=True):
            batch = Batch.of(spec, windows.to(model.device))
            predictions = model.autoencoder.predict(batch, codes.to(model.device))
            total += predictions.field_log_prob().exp().sum(1).cpu()
            steps += float(predictions.mask.sum())
    return {f"teacher_forced_sampled/{f.name}": float(share) for f, share in zip(fields, total / steps, strict=True)}


def note_scores(model: Model, guess: WindowTokens, truth: WindowTokens) -> NoteScores:
    """How well the notes of windows come back, whatever their tokens."""
    pairs = list(zip(model.scores(guess), model.scores(truth), strict=True))
    same = np.array([instruments_of(ours) == instruments_of(theirs) for ours, theirs in pairs])
    return NoteScores(note_f1((onsets_of(ours), onsets_of(theirs)) for ours, theirs in pairs), float(same.mean()))


def hold_baseline(model: Model, tokens: WindowTensor) -> dict[str, FieldScores]:
    """The scores of a model that always lets the note or the rest go on (token 0), or ends where it can."""
    onset_f1 = None if model.autoencoder.spec.ragged else 0.0
    shares = hold_shares(model.autoencoder.spec, tokens)
    return {name: FieldScores(share, share, share, share, onset_f1) for name, share in shares.items()}


def step_mask(model: Model, tokens: WindowTensor) -> StepMask:
    """Which steps count."""
    return model.autoencoder.spec.mask(tokens).numpy().astype(bool)


def hits_of(model: Model, guess: WindowTokens, truth: WindowTokens, mask: StepMask) -> Hits:
    """The number of steps that are right, per field; conditions do not count."""
    fields = len(model.representation.shape.fields)
    counts: Hits = ((guess[..., :fields] == truth[..., :fields]) & mask[..., None]).sum((1, 2))
    return counts


def onset_scores(model: Model, guess: WindowTokens, truth: WindowTokens, mask: StepMask) -> dict[str, float | None]:
    """By field, `onset_f1`; None where tokens are events."""
    fields = enumerate(model.representation.shape.fields)
    return {
        field.name: None if field.end >= 0 else onset_f1(guess[..., i], truth[..., i], mask, field)
        for i, field in fields
    }


def onset_f1(guess: FieldWindows, truth: FieldWindows, mask: StepMask, field: Field) -> float:
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


def differences_between(ours: Reconstruction, theirs: Reconstruction) -> dict[str, dict[str, ConfidenceInterval]]:
    """By field and mode ("free_running", "sampled"), our share of right steps minus theirs.

    Both are of the same windows (`Evaluation.same_windows`); empty where these have other fields, or other steps that
    count, which cannot be.
    """
    if list(ours.fields) != list(theirs.fields) or not np.array_equal(ours.steps, theirs.steps):
        return {}
    intervals = {mode: bootstrap_intervals(ours.hits[mode] - theirs.hits[mode], ours.steps) for mode in ours.hits}
    return {name: {mode: found[i] for mode, found in intervals.items()} for i, name in enumerate(ours.fields)}


def bootstrap_intervals(counts: Hits, steps: StepCounts) -> list[ConfidenceInterval]:
    """Per field, sum(counts) / sum(steps) and its 95 % percentile interval over resampled windows (Efron 1979)."""
    picks = np.random.default_rng(0).integers(len(steps), size=(RESAMPLES, len(steps)))
    totals = steps[picks].sum(1)
    shares = np.stack([column[picks].sum(1) / totals for column in counts.T], 1)
    low, high = np.quantile(shares, (0.025, 0.975), axis=0)
    rows = np.stack([counts.sum(0) / steps.sum(), low, high], 1).tolist()
    return [ConfidenceInterval(*row) for row in rows]
