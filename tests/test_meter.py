"""Bars of any meter: which others they hold, and which there are not."""

import pytest

from musicae.errors import MusicaeError
from musicae.music.meter import SIXTEENTHS, TWENTY_FOURTHS, meter_argument
from musicae.music.representations.melody import Melody
from musicae.music.representations.multitrack import Multitrack
from musicae.music.representations.time_grid import TimeGrid
from musicae.music.score import Meter, Notes, Score, Track

EIGHTH = 240


@pytest.mark.parametrize(
    ("meter", "steps"), [("4/4", 16), ("3/4", 12), ("6/8", 12), ("5/4", 20), ("7/8", 14), ("12/8", 24), (" 2 / 2 ", 16)]
)
def test_a_bar_has_four_steps_a_quarter(meter: str, steps: int) -> None:
    bar = SIXTEENTHS.with_meter(meter)
    assert (bar.steps, TWENTY_FOURTHS.with_meter(meter).steps) == (steps, 6 * steps)
    assert bar.ticks(480) == 120 * steps
    assert bar.meter == meter.replace(" ", "")


@pytest.mark.parametrize(
    "meter", ["", "4", "0/4", "4/0", "3/5", "17/8", "100/4", "9/4", "-3/4", "3/4/4", "three", "1/32"]
)
def test_what_is_no_bar_is_refused(meter: str) -> None:
    with pytest.raises(MusicaeError, match="there are no bars of"):
        SIXTEENTHS.with_meter(meter)


def test_a_bar_holds_those_as_long_and_halves_and_quarters_of_it() -> None:
    held = {meter: SIXTEENTHS.with_meter(meter).held() for meter in ("4/4", "3/4", "12/8")}
    assert held["4/4"] == ["4/4", "2/2", "2/4", "1/4"]
    assert held["3/4"] == ["3/4", "6/8", "3/8"]
    assert held["12/8"] == ["6/4", "3/2", "12/8", "3/4", "6/8", "3/8"]


def test_four_quarters_are_not_said() -> None:
    assert Melody(bars=2).arguments == {"bars": 2} == Melody(bars=2, meter="4/4").arguments
    assert Melody(bars=2, meter="3/4").arguments == {"bars": 2, "meter": "3/4"}
    assert meter_argument(SIXTEENTHS) == {}
    assert str(Melody(bars=2, meter="3/4")) == "melody of 2 bars of 3/4"


def jig(bars: int) -> Score:
    """Two dotted quarters a bar, in 6/8."""
    rows = [(3 * EIGHTH * beat, 3 * EIGHTH * (beat + 1), 60 + beat % 7, 90) for beat in range(2 * bars)]
    return Score(480, (Track(Notes.of(rows)),), bars * 6 * EIGHTH, meters=(Meter(0, 6, 8),))


def test_a_jig_is_read_in_bars_of_three_quarters_and_not_of_four() -> None:
    (stream,), refusals = Melody(bars=2, meter="3/4").streams(jig(4))
    assert (len(stream.bars), refusals) == (4, [])
    assert stream.tokens[:12, 0].nonzero()[0].tolist() == [0, 6]
    none, why = Melody(bars=2).streams(jig(4))
    assert not none
    assert why[0].remedy == "needs bars of four quarters, and bars 1 to 4, counted from 1, are in 6/8"


def test_what_is_decoded_has_the_meter() -> None:
    assert Melody(bars=2, meter="6/8").decode(Melody(bars=2, meter="6/8").encode(jig(2))).meters == (Meter(0, 6, 8),)


def test_four_quarters_between_waltzes_are_cut_out() -> None:
    meters = (Meter(0, 3, 4), Meter(2 * 1440, 4, 4), Meter(2 * 1440 + 1920, 3, 4))
    music = Score(
        480, (Track(Notes.of([(0, 480, 60, 90), (6000, 6400, 64, 90)])),), 2 * 1440 + 1920 + 1440, meters=meters
    )
    grid = TimeGrid(music, SIXTEENTHS.with_meter("3/4"))
    assert grid.bars.tolist() == [0, 1, 3]
    assert grid.ticks(grid.bars).tolist() == [0, 1440, 2 * 1440 + 1920]


def test_bars_of_events_have_four_quarters_at_most() -> None:
    with pytest.raises(MusicaeError, match="has at most four quarters"):
        Multitrack(bars=1, meter="5/4")
