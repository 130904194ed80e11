"""Which chord sounds when: the most likely path through keys and chords.

A hidden Markov model whose hidden state is a key and a chord, as Magenta's chord inference has it: chords of the key
are likely, a new key is rare, and what sounds is compared with the tones of the chord. Lowest tones count more here,
since a chord's root is mostly among them. Of 40,357 bars of POP909 that people gave one chord, .74 are inferred as
its class, and .78 on its root.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Integer

from musicae.music.chords import NO_CHORD, QUALITIES, TRIADS
from musicae.music.score import Score

KEY_CHANGE = 0.001
CHORD_CHANGE = 0.5
OUT_OF_KEY = 0.1
"""Probabilities per frame: of a new key, of a new chord, and of a tone of the chord that the key lacks."""

CONCENTRATION = 20.0
"""Weight of what sounds against what is likely: nats at a perfect match."""

BASS = 0.15
"""Weight of the lowest tones, where a chord's root is looked for, against all tones."""

MOST_FRAMES = 64
"""A note that sounds in more frames is added to those that it fills all at once, with others of its pitch."""

LOWEST = 4
"""Tones so many semitones above the lowest of a frame, or fewer, count as lowest too."""

Chroma = Float[np.ndarray, "frame 12"]


def infer(score: Score, starts: Integer[np.ndarray, " frame"], length: int) -> Integer[np.ndarray, " frame"]:
    """The chord class of every frame; no chord where nothing but drums sounds.

    Args:
        starts: first ticks of the frames, in order.
        length: of every frame in ticks.
    """
    tones, bass = chroma(score, starts, length)
    return np.where(tones.any(1), viterbi(emission(tones, bass)), NO_CHORD.index)


def chroma(score: Score, starts: Integer[np.ndarray, " frame"], length: int) -> tuple[Chroma, Chroma]:
    """For how much of a frame every pitch class sounds, and sounds as the lowest; without drums."""
    tones, bass = np.zeros((2, len(starts), 12))
    pitched = [track.notes for track in score.tracks if not track.is_drum and len(track.notes)]
    if not pitched or not len(starts):
        return tones, bass
    start, end, pitch = (
        np.concatenate([getattr(notes, name) for notes in pitched]) for name in ("start", "end", "pitch")
    )
    first = np.maximum(np.searchsorted(starts, start, side="right") - 1, 0)
    last = np.searchsorted(starts, end, side="left")
    held, note, frame = _frames(first, last, pitch, len(starts))
    sounding = np.minimum(end[note], starts[frame] + length) - np.maximum(start[note], starts[frame])
    inside = sounding > 0
    note, frame, share = note[inside], frame[inside], sounding[inside] / length
    np.add.at(tones, (frame, pitch[note] % 12), share)
    lowest = np.full(len(starts), 128)
    np.minimum.at(lowest, frame, pitch[note])
    for number, count in held.items():
        lowest[count > 0] = np.minimum(lowest[count > 0], number)
    low = pitch[note] <= lowest[frame] + LOWEST
    np.add.at(bass, (frame[low], pitch[note[low]] % 12), share[low])
    for number, count in held.items():
        tones[:, number % 12] += count
        bass[:, number % 12] += count * (number <= lowest + LOWEST)
    return tones, bass


def _frames(
    first: Integer[np.ndarray, " note"], last: Integer[np.ndarray, " note"], pitch: Integer[np.ndarray, " note"], n: int
) -> tuple[dict[int, Integer[np.ndarray, " frame"]], Integer[np.ndarray, " pair"], Integer[np.ndarray, " pair"]]:
    """The frames from `first` to before `last` of every note, of `n` in all.

    Returns:
        For pitches of long notes, how many of them fill every frame; and the pairs of a note and a frame for all other
        notes, and for the first and the last frame of long ones.
    """
    long = np.flatnonzero(last - first > MOST_FRAMES)
    held: dict[int, Integer[np.ndarray, " frame"]] = {}
    for number in np.unique(pitch[long]).tolist():
        these = long[pitch[long] == number]
        edges = [np.bincount(at, minlength=n + 1) for at in (first[these] + 1, last[these] - 1)]
        held[number] = np.cumsum(edges[0] - edges[1])[:n]
    notes = np.concatenate([np.arange(len(first)), long])
    begin, end = np.concatenate([first, last[long] - 1]), np.concatenate([last, last[long]])
    end[long] = first[long] + 1
    spans = np.maximum(end - begin, 0)
    pair = np.repeat(np.arange(len(notes)), spans)
    frame = np.arange(len(pair)) - np.repeat(np.cumsum(spans) - spans, spans) + begin[pair]
    return held, notes[pair], frame


