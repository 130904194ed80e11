"""Two runs do not share an output, and what a dead process held is free."""

from __future__ import annotations

import errno
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from musicae.corpus.dataset import Dataset
from musicae.corpus.preprocess import preprocess
from musicae.errors import MusicaeError
from musicae.music.representations.melody import Melody
from musicae.storage.locks import exclusive
from musicae.verbs.train import training_in
from tests.helpers.commands import Run, assert_fails, melody
from tests.helpers.scores import write_midi

HOLDER = "import sys, time; from pathlib import Path; from musicae.storage.locks import exclusive\n" + (
    "with exclusive(Path('out/lock'), Path('out')): print('held', flush=True); time.sleep(60)"
)
"""A process that works in out/ until it is killed."""


def refused() -> bool:
    try:
        with exclusive(Path("out/lock"), Path("out")):
            return False
    except MusicaeError as error:
        assert error.kind == "busy" and "is working on out" in error.message
        return True


def no_flock(*_: object) -> None:
    raise OSError(errno.ENOTSUP, "Operation not supported")


@pytest.mark.parametrize("flock", [True, False])
def test_a_lock_is_held_by_a_living_process_only(flock: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    root = Path(__file__).parents[1]
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(root)}
    ) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
        if not flock:
            monkeypatch.setattr("fcntl.flock", no_flock)
        assert refused()
        holder.kill()
    assert Path("out/lock").exists()
    assert not refused()
    assert not Path("out/lock").exists()


def test_without_locks_of_the_system_another_machine_is_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("fcntl.flock", no_flock)
    Path("out").mkdir()
    for holder, busy in (("1 elsewhere", True), (f"999999999 {platform.node()}", False), ("", False)):
        Path("out/lock").write_text(holder)
        assert refused() == busy


def test_a_lock_that_was_removed_is_not_that_of_the_next_run(tmp_path: Path) -> None:
    path = tmp_path / "work" / "lock"
    with exclusive(path, tmp_path):
        shutil.rmtree(path.parent)
        with exclusive(path, tmp_path):
            pass
        ours = exclusive(path, tmp_path)
        ours.__enter__()
    with pytest.raises(MusicaeError, match="is working on"), exclusive(path, tmp_path):
        pass
    ours.__exit__(None, None, None)


def test_folders_that_nothing_came_into_do_not_stay(tmp_path: Path) -> None:
    with exclusive(tmp_path / "new" / "training" / "lock", tmp_path / "new"):
        pass
    assert not (tmp_path / "new").exists()


def test_a_second_training_and_a_second_preprocess_are_refused(run: Run, data: Dataset, tmp_path: Path) -> None:
    write_midi(melody(), tmp_path / "midi" / "a.mid")
    with training_in(Path("m")), exclusive(Path("d/.work/lock"), Path("d")):
        assert_fails(run("train", data.folder, "-o", "m"), f"process {os.getpid()}", "is working on m", "-o")
        assert_fails(run("train", "--resume", "m"), "m")
        assert_fails(run("preprocess", "midi", "-o", "d"), f"process {os.getpid()}", "is working on d", "-o")
        with pytest.raises(MusicaeError, match="is working on d"):
            preprocess([Path("midi")], Path("d"), Melody(bars=2))
    assert run("preprocess", "midi", "-o", "d").code == 0
