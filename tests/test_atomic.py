"""Files are whole or absent."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from musicae.errors import MusicaeError
from musicae.storage.atomic import sweep, write_atomically, write_together
from musicae.storage.locks import hold


def test_files_are_written_whole_into_new_folders(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.bin"
    write_atomically(path, b"abc")
    assert path.read_bytes() == b"abc"
    assert [file.name for file in path.parent.iterdir()] == ["a.bin"]


def test_what_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.mid").mkdir()
    for path in (tmp_path / "file" / "a.mid", tmp_path / "folder.mid"):
        with pytest.raises(MusicaeError, match="cannot write"):
            write_atomically(path, b"abc")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["file", "folder.mid"]


def test_the_file_is_flushed_before_it_is_renamed_and_its_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda handle: done.append("folder" if os.path.isdir(handle) else "file"))
    rename = os.replace

    def replace(source: str, target: Path) -> None:
        done.append("rename")
        rename(source, target)

    monkeypatch.setattr(os, "replace", replace)
    write_atomically(tmp_path / "a.bin", b"abc")
    assert done == ["file", "rename", "folder"]


def leftover(folder: Path, process: int, group: str = "0" * 16, number: int = 0) -> Path:
    path = folder / f".musicae-{process}-{group}-{number}.tmp"
    path.write_bytes(b"half")
    return path


@pytest.fixture
def dead() -> int:
    """The number of a process that is no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_what_the_dead_left_goes_and_nothing_else(tmp_path: Path, dead: int) -> None:
    leftover(tmp_path, dead)
    kept = {leftover(tmp_path, os.getpid(), "2" * 16), tmp_path / ".mine.tmp", tmp_path / f".musicae-{dead}.tmp"}
    held = leftover(tmp_path, dead, "1" * 16)
    for path in kept:
        path.touch()
    with held.open("rb+") as file:
        assert hold(file.fileno())
        write_atomically(tmp_path / "a.bin", b"abc")
    assert set(tmp_path.iterdir()) == {*kept, held, tmp_path / "a.bin"}


def test_where_nobody_can_tell_who_holds_a_file_its_age_decides(
    tmp_path: Path, dead: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("musicae.storage.atomic.hold", lambda handle: None)
    young, old = leftover(tmp_path, dead), leftover(tmp_path, dead, "1" * 16)
    os.utime(old, (0, 0))
    sweep(tmp_path)
    assert young.exists() and not old.exists()


@pytest.mark.parametrize("edited", [False, True])
def test_of_files_written_together_one_alone_is_withdrawn_unless_somebody_works_on_it(
    edited: bool, tmp_path: Path, dead: int
) -> None:
    first, second = (leftover(tmp_path, dead, number=number) for number in (0, 1))
    os.utime(first, ns=(1, 1))
    os.link(first, tmp_path / "a.json")
    if edited:
        (tmp_path / "a.json").write_text("edited")
        os.utime(second, ns=(1, 1))
    sweep(tmp_path)
    assert not first.exists() and not second.exists()
    assert (tmp_path / "a.json").exists() == edited


def test_files_written_together_are_all_there_or_none(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"mine")
    files = {tmp_path / "a": b"1", tmp_path / "b": b"2"}
    assert not write_together(files, overwrite=False)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"b": b"mine"}
    assert write_together(files, overwrite=True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"1", "b": b"2"}


@pytest.mark.parametrize("overwrite", [True, False])
def test_where_there_are_no_links_names_are_taken_first(
    overwrite: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", none)
    files = {tmp_path / "a": b"1", tmp_path / "b": b"2"}
    assert write_together(files, overwrite=overwrite)
    assert write_together(files, overwrite=overwrite) == overwrite
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"1", "b": b"2"}


FULL_DISK = """
import resource, sys
from pathlib import Path
from musicae.storage.atomic import append, write_together
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
for write in (lambda: append(Path("lines"), b"x" * 600), lambda: write_together(
    {Path("a"): b"x" * 10, Path("b"): b"x" * 2000}, overwrite=True, outdated=[Path("old")]
)):
    try:
        write()
    except Exception as error:
        print(error.kind, error.message)
"""


def test_a_full_disk_takes_nothing_away(tmp_path: Path) -> None:
    before = {"lines": b"y" * 500, "a": b"1", "b": b"2", "old": b"3"}
    for name, content in before.items():
        (tmp_path / name).write_bytes(content)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, "-c", FULL_DISK]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=environment)
    assert done.stdout == "no-room cannot write lines: File too large\nno-room cannot write a: File too large\n"
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
