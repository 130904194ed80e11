"""Attributes against hand-counted examples."""

from dataclasses import replace

import numpy as np
import pytest

from musicae.music.attributes import ATTRIBUTES, CONSTANT, varying
from musicae.music.representations import REPRESENTATIONS
from musicae.music.score import Notes, Score, Track

SIXTEENTH = 24


def line(*notes: tuple[int, int], is_drum: bool = False) -> Track:
    """A track of (step, pitch), a sixteenth each."""
    rows = [(step * SIXTEENTH, (step + 1) * SIXTEENTH, pitch, 80) for step, pitch in notes]
    return Track(Notes.of(rows), is_drum=is_drum)


def score(*tracks: Track, steps: int = 32) -> Score:
    return Score(4 * SIXTEENTH, tracks, end=steps * SIXTEENTH)


OF_MELODIES = ("diatonic", "density", "interval", "syncopation16", "syncopation8")


def measured(music: Score) -> dict[str, float]:
    return {name: ATTRIBUTES[name](music) for name in OF_MELODIES}


def of_all_tracks(music: Score) -> dict[str, float]:
    return {name: attribute(music) for name, attribute in ATTRIBUTES.items() if name not in OF_MELODIES}


STEPS = (0, 3, 4, 6, 10, 11, 14, 16, 17, 20, 24, 31)
PITCHES = (60, 62, 64, 65, 67, 69, 71, 72, 73, 75, 77, 60)
SCALE = line(*zip(STEPS, PITCHES, strict=True))
"""Syncopated sixteenths: 3 and 31 (not 11 and 17, which follow an onset). Syncopated eighths: 10 and 14 (not 6)."""


def test_two_bars_counted_by_hand() -> None:
    assert measured(score(SCALE)) == pytest.approx(
        {
            "diatonic": 10 / 12,
            "density": 12 / 32,
            "interval": (2 + 2 + 1 + 2 + 2 + 2 + 1 + 1 + 2 + 2 + 17) / 11,
            "syncopation16": 2 / 12,
            "syncopation8": 2 / 12,
        }
    )


@pytest.mark.parametrize("tracks", [(), (line(),), (line(is_drum=True),)])
def test_nothing_measures_zero(tracks: tuple[Track, ...]) -> None:
    for steps in (32, 0):
        empty = score(*tracks, steps=steps)
        assert set(measured(empty).values()) | set(of_all_tracks(empty).values()) == {0.0}


def test_a_tune_is_diatonic_in_its_own_scale() -> None:
    flats = line(*((step, pitch + 3) for step, pitch in zip(STEPS, PITCHES, strict=True)))
    assert measured(score(flats)) == measured(score(SCALE))


def test_one_note() -> None:
    found = measured(score(line((0, 60)), steps=16))
    assert found == {"diatonic": 1, "density": 1 / 16, "interval": 0, "syncopation16": 0, "syncopation8": 0}


@pytest.mark.parametrize(("step", "sixteenth", "eighth"), [(0, 0, 0), (1, 1, 0), (2, 0, 1), (3, 1, 0), (4, 0, 0)])
def test_where_a_lone_note_is_syncopated(step: int, sixteenth: float, eighth: float) -> None:
    found = measured(score(line((step, 60))))
    assert (found["syncopation16"], found["syncopation8"]) == (sixteenth, eighth)


def test_a_chord_is_one_onset_of_its_highest_pitch() -> None:
    assert measured(score(line((0, 61), (0, 64), (4, 65)))) == measured(score(line((0, 64), (4, 65))))


def test_the_first_pitched_track_with_notes_counts() -> None:
    drums, bass = line((1, 36), is_drum=True), line((0, 37))
    assert measured(score(drums, line(), SCALE, bass)) == measured(score(SCALE))


def test_drums_alone_have_rhythm_and_no_pitch() -> None:
    found = measured(score(line((0, 36), (0, 42), is_drum=True), line((2, 38), is_drum=True), steps=16))
    assert found == {"diatonic": 0, "density": 2 / 16, "interval": 0, "syncopation16": 0, "syncopation8": 1 / 3}
    hat = line(*((step, 42) for step in range(0, 16, 2)), is_drum=True)
    with_hat = measured(score(line((2, 38), is_drum=True), hat, steps=16))
    assert with_hat["syncopation8"] == 1 / 9, "whatever else sounds around the snare"
    syncopated = measured(score(line((2, 36), is_drum=True), line((7, 38), is_drum=True), steps=16))
    assert (syncopated["syncopation16"], syncopated["syncopation8"]) == (0.5, 0.5)


def test_attributes_count_sixteenths_on_any_tick_grid() -> None:
    played = Notes.of([(231, 300, 60, 80), (470, 800, 61, 80), (1203, 1205, 70, 80)])  # about steps 2, 4, 10 of 120
    found = measured(Score(480, (Track(played),), end=1920))
    assert found == pytest.approx(
        {"diatonic": 1, "density": 3 / 16, "interval": 5, "syncopation16": 0, "syncopation8": 2 / 3}
    )


def test_a_note_at_an_absurd_tick_costs_nothing() -> None:
    assert measured(score(line((0, 60), (2**31, 62))))["interval"] == 2


def test_a_band_counted_by_hand() -> None:
    violin = Track(Notes.of([(0, 48, 60, 100), (24, 48, 79, 50)]), program=40)
    piano = Track(Notes.of([(96, 120, 48, 60)]), program=0)
    drums = line((0, 36), (8, 38), is_drum=True)
    assert of_all_tracks(score(line(), violin, piano, drums)) == {
        "strings": 1 / 3,
        "tracks": 3,
        "polyphony": (48 + 24 + 24) / (48 + 24),
        "drums": 1,
        "velocity": (100 + 50 + 60 + 80 + 80) / 5,
        "range": 31,
    }
    assert of_all_tracks(score(violin)) == {
        "strings": 1,
        "tracks": 1,
        "polyphony": 1.5,
        "drums": 0,
        "velocity": 75,
        "range": 19,
    }
    assert of_all_tracks(score(drums))["polyphony"] == 0
    assert of_all_tracks(score(replace(violin, program=47)))["strings"] == 0, "timpani"


@pytest.mark.parametrize("name", REPRESENTATIONS)
def test_what_is_said_to_be_constant_is_constant_in_random_music(name: str) -> None:
    representation, generator = REPRESENTATIONS[name](bars=2), np.random.default_rng(0)
    music = [representation.generate(generator) for _ in range(20)]
    values = {name: {attribute(one) for one in music} for name, attribute in ATTRIBUTES.items()}
    assert all(len(values[same]) == 1 for same in CONSTANT.get(name, ()))
    assert "density" in varying(name) and not {*CONSTANT.get(name, ())} & {*varying(name)}
