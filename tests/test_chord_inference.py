"""Chord inference: plain progressions are heard as they are, and the way through keys and chords is the best one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musicae.music import chord_inference as harmony
from musicae.music.chords import NO_CHORD, Chord, of_class, progression
from musicae.music.score import Notes, Score, Track
from musicae.music.transposition import moved_into

BAR = 96


def played(chords: list[Chord]) -> Score:
    """A bar of every chord: its tones, and its root below them."""
    rows = []
    for bar, chord in enumerate(chords):
        pitches = [60 + tone for tone in sorted(chord.tones)] + [36 + chord.root] * bool(chord.tones)
        rows += [(bar * BAR, (bar + 1) * BAR, pitch, 80) for pitch in pitches]
    return Score(24, (Track(Notes.of(rows)), Track(Notes.of([(0, 1, 37, 9)]), is_drum=True)), end=len(chords) * BAR)


def heard(score: Score, frames: int) -> list[str]:
    classes = harmony.infer(score, np.arange(frames) * BAR, BAR)
    return [str(of_class(int(index))) for index in classes]


@pytest.mark.parametrize(
    "text", ["C Am F G", "Dm G C C", "Bdim C Am F", "Caug Caug", "Eb Bb Cm Ab", "E A E B", "F#m D A E"]
)
def test_played_chords_are_heard(text: str) -> None:
    chords = progression(text)
    assert heard(played(chords), len(chords)) == [str(chord) for chord in chords]


@given(st.integers(-6, 6))
def test_what_is_transposed_is_heard_transposed(semitones: int) -> None:
    chords = progression("C Am Dm G")
    moved = moved_into(played(chords), semitones).score
    assert heard(moved, 4) == [str(Chord((chord.root + semitones) % 12, chord.quality)) for chord in chords]


def test_every_tone_outside_of_the_key_makes_a_chord_less_likely() -> None:
    """Cm has one tone that C major lacks, Db two, F# three."""
    in_c = [
        harmony.IN_KEY[0, harmony.CLASS_OF_STATE.tolist().index(chord.index)] for chord in progression("C Cm Db F#")
    ]
    assert np.diff(in_c) == pytest.approx(np.log(harmony.OUT_OF_KEY) * np.array([1, 1, 1]))


def test_silence_and_drums_are_no_chord() -> None:
    chords = [*progression("C"), NO_CHORD, *progression("F")]
    assert heard(played(chords), 3) == ["C", "N.C.", "F"]
    assert heard(Score(24, (), end=0), 2) == ["N.C.", "N.C."]
    assert len(harmony.infer(Score(24, (), end=0), np.zeros(0, dtype=int), BAR)) == 0


def test_chroma_counts_what_sounds_in_every_frame() -> None:
    score = Score(24, (Track(Notes.of([(48, 240, 60, 80), (96, 120, 67, 80)])),), end=288)
    tones, bass = harmony.chroma(score, np.arange(3) * BAR, BAR)
    assert tones[:, 0].tolist() == [0.5, 1.0, 0.5]
    assert tones[:, 7].tolist() == [0, 0.25, 0]
    assert bass[:, 0].tolist() == [0.5, 1.0, 0.5] and not bass[:, 7].any()


@settings(max_examples=10)
@given(st.integers(0, 2**32 - 1))
def test_the_way_is_the_best_of_all(seed: int) -> None:
    """Against Viterbi's algorithm with the whole table of transitions."""
    likelihood = np.random.default_rng(seed).normal(0, 3, (4, len(harmony.CLASS_OF_STATE)))
    keys, states = harmony.IN_KEY.shape
    key = np.log(harmony.KEY_CHANGE + (1 - 12 * harmony.KEY_CHANGE) * np.eye(12))
    change, prior = harmony.CHORD_CHANGE, np.exp(harmony.IN_KEY)
    table = key[:, None, :, None] + np.log(change * prior[None, None] + (1 - change) * np.eye(states)[None, :, None])
    table = table.reshape(keys * states, keys * states)
    best = (harmony.IN_KEY + likelihood[0]).ravel()
    came: list[np.ndarray] = []
    for frame in likelihood[1:]:
        ways = best[:, None] + table
        came.append(ways.argmax(0))
        best = ways.max(0) + np.tile(frame, keys)
    path = [int(best.argmax())]
    for back in reversed(came):
        path.append(int(back[path[-1]]))
    assert harmony.viterbi(likelihood).tolist() == [harmony.CLASS_OF_STATE[state % states] for state in path[::-1]]


def test_long_notes_count_as_much_as_short_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(0)
    starts, lengths = generator.integers(0, 900, 60), generator.integers(1, 600, 60)
    ends, pitches = starts + lengths, generator.integers(30, 90, 60)
    rows = zip(starts.tolist(), ends.tolist(), pitches.tolist(), [80] * 60, strict=True)
    music = Score(1, (Track(Notes.of(rows)),), end=1_500)
    frames = np.arange(0, 1_500, 4)
    few = harmony.chroma(music, frames, 4)
    monkeypatch.setattr(harmony, "MOST_FRAMES", 10_000)
    for some, all_at_once in zip(few, harmony.chroma(music, frames, 4), strict=True):
        np.testing.assert_allclose(some, all_at_once, atol=1e-9)
