"""Files are whole or not there."""

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
