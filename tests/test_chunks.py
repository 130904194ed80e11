"""Chunks of files: what they cost, what goes wrong in them, and what is kept of them."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from musicae.corpus import chunks
from musicae.corpus.chunk_file import Chunk, digest_of
from musicae.corpus.chunks import Reading, read_chunk
from musicae.errors import MusicaeError
from musicae.music.representations.melody import Melody
from musicae.music.representations.multitrack import Multitrack
from musicae.music.score import Meter
from tests.helpers.bombs import BAR, file_bytes, note, program, tune
from tests.helpers.scores import BAR as SCORE_BAR
from tests.helpers.scores import band, score, track, write_midi

MIB = 2**20


def found(paths: list[Path]) -> list[tuple[Path, str]]:
    return [(path, digest_of(path.read_bytes())) for path in paths]


def read(paths: list[Path], reading: Reading, result: Path) -> Chunk:
    read_chunk(found(paths), reading, lambda _: None, {}, result)
    return Chunk.load(result)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Four files, of more and more bars."""
    paths = [tmp_path / f"{bars}.mid" for bars in (4, 6, 9, 12)]
    for path in paths:
        bars = int(path.stem)
        write_midi(score(*band([(4 * k, 4 * k + 3, 50 + k * 7 % 31) for k in range(4 * bars)]), bars=bars), path)
    return paths


@pytest.mark.parametrize("reading", [Reading(Melody(bars=2)), Reading(Melody(bars=2), "density")])
def test_a_chunk_does_not_depend_on_how_much_is_held(
    files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reading: Reading
) -> None:
    at_once = read(files, reading, tmp_path / "a.npz")
    monkeypatch.setattr(chunks, "CELLS", 10)
    bit_by_bit = read(files, reading, tmp_path / "b.npz")
    assert at_once.outcomes == bit_by_bit.outcomes
    assert all(outcome.usable for outcome in at_once.outcomes)
    for name, value in vars(at_once).items():
        if name not in ("tokens", "outcomes"):
            np.testing.assert_array_equal(value, getattr(bit_by_bit, name), err_msg=name)
    np.testing.assert_array_equal(at_once.tokens[0][:], bit_by_bit.tokens[0][:])


def test_a_chunk_whose_only_file_takes_too_much_is_empty(
    files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = chunks._windows_of

    def short_of_memory(streams: Any, *more: Any) -> Any:
        if streams:
            raise MemoryError("no room")
        return real(streams, *more)

    monkeypatch.setattr(chunks, "_windows_of", short_of_memory)
    found = read(files[:1], Reading(Melody(bars=2)), tmp_path / "a.npz")
    assert [outcome.reason for outcome in found.outcomes] == ["crashed"] and not len(found.exact)


def test_a_file_whose_windows_take_too_much_costs_that_file_only(
    files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = Reading(Melody(bars=2))
    whole, real = read(files, reading, tmp_path / "a.npz"), chunks._windows_of

    def short_of_memory(streams: Any, *more: Any) -> Any:
        if any(position == 2 for position, _ in streams):
            raise MemoryError("no room")
        return real(streams, *more)

    monkeypatch.setattr(chunks, "_windows_of", short_of_memory)
    found = read(files, reading, tmp_path / "b.npz")
    assert [outcome.reason for outcome in found.outcomes] == ["", "", "crashed", ""]
    assert found.outcomes[2].detail == "MemoryError: no room"
    kept = whole.window_file != 2
    np.testing.assert_array_equal(found.exact, whole.exact[kept])
    assert [found.outcomes[i] for i in (0, 1, 3)] == [whole.outcomes[i] for i in (0, 1, 3)]


def test_what_is_held_does_not_grow_with_the_files_of_a_chunk(tmp_path: Path) -> None:
    """A multitrack bar has 2 KB of tokens, so that these files have 20 MB."""
    paths = [tmp_path / f"{number}.mid" for number in range(5)]
    for number, path in enumerate(paths):
        shifted = [e for i in range(2_000) for e in note(BAR * i, BAR * i + 240, 40 + (i * (number + 3)) % 40, 1)]
        path.write_bytes(file_bytes(program(0) + tune(2_000), program(40, 1) + shifted))
    reading = Reading(Multitrack(bars=1))
    tracemalloc.start()
    for some in (paths[:1], paths):
        tracemalloc.reset_peak()
        read_chunk(found(some), reading, lambda _: None, {}, tmp_path / f"{len(some)}.npz")
        peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert Chunk.load(tmp_path / "5.npz").bars == 5 * 2_000
    assert peak < 60 * MIB


@pytest.mark.parametrize("left", [-1, 0, None])
def test_a_chunk_whose_tokens_are_cut_off_is_refused(files: list[Path], tmp_path: Path, left: int | None) -> None:
    read(files, Reading(Melody(bars=2)), tmp_path / "a.npz")
    tokens = tmp_path / "a.tokens"
    tokens.unlink() if left is None else tokens.write_bytes(tokens.read_bytes()[:left])
    with pytest.raises(MusicaeError, match="damaged"):
        Chunk.load(tmp_path / "a.npz")


def test_a_bar_in_another_meter_does_not_hide_what_is_missing(tmp_path: Path) -> None:
    drums = score(track([(4 * i, 4 * i + 1, 36) for i in range(32)], is_drum=True), bars=8)
    for name, meters in (("a", ()), ("b", (Meter(6 * SCORE_BAR, 3, 4),)), ("c", (Meter(0, 3, 4),))):
        write_midi(replace(drums, meters=(*drums.meters[: name != "c"], *meters)), tmp_path / f"{name}.mid")
    paths = [tmp_path / f"{name}.mid" for name in "abc"]
    outcomes = read(paths, Reading(Melody(bars=2)), tmp_path / "a.npz").outcomes
    assert [outcome.reason for outcome in outcomes] == ["no melody", "no melody", "other meter"]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not an archive", "copy"])
def test_a_damaged_chunk_is_refused(files: list[Path], tmp_path: Path, content: bytes | str) -> None:
    path = tmp_path / "a.npz"
    read(files, Reading(Melody(bars=2)), path)
    path.write_bytes(content if isinstance(content, bytes) else path.read_bytes()[:-40])
    with pytest.raises(MusicaeError, match="damaged"):
        Chunk.load(path)
