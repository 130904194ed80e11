"""Several machines make the data set that one makes."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from musicae.corpus import preprocess as preprocessing
from musicae.corpus.preprocess import preprocess
from musicae.errors import MusicaeError
from musicae.music.midi import midi_bytes
from musicae.music.representations.melody import Melody
from tests.helpers.commands import Run

REPRESENTATION = Melody(bars=2)
pytestmark = pytest.mark.filterwarnings("default")  # the package's own


@pytest.fixture
def midi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(preprocessing, "FILES_PER_CHUNK", 2)
    folder = tmp_path / "midi"
    folder.mkdir()
    for seed in range(24):
        music = Melody(bars=8).generate(np.random.default_rng(seed))
        (folder / f"{seed}.mid").write_bytes(midi_bytes(music))
    return folder


@pytest.fixture
def cluster() -> Iterator[Any]:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        yield cluster


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_workers_of_a_scheduler_make_the_same_bytes(midi: Path, cluster: Any, tmp_path: Path) -> None:
    preprocess([midi], tmp_path / "here", REPRESENTATION, workers=1)
    preprocess([midi], tmp_path / "there", REPRESENTATION, workers=cluster.scheduler_address)
    assert contents(tmp_path / "there") == contents(tmp_path / "here")


def test_a_worker_that_is_killed_costs_nothing(midi: Path, cluster: Any, tmp_path: Path) -> None:
    killed: list[int] = []

    @contextmanager
    def progress(what: str, total: int) -> Iterator[Callable[[int], None]]:
        def advance(done: int) -> None:
            if what == "reading" and done and not killed:
                killed.append(next(iter(cluster.workers.values())).process.pid)
                os.kill(killed[0], signal.SIGKILL)

        yield advance

    preprocess([midi], tmp_path / "here", REPRESENTATION, workers=1)
    preprocess([midi], tmp_path / "there", REPRESENTATION, workers=cluster.scheduler_address, progress=progress)
    assert killed
    assert contents(tmp_path / "there") == contents(tmp_path / "here")


def test_a_scheduler_without_workers_is_not_waited_for(midi: Path, tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    nobody = distributed.LocalCluster(n_workers=0, dashboard_address=None)
    with nobody, pytest.raises(MusicaeError, match="has no workers"):
        preprocess([midi], tmp_path / "out", REPRESENTATION, workers=nobody.scheduler_address)


def test_where_no_scheduler_answers_is_said(midi: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("musicae.corpus.dask_pool.SECONDS_TO_CONNECT", 0.2)
    for address in ("tcp://127.0.0.1:9", "nowhere"):
        with pytest.raises(MusicaeError, match=f"no dask scheduler answers at {address}"):
            preprocess([midi], tmp_path / "out", REPRESENTATION, workers=address)


def test_a_missing_package_is_said(midi: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MusicaeError, match="distributed is not installed") as error:
        preprocess([midi], tmp_path / "out", REPRESENTATION, workers="tcp://127.0.0.1:9")
    assert "musicae[dask]" in error.value.hint


def test_an_engine_and_its_scheduler_belong_together(run: Run, midi: Path) -> None:
    for words in (("--engine", "dask"), ("--scheduler", "tcp://a:1"), ("--engine", "ray")):
        assert run("preprocess", midi, *words).code == 2
    both = ("--engine", "dask", "--scheduler", "tcp://127.0.0.1:9", "--workers", 2)
    assert run("preprocess", midi, *both).code == 2


class Deadly(Exception):
    """What dask says of a task that killed several workers."""


class Future:
    """A task that was read at once, or kills whoever reads it."""

    def __init__(self, work: Callable[[], str], deadly: bool) -> None:
        self.error: Exception | None = Deadly() if deadly else None
        self.answer = "" if deadly else work()

    def exception(self) -> Exception | None:
        return self.error

    def result(self) -> str:
        return self.answer


def test_what_kills_workers_is_read_here(midi: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for dask: of twelve chunks, two kill every worker."""

    class Client:
        def __init__(self, scheduler: str, timeout: float) -> None:
            self.count = 0

        def __enter__(self) -> Client:
            return self

        def __exit__(self, *error: object) -> None:
            pass

        def run(self, function: Callable[[str], bool], path: str) -> dict[str, bool]:
            return {"worker": function(path)}

        def submit(self, function: Callable[..., str], *words: Any, pure: bool) -> Future:
            self.count += 1
            return Future(lambda: function(*words), deadly=self.count in (1, 5))

    stand_in = SimpleNamespace(Client=Client, as_completed=list, KilledWorker=Deadly)
    monkeypatch.setitem(sys.modules, "distributed", stand_in)
    preprocess([midi], tmp_path / "here", REPRESENTATION, workers=1)
    preprocess([midi], tmp_path / "there", REPRESENTATION, workers="tcp://127.0.0.1:9")
    assert contents(tmp_path / "there") == contents(tmp_path / "here")