def emission(tones: Chroma, bass: Chroma) -> Float[np.ndarray, "frame state"]:
    """Log-likelihood of what sounds under every state of `SHAPES`, up to a constant of the frame."""
    match = _normalized(tones) @ TEMPLATES.T + BASS * _normalized(bass) @ ROOTS.T
    return CONCENTRATION * match


def viterbi(likelihood: Float[np.ndarray, "frame state"]) -> Integer[np.ndarray, " frame"]:
    """Chord classes of the most likely path through keys and chords (Viterbi 1967)."""
    frames = len(likelihood)
    if not frames:
        return np.zeros(0, dtype=np.int64)
    stay, leave = np.log1p(-11 * KEY_CHANGE), np.log(KEY_CHANGE)
    same = np.log(1 - CHORD_CHANGE + CHORD_CHANGE * np.exp(IN_KEY))
    other = np.log(CHORD_CHANGE) + IN_KEY
    states = IN_KEY.shape[1]
    best = IN_KEY + likelihood[0]
    came = np.zeros((frames, *IN_KEY.shape), dtype=np.int32)
    for frame in range(1, frames):
        # The best key to come from, for every chord; then the best chord to come from: the same one, or any.
        key = best.argmax(0)
        moved = best[key, np.arange(states)] + leave
        kept = best + stay
        from_key = np.where(kept >= moved, np.arange(12)[:, None], key)
        arrived = np.maximum(kept, moved)
        any_chord = arrived.argmax(1)
        jump = arrived[np.arange(12), any_chord][:, None] + other
        hold = arrived + same
        holds = hold >= jump
        chord = np.where(holds, np.arange(states), any_chord[:, None])
        came[frame] = np.take_along_axis(from_key, chord, 1) * states + chord
        best = np.where(holds, hold, jump) + likelihood[frame]
    state = int(best.argmax())
    path = np.empty(frames, dtype=np.int64)
    for frame in range(frames - 1, -1, -1):
        path[frame] = state % states
        state = int(came[frame].ravel()[state])
    return CLASS_OF_STATE[path]


def _normalized(chroma: Chroma) -> Chroma:
    norm = np.linalg.norm(chroma, axis=1, keepdims=True)
    return np.divide(chroma, norm, out=np.zeros_like(chroma), where=norm > 0)


SHAPES: dict[tuple[int, ...], str] = {
    **{tones: quality for quality, tones in TRIADS.items()},
    (0, 4, 7, 10): "major",
    (0, 4, 7, 11): "major",
    (0, 3, 7, 10): "minor",
    (0, 3, 6, 10): "diminished",
    (0, 3, 6, 9): "diminished",
}
"""Chords that are distinguished while inferring, in semitones above the root, and the triad that each counts as."""


def _templates() -> tuple[Float[np.ndarray, "state 12"], Float[np.ndarray, "state 12"], Integer[np.ndarray, " state"]]:
    """Per state (no chord, then every shape on every root): its tones at unit length, its root, its class."""
    tones, roots, classes = [np.zeros(12)], [np.zeros(12)], [NO_CHORD.index]
    for shape, quality in SHAPES.items():
        for root in range(12):
            tones.append(np.isin(np.arange(12), [(root + tone) % 12 for tone in shape]) / np.sqrt(len(shape)))
            roots.append((np.arange(12) == root).astype(float))
            classes.append(1 + 12 * QUALITIES.index(quality) + root)
    return np.array(tones), np.array(roots), np.array(classes)


def _in_key() -> Float[np.ndarray, "key state"]:
    """Log-probability of every state in every major key and its relative minor."""
    scales = np.array([[(tone - key) % 12 in (0, 2, 4, 5, 7, 9, 11) for tone in range(12)] for key in range(12)])
    outside = (TEMPLATES > 0).astype(int) @ ~scales.T
    weights = (OUT_OF_KEY**outside).T
    log: Float[np.ndarray, "key state"] = np.log(weights / weights.sum(1, keepdims=True))
    return log


TEMPLATES, ROOTS, CLASS_OF_STATE = _templates()
IN_KEY = _in_key()
