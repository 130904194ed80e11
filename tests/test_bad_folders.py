"""Folders of MIDI files in which something is wrong: it costs what it must, and nothing else."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from musicae.corpus import preprocess as module
from musicae.corpus import process_pool as workers
from musicae.corpus.discover import discover
from musicae.corpus.preprocess import Annotations, preprocess
from musicae.errors import MusicaeError
from musicae.music.midi import midi_bytes
from musicae.music.representations import REPRESENTATIONS
from musicae.music.representations.base import Refusal, Stream
from musicae.music.representations.melody import Melody
from musicae.music.score import Score
from tests.helpers.corpora import dropped, ensemble, piece, shards, write_corpus
from tests.helpers.scores import scale, score, track, write_midi


class Deadly(Melody):
    """Melodies, but a piece with a track of the right name kills, hangs, or confuses its reader."""

    def streams(
        self, score: Score, asked: int | None = None, *, partial: bool = False
    ) -> tuple[list[Stream], list[Refusal]]:
        names = [part.name for part in score.tracks]
        if "kill" in names:
            os.kill(os.getpid(), signal.SIGKILL)
        if "hang" in names:
            time.sleep(1000)
        if "raise" in names:
            raise RuntimeError("never seen before")
        return super().streams(score)


def test_a_file_that_kills_or_hangs_its_reader_costs_that_file_only(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "SECONDS_PER_FILE", 1.0)
    bad = tmp_path / "bad"
    for name in ("kill", "hang", "raise"):
        write_midi(score(track(scale(4), name=name), bars=4), bad / f"{name}.mid")
    done: list[int] = []
    progress = _progress_into(done)
    manifest = preprocess([corpus, bad], tmp_path / "out", Deadly(bars=2), workers=2, progress=progress)
    assert manifest["files"]["kept"] == 12
    reasons = dropped(tmp_path / "out")
    assert [reasons[f"{name}.mid"] for name in ("kill", "hang", "raise")] == ["crashed"] * 3
    assert sum(done) == 19 + 20, "19 files are read, after 20 are found"


def _progress_into(done: list[int]) -> Any:
    from contextlib import contextmanager

    @contextmanager
    def progress(what: str, total: int) -> Any:
        yield done.append

    return progress


def test_a_reader_that_dies_at_its_start_is_no_files_fault(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    midi = write_corpus(tmp_path / "midi", [piece(0)])
    script.write_text(
        "from pathlib import Path; from musicae.corpus.preprocess import preprocess\n"
        "from musicae.music.representations.melody import Melody\n"
        f"preprocess([Path({str(midi)!r})], Path({str(tmp_path / 'out')!r}), Melody(bars=2), workers=1)\n"
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=120)
    assert "its reader died" in done.stderr and "__main__" in done.stderr


def mutants(count: int, seed: int) -> Iterable[bytes]:
    """MIDI files with bytes flipped, cut out, and repeated."""
    generator = np.random.default_rng(seed)
    originals = [midi_bytes(ensemble(number, bars=4)) for number in range(8)]
    for number in range(count):
        data = bytearray(originals[number % len(originals)])
        for _ in range(generator.choice([1, 1, 1, 2, 5])):
            start, length = int(generator.integers(len(data))), int(generator.integers(1, 40))
            match generator.integers(3):
                case 0:
                    data[start] = int(generator.integers(256))
                case 1:
                    del data[start : start + length]
                case _:
                    data[start:start] = data[start : start + length] * int(generator.integers(1, 4))
            data = data or bytearray(1)
        yield bytes(data)


@pytest.mark.parametrize("count", [300, pytest.param(10_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", REPRESENTATIONS)
def test_mutated_files_neither_crash_nor_hang(name: str, count: int, tmp_path: Path) -> None:
    (tmp_path / "midi").mkdir()
    for number, data in enumerate(mutants(count, seed=count)):
        (tmp_path / "midi" / f"{number}.mid").write_bytes(data)
    manifest = preprocess([tmp_path / "midi"], tmp_path / "out", REPRESENTATIONS[name](bars=2), workers=1)
    files = manifest["files"]
    assert files["found"] == count == files["kept"] + sum(files["dropped"].values())
    assert len(dropped(tmp_path / "out")) == count - files["kept"]
    assert "crashed" not in files["dropped"]


@pytest.mark.parametrize("change", ["altered", "gone"])
def test_a_file_that_changes_while_it_is_read_is_dropped_and_not_remembered(
    change: str, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FILES_PER_CHUNK", 4)
    shutil.copytree(corpus, tmp_path / "midi")
    victim = tmp_path / "midi" / "007.mid"
    kept = victim.read_bytes()

    def discovered(*arguments: Any, **options: Any) -> Any:
        found = discover(*arguments, **options)
        victim.write_bytes((corpus / "008.mid").read_bytes()) if change == "altered" else victim.unlink()
        return found

    monkeypatch.setattr(module, "discover", discovered)
    remaining: list[str] = []
    monkeypatch.setattr(
        module, "remove_dataset", lambda folder: remaining.extend(path.name for path in (folder / ".work").iterdir())
    )
    manifest = preprocess([tmp_path / "midi"], tmp_path / "out", Melody(bars=2), workers=1)
    assert dropped(tmp_path / "out")["007.mid"] == "changed"
    assert manifest["files"]["dropped"]["changed"] == 1
    (chunk,) = [name for name in remaining if name.endswith(".changed")]
    assert chunk.replace(".changed", ".npz") not in remaining, "nothing stands under the old digests"
    monkeypatch.undo()
    victim.unlink(missing_ok=True)
    assert (
        preprocess([tmp_path / "midi"], tmp_path / "without", Melody(bars=2), workers=1)["source"]
        == (manifest["source"])
    ), "the data set does not claim the old content"
    assert shards(tmp_path / "without").keys() == shards(tmp_path / "out").keys()
    victim.write_bytes(kept)
    with pytest.raises(MusicaeError, match="differs in source"):
        preprocess([tmp_path / "midi"], tmp_path / "out", Melody(bars=2), workers=1)


def test_leftovers_of_a_killed_run_are_no_foreign_files(corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / f".musicae-999999999-{'0' * 16}-0.tmp").touch()
    preprocess([corpus], tmp_path / "out", Melody(bars=2), workers=1)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "dropped.csv", "manifest.json", "test", "train", "validation",
    ]  # fmt: skip


def test_linked_folders_are_entered_once(corpus: Path, tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    shutil.copytree(corpus, outside)
    inside.mkdir()
    (inside / "link").symlink_to(outside)
    (inside / "again").symlink_to(outside)
    (outside / "back").symlink_to(inside)
    assert len(discover([inside], None).sources) == len(discover([corpus], None).sources)


def test_a_file_that_two_folders_have_keeps_its_label(corpus: Path) -> None:
    labels = [one.label_folder for one in discover([corpus], None).sources]
    assert "deep" in labels
    assert [one.label_folder for one in discover([corpus, corpus / "deep"], None).sources] == labels


def test_folders_that_cannot_be_read_are_counted(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = tmp_path / "corpus" / "closed"
    shutil.copytree(corpus, closed.parent)
    closed.mkdir()
    scan = os.scandir

    def refusing(path: Any) -> Any:
        if str(path) == str(closed):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refusing)
    outcome = discover([closed.parent], None).dropped[closed]
    assert outcome.reason == "unreadable" and "Permission denied" in outcome.detail


def test_damaged_files_are_counted_and_strict_reading_refuses_them(tmp_path: Path) -> None:
    folder = write_corpus(tmp_path / "corpus", [piece(seed) for seed in range(3)])
    path = sorted(folder.rglob("*.mid"))[0]
    path.write_bytes(path.read_bytes()[:-1])
    manifest = preprocess([folder], tmp_path / "out", Melody(bars=2), workers=1)
    assert manifest["files"]["kept"] == 3 and manifest["files"]["damaged"] == 1
    with pytest.raises(MusicaeError, match="is damaged") as failure:
        preprocess([folder], tmp_path / "strict", Melody(bars=2), workers=1, strict=True)
    assert failure.value.kind == "damaged-file"


def test_tracks_can_be_said_to_be_drums(tmp_path: Path) -> None:
    folder = write_corpus(
        tmp_path / "corpus",
        [score(track([(i, i + 1, (36, 38, 42, 46, 49, 51)[i % 6]) for i in range(32)], name="Kit"))],
    )
    representation = REPRESENTATIONS["drums"](bars=1)
    with pytest.raises(MusicaeError, match="none of 1 files"):
        preprocess([folder], tmp_path / "none", representation, workers=1)
    said = Annotations(drums=("kit",))
    manifest = preprocess([folder], tmp_path / "out", representation, annotations=said, workers=1)
    assert manifest["files"]["kept"] == 1 and manifest["drums"] == ["kit"]
    with pytest.raises(MusicaeError, match="differs in drums"):
        preprocess([folder], tmp_path / "out", representation, workers=1)
