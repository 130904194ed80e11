"""Chords, by a model that follows all of them."""

from __future__ import annotations

import pytest
import torch

from musicae.errors import MusicaeError
from musicae.evaluation.chord_following import ChordShares, measure_chord_following, time_on_chord
from musicae.music.chords import QUALITIES, of_class, progression
from musicae.music.score import concatenate
from musicae.networks.embedding import Embedding
from musicae.networks.sampling import SamplingOptions
from musicae.networks.types import Code, Condition, Tokens
from tests.helpers.models import tiny_model
from tests.helpers.progress import Counter
from tests.helpers.stand_ins import (
    BAND,
    BEAT,
    LOUD,
    PIANO,
    QUARTER,
    StandIn,
    StandInDecoder,
    band,
    identity,
    melody_windows,
)


def test_time_on_chord_is_counted_by_bar() -> None:
    played = BAND.decode(band((PIANO, LOUD, 60, 61, QUARTER, 128 + 60), (BEAT, LOUD, 36))[0].numpy())
    c, f_sharp, nothing = progression("C F# N.C.")
    assert time_on_chord([(played, [c])], "major") == pytest.approx(24 / (24 + 96))
    assert time_on_chord([(played, [f_sharp])], "major") == pytest.approx(96 / (24 + 96))
    assert time_on_chord([(played, [c]), (played, [f_sharp])], "major") == pytest.approx(0.5)
    assert time_on_chord([(played, [nothing])], "major") is time_on_chord([(played, [c])], "minor") is None
    two = concatenate([played, played])
    assert time_on_chord([(two, [c, f_sharp])], "major") == pytest.approx(0.5)
    assert time_on_chord([(two, [nothing, f_sharp])], "major") == pytest.approx(96 / (24 + 96))


class ChordFollower(StandInDecoder):
    """Writes the root, the third and the fifth of the chord it is conditioned on, on the instrument of its code."""

    def sample(self, z: Code, condition: Condition, embedding: Embedding, drawing: SamplingOptions) -> Tokens:
        rows = []
        for instrument, chord in zip((z.mean(1) > 0).long().tolist(), condition[:, 0, 0, 0].tolist(), strict=True):
            tones = [48 + tone for tone in sorted(of_class(chord).tones)]
            rows.append(band((PIANO + instrument, LOUD, *([QUARTER] * instrument), *tones))[0, :, :, :1])
        return torch.stack(rows)


def test_a_model_that_follows_chords_has_known_shares() -> None:
    model = tiny_model("multitrack-1bar-chords")
    spec = model.autoencoder.spec
    model.autoencoder = StandIn(spec, lambda z: z, ChordFollower(spec, lambda z: z))
    real = torch.cat([band((PIANO, LOUD, 60, 61)), band((BEAT, LOUD, 36))])
    progress = Counter()
    result = measure_chord_following(model, real, samples=8, progress=progress)
    assert progress.done == progress.announced == 8 * (2 * len(QUALITIES) + 4)
    assert {quality: share.conditioned for quality, share in result.shares.items()} == dict.fromkeys(QUALITIES, 1.0)
    assert result.shares["major"] == ChordShares(1.0, 0.0, 0.5)  # C major and F sharp major share no tone
    assert result.shares["diminished"].tritone == pytest.approx(2 / 3)  # of B, D, F and F, Ab, B
    assert result.shares["minor"].held_out is None
    assert result.invariance.same_instruments == result.invariance.rhythm_f1_across_chords == 1
    assert result.invariance.rhythm_f1_across_codes < 1
    with pytest.raises(MusicaeError, match="not conditioned on chords"):
        measure_chord_following(identity(), melody_windows({}), samples=2)
