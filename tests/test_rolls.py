"""Piano rolls as images: what sounds, what begins, and that no piece is on both sides of the split."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from musicae.errors import MusicaeError
from musicae.experiments.images import rolls
from musicae.experiments.images.rolls import COLUMNS, LONGEST, ROLL_STEPS, Pieces, read_pieces, roll_of
from musicae.music.midi import midi_bytes
from musicae.music.score import Notes, Score, Track


def piece(*notes: tuple[int, int, int], is_drum: bool = False) -> Score:
    """Notes as sixteenths that they begin and end at, and pitch; of 4 ticks a sixteenth."""
    rows = [(4 * start, 4 * end, pitch, 80) for start, end, pitch in notes]
    return Score(16, (Track(Notes.of(rows), is_drum=is_drum),), end=max((row[1] for row in rows), default=0))


def tune(pitch: int, steps: int = 130) -> Score:
    return piece(*[(step, step + 2, pitch) for step in range(0, steps, 2)])


def test_a_roll_has_what_sounds_beside_what_begins() -> None:
    roll = roll_of(piece((0, 3, 24), (3, 4, 24), (1, 2, 101)))
    sounds, begins = roll[:, :78].T, roll[:, 78:].T
    assert roll.shape == (4, COLUMNS) == (4, 156)
    assert sounds[0].tolist() == [True] * 4 and begins[0].tolist() == [True, False, False, True]
    assert sounds[77].tolist() == begins[77].tolist() == [False, True, False, False]
    assert roll.sum() == 4 + 2 + 1 + 1


def test_drums_and_pitches_without_room_are_left_out_and_the_shortest_note_is_heard() -> None:
    assert not len(roll_of(piece((0, 4, 60), is_drum=True))) and not len(roll_of(piece((0, 4, 23), (0, 4, 102))))
    grace = Score(16, (Track(Notes.of([(4, 5, 60, 80)])),), end=5)
    assert roll_of(grace).sum(0)[[60 - 24, 78 + 60 - 24]].tolist() == [1, 1]


def write(folder: Path, *scores: Score) -> Path:
    folder.mkdir()
    for i, score in enumerate(scores):
        (folder / f"{i}.mid").write_bytes(midi_bytes(score))
    return folder


def test_windows_of_a_piece_are_in_one_split(tmp_path: Path) -> None:
    pieces = read_pieces(write(tmp_path / "midi", *(tune(pitch) for pitch in range(40, 50))))
    assert (len(pieces.train), len(pieces.test)) == (8, 2)
    images, label = pieces.draw(64, torch.Generator().manual_seed(0))
    assert (
        images.shape == (64, 1, ROLL_STEPS, COLUMNS)
        and set(images.unique().tolist()) == {-1, 1}
        and (label == -1).all()
    )

    def pitches(windows: torch.Tensor) -> set[int]:
        return set((windows[:, 0, :, :78] == 1).any(1).nonzero()[:, 1].tolist())

    held_out = pieces.held_out()
    assert len(held_out) == 500 and len(pitches(held_out)) == 2 and len(pitches(images)) == 8
    assert not pitches(held_out) & pitches(images)
    assert pieces.digest != read_pieces(write(tmp_path / "other", *(tune(pitch) for pitch in range(50, 60)))).digest


def test_what_is_too_short_too_long_or_broken_is_left_out(tmp_path: Path) -> None:
    folder = write(tmp_path / "midi", tune(50, 20), tune(51), piece((0, 2, 60), (LONGEST + 1, LONGEST + 2, 60)))
    (folder / "broken.mid").write_bytes(b"no MIDI")
    with pytest.raises(MusicaeError, match="1 piece"):
        read_pieces(folder)


def test_windows_lie_anywhere_in_a_piece() -> None:
    roll = np.zeros((ROLL_STEPS + 50, COLUMNS), dtype=bool)
    roll[np.arange(150), np.arange(150)] = True
    pieces = Pieces([roll], [roll])
    images, _ = pieces.draw(200, torch.Generator().manual_seed(0))
    starts = (images[:, 0, 0] == 1).float().argmax(1)
    assert starts.min() == 0 and starts.max() == 50
    held_out = (pieces.held_out()[:, 0, 0] == 1).float().argmax(1)
    assert abs(held_out.float().mean().item() - 25) < 0.2 and held_out.unique().tolist() == list(range(51))


def test_of_a_piece_that_has_one_window_it_is_the_middle_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rolls, "HELD_OUT_WINDOWS", 1)
    roll = np.eye(ROLL_STEPS + 50, COLUMNS, dtype=bool)
    assert Pieces([roll], [roll]).held_out()[0, 0, 0].argmax() == 25
