"""Names of outputs: none overwrites another, and what cannot be written is refused beforehand."""

from __future__ import annotations

from pathlib import Path

import pytest

from musicae.errors import MusicaeError
from musicae.storage import output_paths


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(output: str | None, *labels: str) -> list[str]:
    return [str(path) for path in output_paths.names(output, "morph", labels, ".mid")]


def test_in_a_folder_names_take_the_first_numbers_that_are_all_free(folder: Path) -> None:
    (folder / "morph-000.mid").touch()
    (folder / "morph-002-before.json").touch()
    assert names(None, "") == ["morph-001.mid"]
    assert names(None, "", "after") == ["morph-003.mid", "morph-004-after.mid"]
    assert names("new/", "") == ["new/morph-000.mid"]


def test_a_file_gets_a_suffix_and_its_siblings_numbers() -> None:
    assert names("x", "joined", "", "") == ["x.mid", "x-001.mid", "x-002.mid"]
    assert names("v1.2", "") == ["v1.2.mid"]
    assert names("x.midi", "") == ["x.midi"]


def test_no_label_leads_out_of_the_folder() -> None:
    assert names(None, "../a") == ["morph-000-.._a.mid"]


def refused(output: str, *, inputs: tuple[str, ...] = (), force: bool = False) -> str:
    with pytest.raises(MusicaeError) as caught:
        output_paths.check(output, [""], ".mid", inputs=inputs, force=force)
    return caught.value.kind


def test_files_that_exist_are_refused_unless_forced(folder: Path) -> None:
    (folder / "x.json").touch()
    assert refused("x.mid") == "exists"
    output_paths.check("x.mid", [""], ".mid", force=True)


def test_what_is_read_is_not_overwritten_even_if_forced(folder: Path) -> None:
    (folder / "x.json").touch()
    assert refused("x.mid", inputs=("x.json",), force=True) == "is-input"


def test_what_cannot_be_written_is_refused_beforehand(folder: Path) -> None:
    (folder / "file").touch()
    (folder / "x.mid").mkdir()
    assert refused("file/x.mid") == "cannot-write"
    with pytest.raises(MusicaeError, match="it is not a file"):
        output_paths.check_file(folder / "x.mid", force=True)
