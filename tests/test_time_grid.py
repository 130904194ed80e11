"""The grid of sixteenths: rounding, empty bars, meters that are read and meters that are cut out."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from musicae.clips.choice import best_window
from musicae.errors import MusicaeError
from musicae.music.representations import REPRESENTATIONS, time_grid
from musicae.music.representations.base import Stream
from musicae.music.representations.melody import Melody
from musicae.music.representations.time_grid import LONGEST_BARS, NEAR, TimeGrid, to_steps
from musicae.music.representations.trio import Trio
from musicae.music.score import Meter, Notes, Score, Track
from tests.helpers.scores import BAR, STEP, band, same, scale, score, track

SIXTEENTHS = [name for name in REPRESENTATIONS if name != "multitrack"]


def test_half_steps_round_up() -> None:
    # Magenta's quantizer on notes at 100 qpm: seconds to steps. 6,000,000 ticks a quarter are 10,000,000 a second.
    seconds = [0.0, 0.552, 3.501, 3.821, 3.624, 3.95, 0.075, 0.225, 0.375, 0.5249985, 0.5250015]
    ticks = np.array([round(second * 10_000_000) for second in seconds])
    assert to_steps(ticks, 6_000_000).tolist() == [0, 4, 23, 25, 24, 26, 1, 2, 3, 3, 4]


def test_every_note_lasts_a_step_at_least() -> None:
    notes = Notes.of([(1, 3, 60, 64), (BAR - 1, BAR + 1, 62, 64)])
    tokens = Melody(bars=2).encode(Score(4 * STEP, (Track(notes),), end=2 * BAR)).reshape(-1)
    assert np.flatnonzero(tokens).tolist() == [0, 1, 16, 17]
    assert tokens[[0, 1, 16, 17]].tolist() == [41, 1, 43, 1]


@pytest.mark.parametrize("name", SIXTEENTHS)
@pytest.mark.parametrize("first, last", [(0, 8), (1, 8), (3, 8), (0, 5), (2, 3)])
def test_empty_first_and_last_bars_encode(name: str, first: int, last: int) -> None:
    representation = REPRESENTATIONS[name](bars=8)
    tokens = representation.encode(score(*band(scale(last, first)), bars=8))
    whole = representation.encode(score(*band(scale(8)), bars=8))
    assert (tokens[:first] == 0).all()
    assert (tokens[first:last] == whole[first:last]).all()
    assert np.isin(tokens[last:].reshape(-1), (0, 1)).all()
    lines = len(representation.shape.no_leading)
    assert tokens[last:].sum() == (lines if last < 8 else 0)  # one note-off each


@pytest.mark.parametrize("name", REPRESENTATIONS)
@pytest.mark.parametrize("meter", [(4, 4), (2, 2), (2, 4), (1, 4), (4, 8), (8, 8), (1, 1)])
def test_bars_that_divide_four_quarters_are_read(name: str, meter: tuple[int, int]) -> None:
    representation = REPRESENTATIONS[name](bars=4)
    music = score(*band(scale(4)), bars=4)
    streams, refusals = representation.streams(replace(music, meters=(Meter(0, *meter),)))
    assert streams[0].bars.tolist() == [0, 1, 2, 3]
    assert (streams[0].tokens == representation.streams(music)[0][0].tokens).all()
    assert "other meter" not in [refusal.reason for refusal in refusals]


def test_the_grid_goes_on_where_one_readable_meter_follows_another() -> None:
    music = score(*band(scale(4)), bars=4)
    mixed = (
        Meter(0, 1, 4),
        Meter(BAR // 4, 2, 4),
        Meter(2 * BAR, 4, 4),
        Meter(5 * BAR // 2, 1, 4),
    )
    assert same(Trio(bars=4).encode(replace(music, meters=mixed)), Trio(bars=4).encode(music))


@pytest.mark.parametrize("short", [Meter(2 * BAR, 2, 4), Meter(2 * BAR, 1, 4)])
def test_a_bar_of_four_quarters_starts_the_grid_anew(short: Meter) -> None:
    after = 2 * BAR + short.numerator * BAR // 4
    notes = [(0, 16, 60), (after // STEP, after // STEP + 16, 64)]
    music = score(track(notes), bars=5, meters=(Meter(0, 4, 4), short, Meter(after, 4, 4)))
    (stream,), _ = Melody(bars=2).streams(music)
    assert stream.bars.tolist() == [0, 1, 3, 4, 5]
    assert TimeGrid(music).ticks(TimeGrid(music).bars).tolist()[:4] == [0, BAR, after, after + BAR]
    assert np.flatnonzero(stream.tokens[:, 0] > 1).tolist() == [0, 32]


@pytest.mark.parametrize("name", REPRESENTATIONS)
@pytest.mark.parametrize("meter", [(3, 4), (6, 8), (5, 4), (12, 8), (8, 4)])
def test_other_meters_are_refused(name: str, meter: tuple[int, int]) -> None:
    representation = REPRESENTATIONS[name](bars=4)
    music = score(*band(scale(4)), bars=4, meters=(Meter(0, *meter),))
    streams, refusals = representation.streams(music)
    assert not streams and "other meter" in [refusal.reason for refusal in refusals]
    with pytest.raises(MusicaeError, match=f"in {meter[0]}/{meter[1]}"):
        representation.encode(music)


@pytest.mark.parametrize("name", SIXTEENTHS)
def test_other_meters_are_cut_out(name: str) -> None:
    # Two and a half bars of 4/4, three of 3/4, and 4/4 again: the half bar goes too.
    waltz, after = 5 * BAR // 2, 5 * BAR // 2 + 3 * BAR * 3 // 4
    meters = (Meter(0, 4, 4), Meter(waltz, 3, 4), Meter(after, 4, 4))
    end = (after + 2 * BAR) // STEP
    notes = [(0, 16, 60), (16, end - 20, 62), (end - 20, end, 64)]
    music = replace(score(*band(notes), meters=meters), end=end * STEP)
    representation = REPRESENTATIONS[name](bars=2)
    (stream, *_), refusals = representation.streams(music)
    assert stream.bars.tolist() == [0, 1, 6, 7]
    assert TimeGrid(music).ticks(TimeGrid(music).bars).tolist()[:4] == [0, BAR, after, after + BAR]
    (other,) = (refusal for refusal in refusals if refusal.reason == "other meter")
    assert "bars 4 to 6, counted from 1, are in 3/4" in other.remedy
    onset = {"melody": [41, 43, 0], "trio": [41, 43, 0], "drums": [1, 1, 0]}[name]
    assert stream.tokens[[0, 16, 32], 0].tolist() == onset  # no note-off of the long note at row 32
    assert np.flatnonzero(stream.tokens[:, 0]).tolist() == [0, 16, 44]


def test_encoding_stops_where_bars_were_cut_out() -> None:
    meters = (Meter(0, 4, 4), Meter(BAR, 3, 4), Meter(BAR + 3 * BAR // 4, 4, 4))
    music = score(track([(0, 100, 60), (30, 34, 70)]), bars=3, meters=meters)
    tokens = Melody(bars=2).encode(music)
    assert np.flatnonzero(tokens).tolist() == [0, 16] and tokens[1, 0, 0] == 1


@pytest.mark.parametrize("name", REPRESENTATIONS)
def test_of_absurdly_long_scores_the_bars_near_notes_are_read(name: str) -> None:
    far, near = LONGEST_BARS * 9, score(*band(scale(2)), bars=2)
    notes = [*scale(2), (16 * far, 16 * far + 4, 60)]
    music = score(*band(notes), bars=far + 1)
    representation = REPRESENTATIONS[name](bars=2)
    (found, *_), refusals = representation.streams(music)
    assert not refusals or refusals == representation.streams(near)[1]
    assert found.bars.tolist() == [*range(3 + NEAR), *range(far - NEAR, far + 1)]
    (alone, *_), _ = representation.streams(near)
    assert (found.tokens[: representation.window] == alone.tokens).all()


@pytest.mark.parametrize("name", REPRESENTATIONS)
def test_notes_in_too_many_bars_are_refused(name: str) -> None:
    notes = [(16 * bar, 16 * bar + 4, 60 + bar % 12) for bar in range(0, 2 * LONGEST_BARS, NEAR)]
    music = score(*band(notes), bars=2 * LONGEST_BARS)
    streams, refusals = REPRESENTATIONS[name](bars=2).streams(music)
    assert not streams and "too long" in [refusal.reason for refusal in refusals]


def test_a_bar_far_from_all_notes_keeps_its_number_and_its_tick() -> None:
    far = LONGEST_BARS * 9
    music = score(track([*scale(2), (16 * far, 16 * far + 4, 60)]), bars=far + 1)
    choice = best_window(music, Melody(bars=2), bar=far + 1)
    assert (choice.first_bar, choice.total_bars, choice.tick) == (far + 1, far + 1, far * BAR)


def test_of_thousands_of_tracks_each_is_read_near_its_own_notes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The windows that hold notes are those that a grid for all tracks has."""
    bars, generator = 700, np.random.default_rng(0)
    starts = [sorted(set((16 * generator.integers(bars, size=3)).tolist())) for _ in range(40)]
    meters = (Meter(0, 4, 4), Meter(250 * BAR, 3, 4), Meter(260 * BAR, 4, 4), Meter(500 * BAR + BAR // 2, 4, 4))
    tracks = [track([(a + k, a + k + 2, 60 + i + k) for a in rows for k in (0, 4)]) for i, rows in enumerate(starts)]
    music = score(*tracks, bars=bars, meters=meters)
    whole, _ = Melody(bars=16).streams(music)
    monkeypatch.setattr(time_grid, "MOST_TRACK_BARS", 0)
    narrow, _ = Melody(bars=16).streams(music)
    assert [stream.tracks for stream in narrow] == [stream.tracks for stream in whole]
    assert max(len(stream.bars) for stream in narrow) < bars
    for one, other in zip(narrow, whole, strict=True):
        assert windows_of(one) == windows_of(other)


def windows_of(stream: Stream) -> dict[int, bytes]:
    """The windows of 16 bars that something starts in, by the number of their first bar."""
    found = {}
    for bar in range(len(stream.bars) - 15):
        rows = stream.tokens[16 * bar : 16 * (bar + 16)]
        if stream.bars[bar + 15] - stream.bars[bar] == 15 and (rows > 1).any():
            found[int(stream.bars[bar])] = rows.tobytes() + stream.playing[:, bar : bar + 16].tobytes()
    return found


METERS = {
    "after a pickup": [(1, 2, 480)],
    "after 3/4": [(3, 2, 1440)],
    "after 5/4": [(5, 2, 2400)],
    "after half a bar": [(2, 2, 2880)],
    "after 4/4 and 3/4": [(4, 2, 1920), (3, 2, 1440)],
}


@pytest.mark.parametrize("early", [1, 10])
@pytest.mark.parametrize("before", METERS.values(), ids=METERS)
@pytest.mark.parametrize("name", list(REPRESENTATIONS))
def test_a_note_a_little_early_for_a_restart_is_moved_there(
    name: str, before: list[tuple[int, int, int]], early: int
) -> None:
    """A tune, a bass and hits from the first beat behind other meters on, that beat on time and early."""
    bar = sum(length for _, _, length in before)
    ticks = itertools.accumulate((length for _, _, length in before), initial=0)
    meters = [Meter(tick, top, 2**power) for tick, (top, power, _) in zip(ticks, before, strict=False)]

    def read(start: int) -> list[Stream]:
        beats = [(start, bar + 240), *((tick, tick + 240) for tick in range(bar + 480, bar + 3840, 480))]
        parts = [Notes.of((a, b, pitch, 80) for a, b in beats) for pitch in (72, 40, 36)]
        tracks = (Track(parts[0]), Track(parts[1], 33), Track(parts[2], is_drum=True))
        return REPRESENTATIONS[name](bars=1).streams(
            Score(480, tracks, bar + 3840, meters=(*meters, Meter(bar, 4, 4)))
        )[0]

    for moved, on_time in zip(read(bar - early), read(bar), strict=True):
        assert moved.bars.tolist() == on_time.bars.tolist()
        assert (moved.tokens == on_time.tokens).all()


def test_a_last_note_a_little_early_for_the_bar_line_stands_behind_it() -> None:
    rows = [(240 * n, 240 * n + 200, 60 + n, 80) for n in range(16)]
    score = Score(480, (Track(Notes.of([*rows, (3835, 3839, 90, 80)])),), 3839)
    (stream,) = Melody(bars=2).streams(score)[0]
    assert len(stream.bars) == 3 and stream.tokens[32, 0] == 90 - 21 + 2
    on_time = replace(score, tracks=(Track(Notes.of(rows)),))
    assert len(Melody(bars=2).streams(on_time)[0][0].bars) == 2
