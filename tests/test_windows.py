"""Windows: what is settled, judged, hashed and chosen, each against the slow and obvious way."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jaxtyping import Bool, Integer

from musicae.corpus.window_hashes import window_hashes
from musicae.corpus.windows import best_window, drop_leading_note_offs, filter_windows, onsets, rows_per_bar
from musicae.errors import MusicaeError
from musicae.music.representations import REPRESENTATIONS
from musicae.music.representations.base import SHIFTS, Representation, Stream
from musicae.music.representations.melody import Melody
from musicae.music.representations.trio import Trio
from musicae.music.score import Meter
from tests.helpers.scores import BAR, band, scale, score, track

SEEDS = st.integers(0, 2**32)

Window = Integer[np.ndarray, "time field"]


def random_stream(name: str, seed: int) -> tuple[Stream, Representation]:
    """A stream of few different tokens, so that windows repeat, with silences and jumps."""
    generator = np.random.default_rng(seed)
    representation = REPRESENTATIONS[name](bars=int(generator.integers(1, 6)))
    length, fields = int(generator.integers(0, 13)), representation.shape.fields
    tokens = np.stack(
        [generator.choice([0, 0, 1, 1, 7, 9], length * rows_per_bar(representation)) for _ in fields], axis=1
    )
    tokens[generator.random(len(tokens)) < generator.choice([0, 0.9])] = 0
    silent = generator.random((len(fields), length)) < 0.4
    numbers = np.cumsum(generator.choice([1, 1, 1, 1, 5], length))
    return Stream(tokens, silent, numbers, (0,), ""), representation


def cut(stream: Stream, representation: Representation) -> list[Window]:
    rows, bars = rows_per_bar(representation), representation.bars
    return [stream.tokens[rows * bar : rows * (bar + bars)] for bar in range(len(stream.bars) - bars + 1)]


def slow_settle(window: Window, representation: Representation) -> Window:
    settled = window.copy()
    for column, field in enumerate(representation.shape.fields):
        for row in range(len(window)):
            if window[row, column] > max(field.leading_note_off, 0):
                break
            settled[row, column] = 0
    return settled


def longest_run(flags: Bool[np.ndarray, " bar"]) -> int:
    return max((len(list(run)) for flag, run in itertools.groupby(flags.tolist()) if flag), default=0)


@pytest.mark.parametrize("name", REPRESENTATIONS)
@given(seed=SEEDS)
def test_judgement_and_settling_agree_with_their_definitions(name: str, seed: int) -> None:
    stream, representation = random_stream(name, seed)
    verdicts = filter_windows(stream.tokens, stream.silent, stream.bars, representation, representation.bars)
    cuts = cut(stream, representation)
    assert len(verdicts.usable) == len(cuts)
    for bar, window in enumerate(cuts):
        inside = slice(bar, bar + representation.bars)
        assert verdicts.broken[bar] == any(np.diff(stream.bars[inside]) != 1)
        assert verdicts.silent[bar] == any(
            longest_run(part[inside]) > representation.max_silent_bars for part in stream.silent
        )
        started = window[:, 0][onsets(window, representation.shape.fields)[:, 0]]
        assert verdicts.few_pitches[bar] == (len(set(started.tolist())) < representation.min_pitches)
        assert (drop_leading_note_offs(window, representation.shape) == slow_settle(window, representation)).all()


@pytest.mark.parametrize("name", REPRESENTATIONS)
@given(seed=SEEDS)
def test_fingerprints_are_equal_for_equal_windows_alone(name: str, seed: int) -> None:
    stream, representation = random_stream(name, seed)
    shape, rows = representation.shape, rows_per_bar(representation)
    exact, relative = window_hashes(stream.tokens, shape, rows, representation.bars)
    settled = [slow_settle(window, representation).tobytes() for window in cut(stream, representation)]
    assert len(exact) == len(relative) == len(settled)
    for (i, a), (j, b) in itertools.combinations(enumerate(settled), 2):
        assert (exact[i] == exact[j]) == (a == b)
    shift = SHIFTS[seed % len(SHIFTS)]
    table = [field.transposition[SHIFTS.index(shift)] for field in shape.fields]
    moved = np.stack([table[i][stream.tokens[:, i]] for i in range(len(table))], axis=1)
    if (moved >= 0).all():
        assert (window_hashes(moved, shape, rows, representation.bars)[1] == relative).all()


def test_relative_fingerprints_tell_tunes_apart() -> None:
    shape = Melody(bars=1).shape

    def relative(*pitches: int) -> int:
        tokens = np.zeros((16, 1), dtype=np.int64)
        tokens[: len(pitches), 0] = pitches
        return int(window_hashes(tokens, shape, 16, 1)[1][0])

    assert relative(40, 42, 44) == relative(50, 52, 54)
    assert len({relative(40, 42, 44), relative(40, 42, 45), relative(40, 0, 42, 44), relative(40, 42, 44, 1)}) == 4


@given(SEEDS)
def test_settling_changes_nothing_twice(seed: int) -> None:
    representation = Trio(bars=2)
    tokens = np.random.default_rng(seed).integers(0, 4, (3, 32, 3))
    settled = drop_leading_note_offs(tokens, representation.shape)
    assert (drop_leading_note_offs(settled, representation.shape) == settled).all()
    assert all(
        (drop_leading_note_offs(one, representation.shape) == many).all()
        for one, many in zip(tokens, settled, strict=True)
    )


def test_the_fullest_window_is_chosen_and_named() -> None:
    quiet = [(0, 16, 60), (16, 32, 62), (32, 48, 64)]
    busy = [(2 * k, 2 * k + 2, 60 + k % 7) for k in range(24, 40)]
    choice = best_window(score(track(quiet + busy, name="Lead"), bars=7), Melody(bars=2))
    assert str(choice) == "bars 4-5 of 7 (track 0 'Lead' (program 0))"
    assert choice.tracks == (0,)
    assert choice.tick == 3 * BAR
    assert (choice.tokens[..., 0] > 1).sum() == 16


def test_of_equally_full_windows_the_first_is_chosen() -> None:
    assert best_window(score(track(scale(8)), bars=8), Melody(bars=2)).first_bar == 1


def test_a_window_with_few_pitches_is_used_when_there_is_no_other() -> None:
    choice = best_window(score(track([(0, 4, 60), (16, 20, 60)]), bars=2), Melody(bars=2))
    assert np.flatnonzero(choice.tokens).tolist() == [0, 4, 16, 20]


def test_a_piece_that_is_too_short_is_padded_with_rests() -> None:
    choice = best_window(score(track([(0, 16, 60)]), bars=1), Melody(bars=4))
    assert str(choice).startswith("bars 1-4 of 1, padded with rests (")
    assert choice.tokens.shape == (4, 16, 1)
    assert {int(i): int(choice.tokens.reshape(-1)[i]) for i in np.flatnonzero(choice.tokens)} == {0: 41, 16: 1}


def test_a_bar_can_be_asked_for() -> None:
    piece = score(track(scale(6)), bars=6)
    choice = best_window(piece, Melody(bars=2), bar=3)
    assert (choice.first_bar, choice.last_bar, choice.tick) == (3, 4, 2 * BAR)
    assert not choice.padded
    assert str(best_window(piece, Melody(bars=2), bar=6)).startswith("bars 6-7 of 6, padded with rests (")
    with pytest.raises(MusicaeError, match="there is no bar 7: the piece has 6 bars") as error:
        best_window(piece, Melody(bars=2), bar=7)
    assert error.value.hint == "choose a bar from 1 to 6"


def test_bars_in_other_meters_keep_their_numbers_and_are_not_crossed() -> None:
    meters = (Meter(0, 4, 4), Meter(2 * BAR, 3, 4), Meter(2 * BAR + 3 * BAR // 4 * 2, 4, 4))
    piece = score(track(scale(7)), bars=7, meters=meters)
    choice = best_window(piece, Melody(bars=4), bar=1)
    assert not choice.tokens[2:].any() or np.flatnonzero(choice.tokens[2:]).tolist() == [0]
    assert choice.padded
    after = best_window(piece, Melody(bars=2), bar=5)
    assert (after.first_bar, after.tick) == (5, meters[2].tick)
    with pytest.raises(MusicaeError, match="bar 3 is in a meter that cannot be read"):
        best_window(piece, Melody(bars=2), bar=3)


def test_a_track_can_be_asked_for() -> None:
    drums = track([(0, 1, 36)], is_drum=True)
    piece = score(track(scale(2), name="melody"), track([(0, 8, 40)], program=20), drums)
    assert best_window(piece, Melody(bars=2)).tracks == (0,)
    assert best_window(piece, Melody(bars=2), track=1).tracks == (1,)
    with pytest.raises(MusicaeError, match=r"track 2 \(drums\) cannot be read as melody: it needs a pitched"):
        best_window(piece, Melody(bars=2), track=2)
    with pytest.raises(MusicaeError, match="there is no track 3"):
        best_window(piece, Melody(bars=2), track=3)


def test_a_track_that_is_asked_for_is_read_against_all_preferences() -> None:
    effects, bass = track(scale(2), program=120), track(scale(2), program=33)
    piece = score(track(scale(2)), bass, effects, track(scale(2), is_drum=True))
    for asked in range(3):
        assert best_window(piece, Melody(bars=2), track=asked).tracks == (asked,)
    assert best_window(piece, Trio(bars=2)).tracks == (0, 1, 3)
    assert best_window(piece, Trio(bars=2), track=2).tracks == (2, 1, 3)
    crowd = score(
        *(track(scale(2)) for _ in range(6)), *(track(scale(2), program=33) for _ in range(4)), *band(scale(2))
    )
    assert best_window(crowd, Trio(bars=2), track=5).tracks == (5, 6, 12)
    assert best_window(crowd, Trio(bars=2), track=9).tracks == (0, 9, 12)


def test_the_first_track_with_a_usable_window_is_chosen() -> None:
    piece = score(track([(0, 4, 60)], name="melody"), track(scale(4)), bars=4)
    assert best_window(piece, Melody(bars=2)).tracks == (1,)


def test_a_score_without_a_usable_track_says_what_each_would_need() -> None:
    with pytest.raises(MusicaeError, match=r"track 0 \(drums\) needs a pitched instrument"):
        best_window(score(track([(0, 1, 36)], is_drum=True)), Melody(bars=2))


@pytest.mark.parametrize("representation", [Melody(bars=2), Trio(bars=2)])
def test_a_score_without_notes_has_no_window(representation: Representation) -> None:
    with pytest.raises(MusicaeError, match="no notes in the score"):
        best_window(score(track([])), representation)


@pytest.mark.parametrize("asked", [None, 0])
def test_where_no_bar_can_be_read_the_meter_is_the_only_reason(asked: int | None) -> None:
    meters = (Meter(0, 3, 4), Meter(BAR * 3 // 4, 6, 8))
    with pytest.raises(MusicaeError) as caught:
        best_window(score(*band(scale(4)), bars=3, meters=meters), Melody(bars=2), track=asked)
    assert caught.value.message == (
        "no melody in the score: it needs bars of four quarters, and bars 1 to 1, counted from 1, are in 3/4; "
        "it needs bars of four quarters, and bars 2 to 4, counted from 1, are in 6/8"
    )
    assert "musicae reads bars of four quarters (4/4, 2/2, 2/4, 1/4)" in caught.value.hint


def test_a_trio_without_a_bass_can_still_be_used() -> None:
    melody, _, drums = band(scale(4))
    choice = best_window(score(melody, drums, bars=4), Trio(bars=4))
    assert choice.tokens[..., [0, 2]].any() and not choice.tokens[..., 1].any()


def test_a_trio_without_a_bass_is_read_where_it_plays() -> None:
    melody, _, drums = band(scale(12, first=8))
    for asked in (None, 0):
        choice = best_window(score(melody, drums, bars=12), Trio(bars=4), track=asked)
        assert (choice.first_bar, choice.total_bars) == (9, 12)
        assert choice.tokens[..., [0, 2]].any()
    assert best_window(score(melody, drums, bars=12), Trio(bars=4), bar=7).first_bar == 7
