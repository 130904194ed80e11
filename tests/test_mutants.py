"""Thousands of damaged MIDI files through the readers of a data set: none stops them, all are accounted for."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import numpy as np
import pytest

from musicae.corpus.preprocess import preprocess
from musicae.corpus.shards import read_dropped
from musicae.music.midi import midi_bytes
from musicae.music.representations.base import Representation
from musicae.music.representations.melody import Melody
from musicae.music.representations.multitrack import Multitrack
from musicae.music.representations.trio import Trio
from tests.helpers.bombs import BOMBS, file_bytes, meter, program, tempo, tune
from tests.helpers.scores import band, score

MOST_MEMORY = 3 * 2**29
"""Bytes of a worker."""


def whole_files(generator: np.random.Generator) -> list[bytes]:
    """Files that nothing is wrong with."""
    files = []
    for number in range(12):
        notes = [(4 * k, 4 * k + 3, int(generator.integers(40, 80))) for k in range(64)]
        files.append(midi_bytes(score(*band(notes), bars=16)))
        rows = [tempo(0, 400_000), meter(0, 4, 2), meter(1920 * number, 3, 2), *program(33, 1), *tune(16), *tune(16, 1)]
        files.append(file_bytes(rows, tune(16, 9)))
    return files


def mutant(files: list[bytes], generator: np.random.Generator) -> bytes:
    """One of the files, damaged once to eight times."""
    data = bytearray(files[generator.integers(len(files))])
    for _ in range(int(generator.integers(1, 9))):
        place, kind = int(generator.integers(len(data) + 1)), generator.integers(6)
        length = int(generator.integers(1, 40))
        if kind == 0:
            data[place : place + 1] = generator.bytes(1)
        elif kind == 1:
            data[place : place + length] = generator.bytes(length)
        elif kind == 2:
            del data[place : place + length]
        elif kind == 3:
            data[place:place] = generator.bytes(length)
        elif kind == 4:
            data[place:place] = bytes([0xFF]) * length
        else:
            other = files[generator.integers(len(files))]
            start = int(generator.integers(len(other)))
            data[place : place + length] = other[start : start + 10 * length]
    return bytes(data)


@pytest.mark.slow
@pytest.mark.parametrize(("representation", "count"), [(Trio(bars=4), 30_000), (Multitrack(bars=1), 3_000)], ids=str)
def test_mutants_cost_themselves_alone(representation: Representation, count: int, tmp_path: Path) -> None:
    generator = np.random.default_rng(count)
    files = whole_files(generator)
    for number in range(count):
        folder = tmp_path / "midi" / str(number % 100)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.mid").write_bytes(mutant(files, generator))
    manifest = preprocess([tmp_path / "midi"], tmp_path / "data", representation, workers=2)
    dropped = read_dropped(tmp_path / "data")
    assert manifest["files"]["found"] == count
    assert manifest["files"]["kept"] + len(dropped) == count
    assert not [row for row in dropped if row["reason"] == "crashed"]
    assert worker_memory() < MOST_MEMORY


@pytest.mark.slow
@pytest.mark.parametrize(
    "representation", [Melody(bars=2), Melody(bars=64), Trio(bars=4), Multitrack(bars=1, chords=True)], ids=str
)
def test_bombs_cost_themselves_alone(representation: Representation, tmp_path: Path) -> None:
    for name, write in BOMBS.items():
        path = tmp_path / "midi" / f"{name}.mid"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(write())
    notes = [(4 * k, 4 * k + 3, 40 + 7 * k % 31) for k in range(64 * 20)]
    (tmp_path / "midi" / "music.mid").write_bytes(midi_bytes(score(*band(notes), bars=320)))
    manifest = preprocess([tmp_path / "midi"], tmp_path / "data", representation, workers=1)
    dropped = {Path(row["path"]).stem for row in read_dropped(tmp_path / "data")}
    assert manifest["files"]["found"] == len(BOMBS) + 1
    assert "music" not in dropped
    assert worker_memory() < MOST_MEMORY


def worker_memory() -> int:
    """Bytes that a process which this one has started took at most."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
