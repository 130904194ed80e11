"""Drums: nine classes, all drum tracks as one."""

from dataclasses import replace

import numpy as np
import pytest

from musicae.music.representations.drums import DRUM_CLASSES, Drums, drum_like
from musicae.music.representations.melody import Melody
from tests.helpers.scores import scale, score, track


def test_drum_classes_decode_to_their_first_pitch() -> None:
    for kind, pitches in enumerate(DRUM_CLASSES.values()):
        for pitch in pitches:
            tokens = Drums(bars=1).encode(score(track([(0, 4, pitch)], is_drum=True), bars=1))
            assert tokens[0, 0, 0] == 2**kind and tokens.sum() == 2**kind
        assert Drums(bars=1).decode(tokens).tracks[0].notes.rows() == [(0, 120, pitches[0], 80)]


def test_classes_are_disjoint() -> None:
    pitches = [pitch for kind in DRUM_CLASSES.values() for pitch in kind]
    assert len(pitches) == len(set(pitches)) == 63 and len(DRUM_CLASSES) == 9


def test_all_drum_tracks_are_read_as_one() -> None:
    tracks = (
        track([(0, 1, 36), (4, 5, 38)], is_drum=True),
        track(scale(1)),
        track([(0, 1, 42), (0, 1, 3)], is_drum=True),
    )
    (stream,), refusals = Drums(bars=1).streams(score(*tracks, bars=1))
    assert stream.tracks == (0, 2)
    assert stream.tokens[:5, 0].tolist() == [0b101, 0, 0, 0, 0b10]
    assert [(refusal.track, refusal.reason) for refusal in refusals] == [(1, "not drums")]


@pytest.mark.parametrize(
    ("program", "name", "found"), [(0, "", [0]), (118, "", [0]), (33, "", []), (58, "", []), (33, "Drums", [0])]
)
def test_a_bass_with_the_pitches_of_drums_is_none(program: int, name: str, found: list[int]) -> None:
    line = [(2 * i, 2 * i + 2, pitch) for i, pitch in enumerate((35, 42, 38, 42) * 4)]
    assert drum_like(score(replace(track(line, program=program), name=name), bars=2)) == found


def test_drums_of_no_class_are_refused() -> None:
    streams, refusals = Drums(bars=1).streams(score(track([(0, 1, 3)], is_drum=True), bars=1))
    assert not streams and [refusal.reason for refusal in refusals] == ["no hits"]


def test_bars_without_hits_are_silent() -> None:
    (stream,), _ = Drums(bars=1).streams(score(track([(20, 60, 36)], is_drum=True), bars=3))
    assert stream.playing.tolist() == [[0, 1, 0]]


def test_drum_features_are_nine_hits_and_a_no_hit() -> None:
    (field,) = Drums(bars=1).shape.fields
    assert field.features[0].tolist() == [0] * 9 + [1]
    assert field.features[0b100000101].tolist() == [1, 0, 1, 0, 0, 0, 0, 0, 1, 0]


def test_one_groove_becomes_another_kind_by_kind_and_in_all_bars_alike() -> None:
    drums = Drums(bars=2)
    a, b = (np.tile(np.array(row * 4, np.int16), 2).reshape(2, 16, 1) for row in ([1, 0, 4, 0], [5, 4, 2, 4]))
    halves = [drums.mixture(a, b, share) for share in (0.0, 0.5, 1.0)]
    assert np.array_equal(halves[0], a) and np.array_equal(halves[2], b)
    assert all(np.array_equal(*drums.mixture(a, b, share)) for share in (0.25, 0.5, 0.75))
    changed = (halves[1] ^ a) & 4
    assert changed.any() and not ((halves[1] ^ a) & 1).any(), "the hat first, the kick last"


def test_one_line_becomes_another_from_its_beginning() -> None:
    melody = Melody(bars=2)
    a, b = (np.full((2, 16, 1), pitch, np.int16) for pitch in (40, 50))
    assert melody.mixture(a, b, 0.25).reshape(-1).tolist() == [50] * 8 + [40] * 24
