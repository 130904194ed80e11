"""Drums: nine classes, all drum tracks as one."""

from musicae.music.representations.drums import DRUM_CLASSES, Drums
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


def test_drums_of_no_class_are_refused() -> None:
    streams, refusals = Drums(bars=1).streams(score(track([(0, 1, 3)], is_drum=True), bars=1))
    assert not streams and [refusal.reason for refusal in refusals] == ["no hits"]


def test_bars_without_hits_are_silent() -> None:
    (stream,), _ = Drums(bars=1).streams(score(track([(20, 60, 36)], is_drum=True), bars=3))
    assert stream.silent.tolist() == [[True, False, True]]


def test_drum_features_are_nine_hits_and_a_no_hit() -> None:
    (field,) = Drums(bars=1).shape.fields
    assert field.features[0].tolist() == [0] * 9 + [1]
    assert field.features[0b100000101].tolist() == [1, 0, 1, 0, 0, 0, 0, 0, 1, 0]
