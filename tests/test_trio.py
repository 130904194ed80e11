"""Trios: which tracks are combined, and what becomes of missing parts."""

import numpy as np
import pytest

from musicae.errors import MusicaeError
from musicae.music.representations.base import NoLeading
from musicae.music.representations.trio import Trio
from musicae.music.score import Meter, Tempo
from tests.helpers.scores import band, scale, score, track


def test_every_melody_with_every_bass() -> None:
    tracks = (*band(scale(2)), track(scale(2), name="Lead"), track(scale(1), program=34))
    streams, refusals = Trio(bars=2).streams(score(*tracks))
    assert [stream.tracks for stream in streams] == [(3, 1, 2), (3, 4, 2), (0, 1, 2), (0, 4, 2)]
    assert not refusals


def test_orchestras_do_not_explode() -> None:
    tracks = [*(track(scale(2)) for _ in range(9)), *(track(scale(2), program=32) for _ in range(5)), *band(scale(2))]
    assert len(Trio(bars=2).streams(score(*tracks))[0]) == 8


def test_a_trio_needs_all_three_parts_to_learn_from() -> None:
    for missing, reason in enumerate(("no melody", "no bass", "no drums")):
        tracks = [part for index, part in enumerate(band(scale(2))) if index != missing]
        streams, refusals = Trio(bars=2).streams(score(*tracks))
        assert not streams and [refusal.reason for refusal in refusals] == [reason]


def test_a_trio_encodes_missing_parts_as_rests() -> None:
    whole = Trio(bars=2).encode(score(*band(scale(2))))
    for missing in range(3):
        tracks = [part for index, part in enumerate(band(scale(2))) if index != missing]
        tokens = Trio(bars=2).encode(score(*tracks))
        assert not tokens[..., missing].any()
        assert (np.delete(tokens, missing, axis=-1) == np.delete(whole, missing, axis=-1)).all()


def test_a_trio_of_nothing_readable_is_refused() -> None:
    with pytest.raises(MusicaeError, match=r"no trio .* needs a melody .* needs a bass .* needs drums .* track 1"):
        Trio(bars=2).encode(score(track(scale(2), program=120)))


def test_vocabularies_are_magentas() -> None:
    shape = Trio(bars=16).shape
    assert (shape.segments, shape.steps) == (16, 16)
    assert [(f.name, f.vocabulary, f.features.shape[1], f.end) for f in shape.fields] == [
        ("melody", 90, 90, -1),
        ("bass", 90, 90, -1),
        ("drums", 512, 10, -1),
    ]
    assert shape.constraints == tuple(NoLeading(field, 1, range(2, 90)) for field in (0, 1))


def test_decoded_defaults() -> None:
    music = Trio(bars=4).decode(np.full((4, 16, 3), (41, 31, 3)))
    assert [(part.name, part.program, part.is_drum) for part in music.tracks] == [
        ("melody", 0, False),
        ("bass", 33, False),
        ("drums", 0, True),
    ]
    assert music.tempi == (Tempo(0, 120.0),) and music.meters == (Meter(0, 4, 4),)
    assert music.tracks[2].notes.rows()[:2] == [(0, 120, 36, 80), (0, 120, 38, 80)]
