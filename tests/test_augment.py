"""Augmentations: transposition and other triads, of windows where they are."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from musicae.corpus.augment import Augmentation, Pairs, Reharmonize, Transpose, TransposeTarget, Transposition
from musicae.corpus.dataset import Dataset
from musicae.corpus.window_hashes import window_hashes
from musicae.errors import MusicaeError
from musicae.music.chords import NO_CHORD, QUALITIES, parse_chord
from musicae.music.representations.base import SHIFTS
from musicae.music.representations.multitrack import Multitrack
from musicae.music.score import Notes, Score, Track

PLAIN, WITH_CHORDS = Multitrack(bars=1, chords=False), Multitrack(bars=1, chords=True)
BAR = 96 * 20


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def score_of(*tracks: Track) -> Score:
    """One bar of tracks in 96 steps to a bar."""
    return Score(24, tracks, end=96)


def random_bars(n: int) -> torch.Tensor:
    """Bars of random music under random chords."""
    draws = np.random.default_rng(0)
    return torch.from_numpy(np.stack([WITH_CHORDS.encode(WITH_CHORDS.generate(draws)) for _ in range(n)])).long()


def under(windows: torch.Tensor, chords: list[str]) -> torch.Tensor:
    """The windows, each under a chord of its own."""
    for window, chord in zip(windows, chords, strict=True):
        window[..., 1:] = torch.from_numpy(WITH_CHORDS.condition_of([parse_chord(chord)]))
    return windows


def test_a_transposed_window_keeps_what_is_no_pitch_and_stays_where_it_would_leave_the_range(data: Dataset) -> None:
    windows = data.split("train")
    batch, move = windows.take(torch.arange(8)).clamp(max=60), Transposition(windows.shape)
    assert torch.equal(move(batch, torch.full((8,), 5))[0], batch)
    up, inside = move(batch, torch.full((8,), 7))
    assert torch.equal(up, torch.where(batch > 1, batch + 2, batch)) and inside.all()
    low = batch.clone()
    low[0, 0, 0, 0] = 3
    assert not move(low, torch.zeros(8, dtype=torch.int64))[1][0]
    lowest = torch.full_like(batch, 2)
    pairs = Transpose(windows.shape)(Pairs(lowest, lowest), generator())
    assert ((pairs.target - lowest).flatten(1).amin(1) >= 0).all(), "no window went below"


def test_source_and_target_are_transposed_alike(data: Dataset) -> None:
    windows = data.split("train")
    batch, transpose = windows.take(torch.arange(64)), Transpose(windows.shape)
    same = transpose(Pairs(batch, batch), generator(1))
    assert same.encoder_columns is same.target and (same.encoder_columns != batch).any()
    copied = transpose(Pairs(batch, batch.clone()), generator(1))
    assert torch.equal(copied.encoder_columns, copied.target) and torch.equal(
        copied.encoder_columns, same.encoder_columns
    )


def test_drums_are_not_transposed() -> None:
    note = Notes.of([(0, 24, 60, 9)])
    tokens = torch.as_tensor(PLAIN.encode(score_of(Track(note), Track(note, is_drum=True)))).long()[None]
    (moved,) = Transposition(PLAIN.shape)(tokens, torch.tensor([SHIFTS.index(2)]))[0].numpy()
    hashes = [window_hashes(rows.reshape(-1, 1), PLAIN.shape, PLAIN.window, 1)[1] for rows in (tokens.numpy(), moved)]
    assert hashes[0] == hashes[1]
    assert [track.notes.pitch.tolist() for track in PLAIN.decode(moved).tracks] == [[62], [60]]


def test_targets_are_transposed_alone_where_the_chord_says_so() -> None:
    windows = under(random_bars(64), ["Am", "N.C."] * 32)
    windows[:, :, 1:, 0] = torch.where(windows[:, :, 1:, 0] < 256, 60, windows[:, :, 1:, 0])  # within any range
    augment = TransposeTarget(WITH_CHORDS.shape)
    pairs = augment(Pairs(windows, windows), generator())
    assert pairs.encoder_columns is windows
    chords = [WITH_CHORDS.chords_of(bar)[0] for bar in pairs.target.numpy()]
    assert set(chords[1::2]) == {NO_CHORD}
    assert len(set(chords[::2])) > 6 and all(chord.quality == "minor" for chord in chords[::2])
    assert torch.equal(pairs.target[1::2], windows[1::2])
    shifts = augment.move.draw(64, generator())
    assert torch.equal(pairs.target[::2], augment.move(windows, shifts)[0][::2])


@pytest.mark.parametrize("kind", [TransposeTarget, Reharmonize])
def test_without_chords_targets_stay(kind: type[Augmentation]) -> None:
    windows = random_bars(4)[..., :1]
    pairs = kind(PLAIN.shape)(Pairs(windows, windows), generator())
    assert torch.equal(pairs.target, windows)


def test_thirds_and_fifths_follow_the_chord_to_another_triad() -> None:
    notes = Notes.of([(0, 96, pitch, 80) for pitch in (60, 64, 67, 74)])  # C E G D
    bar = WITH_CHORDS.encode(score_of(Track(notes), Track(notes, is_drum=True)))
    played = {"Caug": {60, 64, 68, 74}, "Cdim": {60, 63, 66, 74}, "Cm": {60, 63, 67, 74}, "C": {60, 64, 67, 74}}
    windows = torch.from_numpy(np.stack([bar] * (len(played) + 1))).long()
    under(windows, ["C"] * len(played) + ["N.C."])
    triads = [QUALITIES.index(parse_chord(symbol).quality) for symbol in played] + [QUALITIES.index("minor")]
    turned = Reharmonize(WITH_CHORDS.shape).turn(windows, torch.tensor(triads)).numpy()
    assert [WITH_CHORDS.chords_of(window) for window in turned] == [
        (parse_chord(chord),) for chord in [*played, "N.C."]
    ]
    for window, pitches in zip(turned, [*played.values(), set(notes.pitch.tolist())], strict=True):
        piano, drums = PLAIN.decode(window[..., :1]).tracks
        assert set(piano.notes.pitch.tolist()) == pitches
        assert set(drums.notes.pitch.tolist()) == set(notes.pitch.tolist())


def test_other_triads_and_other_keys_commute() -> None:
    windows, triads, keys = random_bars(8), torch.arange(8) % len(QUALITIES), torch.arange(8)
    turn, move = Reharmonize(WITH_CHORDS.shape).turn, Transposition(WITH_CHORDS.shape)
    inside = move(windows, keys)[1] & move(turn(windows, triads), keys)[1]
    one, other = move(turn(windows, triads), keys)[0], turn(move(windows, keys)[0], triads)
    assert inside.any() and torch.equal(one[inside], other[inside])


def test_a_share_of_the_windows_is_reharmonized() -> None:
    windows = under(random_bars(64), ["C"] * 64)
    pairs = Pairs(windows, windows, torch.zeros(64, dtype=torch.int64))
    changed = {
        share: (Reharmonize(WITH_CHORDS.shape, share=share)(pairs, generator()).target != windows).flatten(1).any(1)
        for share in (0.0, 0.5, 1.0)
    }
    assert not changed[0.0].any()
    assert 32 < changed[1.0].sum() < 64, "one triad in four is the same"
    assert 0 < changed[0.5].sum() < changed[1.0].sum()
    assert Reharmonize(WITH_CHORDS.shape)(replace(pairs), generator()).label is pairs.label
    with pytest.raises(MusicaeError, match=r"reharmonize\.share"):
        Reharmonize(WITH_CHORDS.shape, share=1.5)
