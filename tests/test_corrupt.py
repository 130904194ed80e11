"""Corruptions of tokens: the source alone changes, and ends stay."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from musicae.corpus.augment import Pairs
from musicae.corpus.augmentations import AUGMENTATIONS
from musicae.corpus.corrupt import DropSteps, HoldFlip, InputCorruption, MaskSteps, PitchJitter, ShuffleSteps
from musicae.errors import MusicaeError
from musicae.music.representations import REPRESENTATIONS
from musicae.music.representations.base import Representation
from musicae.music.representations.event_rows import END
from musicae.music.representations.melody import Melody
from musicae.music.representations.multitrack import Multitrack

KINDS: dict[str, Representation] = {
    "melody": Melody(bars=2),
    "drums": REPRESENTATIONS["drums"](bars=2),
    "trio": REPRESENTATIONS["trio"](bars=2),
    "multitrack": Multitrack(bars=1, chords=True),
}
CORRUPTIONS = {name: made for name, made in AUGMENTATIONS.items() if issubclass(made, InputCorruption)}  # type: ignore[arg-type]


def pairs_of(representation: Representation, n: int = 16) -> Pairs:
    generator = np.random.default_rng(0)
    tokens = np.stack([representation.encode(representation.generate(generator)) for _ in range(n)])
    windows = torch.from_numpy(tokens).long()
    return Pairs(windows, windows)


def corrupted(name: str, representation: Representation, **knobs: float) -> tuple[Pairs, Pairs]:
    before = pairs_of(representation)
    corruption = CORRUPTIONS[name](representation.shape, **knobs)
    return before, corruption(before, torch.Generator().manual_seed(0))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CORRUPTIONS)
def test_the_target_stays_clean_and_ends_and_conditions_stay(name: str, kind: str) -> None:
    representation = KINDS[kind]
    before, after = corrupted(name, representation)
    assert after.target is before.target
    changed = (after.encoder_columns != before.encoder_columns).any(-1)
    if (name, kind) not in {("hold_flip", "drums"), ("hold_flip", "multitrack"), ("pitch_jitter", "drums")}:
        assert changed.any()
    fields = len(representation.shape.fields)
    assert torch.equal(after.encoder_columns[..., fields:], before.encoder_columns[..., fields:])
    for i, field in enumerate(representation.shape.columns):
        assert after.encoder_columns[..., i].min() >= 0 and after.encoder_columns[..., i].max() < field.vocabulary
    if kind == "multitrack":
        ended = after.encoder_columns[..., 0] == END
        assert not (before.encoder_columns[..., 0] == END)[~ended].any(), "what has ended stays so"
        assert not (ended.cummax(2).values & ~ended).any()


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_share_of_zero_changes_nothing(name: str) -> None:
    before, after = corrupted(name, KINDS["trio"], share=0.0)
    assert torch.equal(after.encoder_columns, before.encoder_columns)
    with pytest.raises(MusicaeError, match="share"):
        CORRUPTIONS[name](KINDS["trio"].shape, share=1.5)


def strike(corruption: InputCorruption, tokens: list[int], struck: list[int]) -> list[int]:
    """One bar of four steps, some of them struck."""
    windows = torch.tensor(tokens).view(1, 1, -1, 1)
    at = torch.zeros(1, 1, len(tokens), dtype=torch.bool)
    at[..., struck] = True
    found: list[int] = corruption.corrupt(windows, at, torch.Generator().manual_seed(0)).flatten().tolist()
    return found


def test_steps_are_masked_dropped_and_flipped() -> None:
    shape = KINDS["melody"].shape
    assert strike(MaskSteps(shape), [41, 0, 43, 1], [2]) == [41, 0, 0, 1]
    assert strike(DropSteps(shape), [41, 0, 43, 1], [0, 2]) == [0, 1, 0, 0]
    assert strike(HoldFlip(shape), [41, 0, 43, 1], [0, 1, 3]) == [41, 1, 43, 0]


def test_shuffled_steps_move_no_further_than_their_reach() -> None:
    windows = torch.arange(2, 34).view(1, 2, 16, 1).repeat(50, 1, 1, 1)
    shuffled = ShuffleSteps(KINDS["melody"].shape, share=1.0, reach=3)(
        Pairs(windows, windows), torch.Generator().manual_seed(0)
    ).encoder_columns
    assert torch.equal(shuffled.sort(2).values, windows)
    moved = (shuffled - windows).abs()
    assert 0 < moved.max() <= 3


def test_jitter_moves_notes_in_range_and_leaves_holds_and_drums() -> None:
    before, after = corrupted("pitch_jitter", KINDS["melody"], share=1.0)
    notes = before.encoder_columns >= 2
    assert torch.equal(before.encoder_columns[~notes], after.encoder_columns[~notes])
    moved = after.encoder_columns[notes] - before.encoder_columns[notes]
    assert moved.min() >= -5 and moved.max() <= 6 and len(moved.unique()) > 6
    band = pairs_of(KINDS["multitrack"])
    after = PitchJitter(KINDS["multitrack"].shape, share=1.0)(band, torch.Generator().manual_seed(0))
    drums = band.encoder_columns[:, :, 0, 0] == 488
    assert torch.equal(after.encoder_columns[drums], band.encoder_columns[drums])
