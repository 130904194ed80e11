"""Data from packages: tunes and grooves."""

from __future__ import annotations

import csv
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from musicae.corpus import builtin as build
from musicae.corpus.builtin import TUNES, build_grooves, build_tunes, chart, groove_names, measure_starts, tune_score
from musicae.corpus.splits import SplitsFile
from musicae.errors import MusicaeError
from musicae.music.representations.melody import Melody
from musicae.music.score import Meter

DATA = Path(build.__file__).parents[2] / "data"

REEL = """X: 1
T: With a pickup, a tie, a triplet, a grace note, and a repeat that cuts a bar
M: C|
L: 1/8
K: C
G2|c4 e2g2|(3ABc {d}c2 c4-|c4 g2:|
e2|c8|]
"""

JIG = """X: 1
M: 6/8
L: 1/8
K: C
G|c2e ged|ceg c'2:|
"""


@pytest.mark.parametrize(
    "lengths, starts",
    [
        ([4, 4, 4], [0, 4, 8]),
        ([1, 4, 4], [3, 4, 8]),
        ([1, 4, 3, 1, 4, 3], [3, 4, 8, 11, 12, 16]),
        ([4, 3, 4], [0, 4, 8]),
        ([4, 1, 4], [0, 7, 8]),
        ([3, 4], [0, 4]),
        ([4, 6, 4], [0, 4, 12]),
        ([], []),
    ],
)
def test_whole_measures_start_on_bar_lines(lengths: list[int], starts: list[int]) -> None:
    assert measure_starts([Fraction(length) for length in lengths], Fraction(4)) == starts


def test_measures_of_a_jig_start_on_its_bar_lines() -> None:
    lengths = [Fraction(eighths, 2) for eighths in (1, 6, 5, 1, 6)]
    assert measure_starts(lengths, Fraction(3)) == [Fraction(5, 2), 3, 6, Fraction(17, 2), 9]


def test_a_tune_becomes_a_score() -> None:
    converter = pytest.importorskip("music21.converter")
    (track,) = tune_score(converter.parse(REEL, format="abc").parts[0]).tracks
    sixteenths = [(start / 120, (end - start) / 120, pitch) for start, end, pitch, _ in track.notes.rows()]
    assert sixteenths[:4] == [(12, 4, 67), (16, 8, 72), (24, 4, 76), (28, 4, 79)]
    assert [pitch for _, _, pitch in sixteenths[4:7]] == [69, 71, 72]
    assert sixteenths[7:] == [(36, 4, 72), (40, 16, 72), (56, 4, 79), (60, 4, 76), (64, 16, 72)]


def test_a_jig_becomes_a_score_in_its_meter() -> None:
    converter = pytest.importorskip("music21.converter")
    jig = tune_score(converter.parse(JIG, format="abc").parts[0])
    assert jig.meters == (Meter(0, 6, 8),)
    (stream,), _ = Melody(bars=2, meter="3/4").streams(jig)
    assert stream.tokens[12:24, 0].tolist() == [53, 0, 0, 0, 57, 0, 60, 0, 57, 0, 55, 0]


@pytest.mark.parametrize("meter", TUNES)
def test_the_splits_of_tunes_are_a_splits_file(meter: str) -> None:
    splits = SplitsFile(TUNES[meter])
    with TUNES[meter].open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len({row["path"] for row in rows}) == len(rows)
    assert {splits(Path(), Path(row["path"])) for row in rows} == {0, 1, 2}


@pytest.mark.parametrize(("name", "rows_per_bar"), [("tunes", 16), ("tunes-triple", 12)])
def test_the_committed_tunes_are_small_and_held_out(name: str, rows_per_bar: int) -> None:
    product = DATA / name
    files = [path for path in product.rglob("*") if path.is_file()]
    assert 0 < sum(path.stat().st_size for path in files) < 2_000_000
    seen: set[bytes] = set()
    for split in ("train", "validation", "test"):
        tokens, offsets = (np.load(product / split / f"{name}.npy") for name in ("tokens", "offsets"))
        windows = {tokens[row : row + 2 * rows_per_bar].tobytes() for row in offsets}
        assert windows and not windows & seen
        seen |= windows


def test_grooves_are_found_in_files_of_four_beats(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "swing.mma").write_text("Time 4\nDefGroove Swing  Swings.\nTime 4\n  defgroove Swing-End\n")
    (tmp_path / "lib" / "waltz.mma").write_text("Time 3\nDefGroove Waltz\n")
    (tmp_path / "lib" / "mixed.mma").write_text("Time 4\nDefGroove A\nTime 3\nDefGroove B\n")
    (tmp_path / "lib" / "drums.mma").write_text("// no time at all\n")
    assert list(groove_names(tmp_path)) == [("lib/swing", "Swing"), ("lib/swing", "Swing-End")]


def test_a_chart_repeats_its_progression() -> None:
    lines = chart("lib/swing", "Swing", "C | F / G").splitlines()
    assert lines[2:6] == ["Groove lib/swing:Swing", "1 C", "2 F / G", "3 C"]
    assert lines[-1] == "16 F / G"


def test_grooves_are_rendered_once(tmp_path: Path) -> None:
    pytest.importorskip("mma")
    (path,) = build_grooves(tmp_path, grooves=1)
    written = path.stat().st_mtime_ns
    assert path.read_bytes()[:4] == b"MThd"
    assert build_grooves(tmp_path, grooves=1) == [path]
    assert path.stat().st_mtime_ns == written


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "music21.converter", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for package, call in (("music21", build_tunes), ("mma", build_grooves)):
        with pytest.raises(MusicaeError, match=f"the package {package} is not installed") as error:
            call(tmp_path / "out")
        assert "musicae[corpus]" in error.value.hint
