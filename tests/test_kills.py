"""Killed at any rename, the same command goes on, to the same bytes, and leaves no temporary file."""

from __future__ import annotations

from pathlib import Path

import pytest

from musicae.corpus.dataset import Dataset
from musicae.music.transposition import moved_into
from tests.helpers.commands import melody
from tests.helpers.kills import Again, kill_everywhere
from tests.helpers.scores import write_midi


@pytest.fixture
def songs(tmp_path: Path) -> Path:
    for number in range(8):
        write_midi(moved_into(melody(), number).score, tmp_path / "songs" / f"{number}.mid")
        (tmp_path / "songs" / f"{number}.txt").write_text("words")
    (tmp_path / "songs" / "damaged.mid").write_text("not MIDI")
    return tmp_path / "songs"


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def assert_goes_on(found: list[Again], renames: int) -> list[dict[str, bytes]]:
    """What every run left, in the end."""
    *killed, whole = found
    assert len(killed) >= renames
    for again in found:
        assert again.code == 0, (again.number, (again.folder / "err").read_text())
        assert again.temporary == [], again.number
    return [files(again.folder / "out") for again in (*killed, whole)]


def test_preprocess(songs: Path, tmp_path: Path) -> None:
    found = kill_everywhere(["preprocess", str(songs), "-o", "out"], tmp_path / "runs")
    *killed, whole = assert_goes_on(found, renames=9)
    assert all(left == whole for left in killed)


@pytest.mark.slow
def test_train(data: Dataset, tmp_path: Path) -> None:
    small = [f"--set={part}.{knob}" for part, knob in (
        ("embedding", "size=4"), ("encoder", "hidden=8"), ("decoder", "hidden=8"), ("training", "validate_every=2"),
    )]  # fmt: skip
    command = ["train", str(data.folder), "-o", "out", "--updates", "4", "--precision", "float32", *small]
    found = kill_everywhere(command, tmp_path / "runs")
    *killed, whole = assert_goes_on(found, renames=11)
    for name in ("model.safetensors", "config.json", "attributes.safetensors", "metrics.jsonl"):
        assert all(left[name] == whole[name] for left in killed), name
    assert all(left.keys() == whole.keys() for left in killed)


@pytest.mark.parametrize("output", ["out/x.mid", pytest.param("out/", marks=pytest.mark.slow)])
def test_clips(songs: Path, shelf: Path, tmp_path: Path, output: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUSICAE_MODELS", str(shelf))
    command = ["reconstruct", str(songs / "0.mid"), "-o", output]
    *killed, whole = assert_goes_on(kill_everywhere(command, tmp_path / "runs"), renames=2)
    assert all(left == whole for left in killed), "a recipe without its clip is taken back"


@pytest.mark.slow
def test_several_clips_into_a_folder(shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUSICAE_MODELS", str(shelf))
    command = ["sample", "-n", "3", "--seed", "1", "-o", "out/"]
    *killed, whole = assert_goes_on(kill_everywhere(command, tmp_path / "runs"), renames=6)
    for number, left in enumerate(killed):
        assert len(left) == len(whole) + number // 2 * 2, "what was whole stays, and is not overwritten"
        assert {Path(name).stem for name in left if name.endswith(".mid")} == {
            Path(name).stem for name in left if name.endswith(".json")
        }


def test_codes(songs: Path, shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUSICAE_MODELS", str(shelf))
    command = ["encode", str(songs / "0.mid"), "-o", "out/z.json"]
    *killed, whole = assert_goes_on(kill_everywhere(command, tmp_path / "runs"), renames=1)
    assert all(left == whole for left in killed)
