"""A window in the other mode on its tonic: codes along the mode vector, decoded around the notes that may stay.

A note may stay if the decoder does not find it much less likely there than where it comes from. What it would rather
play in the place of the others is what the two modes differ in: thirds, sixths and sevenths.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float

from musicae.clips.recipe_fields import ForcedTokens
from musicae.model import Model
from musicae.music.key import CLEAR, Key, key_of, minor_fit
from musicae.music.note_distance import kept_share
from musicae.music.representations.base import FieldTokens
from musicae.music.score import Score
from musicae.music.transposition import moved_into
from musicae.training.mode_vector import TONIC, to_tonic

MODE_STEPS = (0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0)
"""How far along the mode vector is looked, in its own lengths."""

LESS_LIKELY = (0.3, 1.0, 2.0, 4.0, -np.inf)
"""By how many nats a note that stays may be less likely there; under the last one no note has to stay."""

FOREIGN, OTHER_KEY = 2.0, 0.6
"""What notes that are foreign to the mode cost (all of them), and that another key fits better, beside all notes of a
window."""


def in_mode(
    model: Model, tokens: FieldTokens, tonic: int, *, minor: bool, silence: FieldTokens | None = None
) -> FieldTokens | None:
    """A window in minor or in major, of the codes that lead there the one that keeps most of it.

    Args:
        tokens: of all fields; a window of a model that has a mode vector.
        tonic: on which it is in the other mode, from 0 (C) to 11, and on which it stays.
        silence: tokens that stand whatever is decoded.

    Returns:
        None where no code has music that is clearly in that mode.
    """
    assert model.mode_vector is not None
    representation = model.representation
    semitones = to_tonic(tonic)
    before = moved_into(representation.decode(tokens), semitones).score
    window = representation.encode(before)
    (z,) = model.encode(torch.from_numpy(window)[None])
    step = model.mode_vector if minor else -model.mode_vector
    codes = torch.stack([z, *(z + length * step for length in MODE_STEPS)])
    less = _less_likely(model, codes, window)
    known = [_notes_that_stay(model, window, row, limit) for row in less for limit in LESS_LIKELY]
    if silence is not None:
        known = [np.where(silence >= 0, silence, one) for one in known]
    decoded = model.decode(codes[1:].repeat_interleave(len(LESS_LIKELY), 0), forced=np.stack(known), temperature=0.0)
    scores = model.scores(decoded)
    costs = [_cost(before, after, minor) for after in scores]
    best = int(np.argmin(costs))
    if not np.isfinite(costs[best]):
        return None
    return representation.encode(moved_into(scores[best], -semitones).score)


def _less_likely(
    model: Model, codes: Float[torch.Tensor, "code size"], window: FieldTokens
) -> Float[np.ndarray, "length segment step field"]:
    """By how many nats every token of a window is less likely under the other codes than under the first one."""
    log_probs = model.token_log_probs(codes, np.broadcast_to(window, (len(codes), *window.shape)).copy())
    return log_probs[0] - log_probs[1:]


def _notes_that_stay(
    model: Model, window: FieldTokens, less: Float[np.ndarray, "segment step field"], limit: float
) -> ForcedTokens:
    """The tokens at which notes start that are not much less likely; -1 elsewhere."""
    fields = model.representation.shape.fields
    starts = np.stack([np.isin(window[..., i], field.onsets) for i, field in enumerate(fields)], axis=-1)
    return np.where(starts & (less < limit), window, -1).astype(np.int64)


def _cost(before: Score, after: Score, minor: bool) -> float:
    """What is wrong with music: notes that it lost, notes that are foreign to the mode, and another key that fits
    better. Infinite for what is not clearly in the mode."""
    fits = minor_fit(after, TONIC) if minor else -minor_fit(after, TONIC)
    if fits < CLEAR:
        return np.inf
    asked = Key(TONIC, minor)
    pitches = np.concatenate([track.notes.pitch for track in after.tracks if not track.is_drum])
    foreign = float((~np.isin(pitches % 12, sorted(asked.tones))).mean())
    return (1 - kept_share(before, after)) + FOREIGN * foreign + OTHER_KEY * (key_of(after) != asked)
