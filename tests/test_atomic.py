"""Files are whole or absent."""

import os
from pathlib import Path

import pytest

from musicae.errors import MusicaeError
from musicae.storage.atomic import write_atomically


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
