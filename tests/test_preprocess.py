"""Folders of MIDI to data sets: what is kept, how it is split, and that nothing on the way changes it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from musicae.cli.app import app
from musicae.cli.commands.preprocess import RepresentationName
from musicae.corpus import preprocess as module
from musicae.corpus import process_pool as workers
from musicae.corpus.labels import CLASSES, FOLDER
from musicae.corpus.policy import policy_of
from musicae.corpus.preprocess import Annotations, preprocess
from musicae.corpus.windows import drop_leading_note_offs, onsets, rows_per_bar
from musicae.errors import MusicaeError
from musicae.music.midi import midi_bytes
from musicae.music.representations import REPRESENTATIONS
from musicae.music.representations.base import Representation
from musicae.music.representations.melody import Melody
from musicae.music.score import Meter, Score, Tempo
from musicae.music.transposition import moved_into
from tests.helpers.commands import Run
from tests.helpers.corpora import dropped, ensemble, piece, shards, tune, write_corpus
from tests.helpers.scores import BAR, score, track, write_midi


def write_csv(path: Path, rows: list[tuple[str, str]]) -> Path:
    path.write_text("path,split\n" + "".join(f"{name},{split}\n" for name, split in rows))
    return path


def windows(output: Path, split: str, representation: Representation) -> set[bytes]:
    """The settled windows of a split, as bytes."""
    tokens, offsets = (np.load(output / split / f"{name}.npy") for name in ("tokens", "offsets"))
    assert offsets.dtype == np.uint32 and tokens.itemsize == (1 if representation.name == "melody" else 2)
    found = {
        drop_leading_note_offs(tokens[row : row + representation.window], representation.shape)
        .astype(np.int16)
        .tobytes()
        for row in offsets
    }
    assert len(found) == len(offsets)
    return found


def test_every_file_and_window_is_accounted_for(corpus: Path, tmp_path: Path) -> None:
    manifest = preprocess([corpus], tmp_path / "out", Melody(bars=2), workers=1)
    assert manifest["files"]["found"] == 17
    assert manifest["files"]["kept"] == manifest["songs"] == 12
    assert dropped(tmp_path / "out") == {
        "text.mid": "unreadable",
        "empty.MIDI": "unreadable",
        "drums.mid": "no melody",
        "jig.mid": "other meter",
        "copy.mid": "copy",
    }
    assert sum(manifest["files"]["dropped"].values()) == 5
    assert manifest["windows"]["found"] == manifest["windows"]["kept"] == 12 * 7
    assert {name: counts["files"] for name, counts in manifest["splits"].items()} == {
        "train": 10,
        "validation": 1,
        "test": 1,
    }
    assert json.loads((tmp_path / "out" / "manifest.json").read_text()) == manifest
    assert not (tmp_path / "out" / ".work").exists()


def test_what_cannot_replace_a_dataset_leaves_it_alone(corpus: Path, tmp_path: Path) -> None:
    preprocess([corpus], tmp_path / "out", Melody(bars=2), workers=1)
    before = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "text.mid").write_text("poem")
    write_midi(score(track([], is_drum=True)), tmp_path / "empty" / "drums.mid")
    for folder in ("none", "empty"):
        with pytest.raises(MusicaeError, match="none of 1 files can be used") as caught:
            preprocess([tmp_path / folder], tmp_path / "out", Melody(bars=2), workers=1, force=True)
        assert "stays as it was" in caught.value.hint
        assert before == {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", REPRESENTATIONS)
def test_the_windows_on_disk_are_those_of_the_scores(name: str, tmp_path: Path) -> None:
    representation = REPRESENTATIONS[name](bars=2)
    pieces = [ensemble(seed) for seed in range(4)]
    preprocess([write_corpus(tmp_path / "midi", pieces)], tmp_path / "out", representation, workers=1)
    expected = set()
    for one in pieces:
        stream = representation.streams(one)[0][0]
        rows = rows_per_bar(representation)
        for row in range(0, len(stream.tokens) - representation.window + 1, rows):
            if name == "multitrack" and (stream.playing[0, row // rows : row // rows + 2] < 2).any():
                continue  # a bar of a single track
            window = drop_leading_note_offs(stream.tokens[row : row + representation.window], representation.shape)
            started = onsets(window, representation.shape.fields)[:, 0]
            if len(np.unique(window[started, 0])) >= policy_of(representation).min_pitches:
                expected.add(window.astype(np.int16).tobytes())
    found = [windows(tmp_path / "out", split, representation) for split in ("train", "validation", "test")]
    assert set().union(*found) == expected
    assert sum(map(len, found)) == len(set().union(*found))


def test_workers_names_and_places_change_nothing(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FILES_PER_CHUNK", 3)
    preprocess([corpus], tmp_path / "one", Melody(bars=2), workers=1)
    preprocess([corpus], tmp_path / "three", Melody(bars=2), workers=3)
    for number, path in enumerate(sorted(corpus.rglob("*.[mM]*"), reverse=True)):
        (tmp_path / "elsewhere" / str(number % 2)).mkdir(parents=True, exist_ok=True)
        (tmp_path / "elsewhere" / str(number % 2) / f"{number}.midi").write_bytes(path.read_bytes())
    monkeypatch.setattr(module, "FILES_PER_CHUNK", 128)
    preprocess([tmp_path / "elsewhere" / name for name in "10"], tmp_path / "moved", Melody(bars=2), workers=1)
    assert shards(tmp_path / "one") == shards(tmp_path / "three") == shards(tmp_path / "moved")


def test_the_command_tells_data_from_talk(corpus: Path, tmp_path: Path) -> None:
    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["preprocess", str(corpus), "-o", str(tmp_path / "out"), *arguments])

    done = run("--workers", "1")
    assert (done.exit_code, done.stdout) == (0, f"{tmp_path / 'out'}\n")
    said = [line.split() for line in done.stderr.splitlines()]
    assert said[:3] == [["files", "17"], ["unreadable", "-2"], ["other", "meter", "-1"]]
    assert said[-1] == ["test", "7", "windows", "from", "1", "files"]
    result = json.loads(run("--json", "-q").stdout)
    assert result["windows"]["kept"] == 84 and len(result["dropped"]) == 5
    assert run("-q").stderr == ""
    assert isinstance(run("--bars", "4").exception, MusicaeError)
    for option in ("--representation", "--engine"):
        assert run(option, "melodies").exit_code == 2


def test_every_representation_and_every_label_can_be_asked_for(run: Run) -> None:
    assert set(get_args(RepresentationName)) == set(REPRESENTATIONS)
    assert all(f"{by}|" in run("preprocess", "-h").out for by in (FOLDER, *CLASSES))


KILLED = """
    import contextlib, os, signal, sys
    from pathlib import Path
    from musicae.corpus import preprocess as module
    from musicae.music.representations.melody import Melody

    done = 0

    @contextlib.contextmanager
    def deadly(what, total):
        def advance(files):
            global done
            done += files if what == "reading" else 0
            if done >= 8:
                os.kill(os.getpid(), signal.SIGKILL)
        yield advance

    module.FILES_PER_CHUNK = 2
    module.preprocess([Path(sys.argv[1])], Path(sys.argv[2]), Melody(bars=2), workers=1, progress=deadly)
"""


def test_a_killed_run_continues_to_the_same_bytes(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FILES_PER_CHUNK", 2)
    output = tmp_path / "killed"
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(corpus), str(output)]
    killed = subprocess.run(command, stderr=subprocess.PIPE, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    left = {path: path.stat().st_mtime_ns for path in (output / ".work").glob("*.npz")}
    assert left and not (output / "manifest.json").exists()
    read: list[int] = []
    monkeypatch.setattr(workers.ProcessPool, "run", _counting(workers.ProcessPool.run, read))
    preprocess([corpus], output, Melody(bars=2), workers=1)
    assert read == [8 - len(left)]
    preprocess([corpus], tmp_path / "whole", Melody(bars=2), workers=2)
    assert shards(output) == shards(tmp_path / "whole")


def _counting(run: Any, counts: list[int]) -> Any:
    def counting(self: workers.ProcessPool, tasks: list[workers.ReadingTask]) -> Any:
        counts.append(len(tasks))
        return run(self, tasks)

    return counting


def test_a_second_run_finds_the_dataset_complete(corpus: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    first = preprocess([corpus], output, Melody(bars=2), workers=1)
    written = (output / "manifest.json").stat().st_mtime_ns
    assert preprocess([corpus], output, Melody(bars=2), workers=1) == first
    assert (output / "manifest.json").stat().st_mtime_ns == written


def test_another_dataset_is_not_overwritten_without_force(corpus: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    preprocess([corpus], output, Melody(bars=2), workers=1)
    with pytest.raises(MusicaeError, match="holds a data set that differs in bars"):
        preprocess([corpus], output, Melody(bars=4), workers=1)
    manifest = preprocess([corpus], output, Melody(bars=4), workers=1, force=True)
    assert manifest["representation"] == {"name": "melody", "bars": 4}
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(MusicaeError, match="mine exists and is not a data set"):
        preprocess([corpus], tmp_path / "mine", Melody(bars=2), workers=1, force=True)


def test_the_old_dataset_stays_until_the_new_one_is_read(corpus: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    first = preprocess([corpus], output, Melody(bars=2), workers=1)
    useless = write_corpus(tmp_path / "drums", [score(track([(0, 1, 36)], is_drum=True))])
    with pytest.raises(MusicaeError, match="none of 1 files"):
        preprocess([useless], output, Melody(bars=2), workers=1, force=True)
    assert preprocess([corpus], output, Melody(bars=2), workers=1) == first


def test_folders_without_use_are_errors(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.mid").write_bytes(midi_bytes(piece(0)))
    drums = write_corpus(tmp_path / "drums", [score(track([(0, 1, 36)], is_drum=True))])
    text = tmp_path / "text"
    text.mkdir()
    (text / "a.mid").write_text("text")
    (text / "gone.mid").symlink_to(text / "nowhere")
    os.mkfifo(text / "pipe.mid")
    cases = {
        tmp_path / "missing": "missing does not exist",
        tmp_path / "empty": "no MIDI files in",
        tmp_path / "file.mid": "file.mid is not a folder",
        drums: r"none of 1 files can be used as melody \(1 x no melody\)",
        text: r"none of 3 files can be used as melody \(3 x unreadable\)",
    }
    for folder, message in cases.items():
        with pytest.raises(MusicaeError, match=message) as error:
            preprocess([folder], tmp_path / "out", Melody(bars=2), workers=1)
        assert error.value.hint
    assert dropped(tmp_path / "out") == dict.fromkeys(["a.mid", "gone.mid", "pipe.mid"], "unreadable")


def test_an_output_that_cannot_be_written_is_an_error(corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MusicaeError, match="cannot write"):
        preprocess([corpus], tmp_path / "file" / "out", Melody(bars=2), workers=1)


def test_strict_stops_at_a_bad_file(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(MusicaeError, match=r"\.(mid|MIDI): (unreadable|no melody|other meter)"):
        preprocess([corpus], tmp_path / "out", Melody(bars=2), workers=1, strict=True)
    assert not (tmp_path / "out").exists(), "nothing is left to go on with"


@pytest.mark.parametrize("numerator, denominator", [(1, 4), (2, 4), (2, 2), (4, 4)])
def test_meters_and_tempi_that_fit_give_windows(numerator: int, denominator: int, tmp_path: Path) -> None:
    meters = (Meter(0, numerator, denominator),)
    tempi = (Tempo(0, 120.0), Tempo(BAR + 7, 93.0), Tempo(2 * BAR, 180.5))
    pieces = [Score(4 * 24, (track(tune(seed)),), 8 * BAR, tempi, meters) for seed in range(3)]
    manifest = preprocess([write_corpus(tmp_path / "midi", pieces)], tmp_path / "out", Melody(bars=2), workers=1)
    assert manifest["windows"]["kept"] == 3 * 7


def test_bars_in_other_meters_are_cut_out_and_counted(tmp_path: Path) -> None:
    meters = (Meter(0, 4, 4), Meter(3 * BAR, 3, 4), Meter(6 * BAR, 4, 4))
    pieces = [piece(0), score(track(tune(1, 9)), bars=9, meters=meters)]
    manifest = preprocess([write_corpus(tmp_path / "midi", pieces)], tmp_path / "out", Melody(bars=2), workers=1)
    assert manifest["files"] == {"found": 2, "dropped": {}, "kept": 2, "cut by meter": 1}
    assert manifest["windows"]["kept"] == 7 + 2 + 2


def test_given_splits_are_used(corpus: Path, tmp_path: Path) -> None:
    rows = [(f"{corpus.name}/{number:03}.mid", ("train", "val", "test")[number % 3]) for number in range(9)]
    rows += [("009.mid", "valid")]
    file = write_csv(tmp_path / "splits.csv", rows)
    manifest = preprocess([corpus], tmp_path / "out", Melody(bars=2), annotations=Annotations(file), workers=1)
    assert {name: counts["files"] for name, counts in manifest["splits"].items()} == {
        "train": 3,
        "validation": 4,
        "test": 3,
    }
    assert manifest["songs"] is None
    assert dropped(tmp_path / "out")["010.mid"] == "not in the splits"


def test_copies_in_several_splits_are_in_the_first_of_these_whatever_they_are_called(tmp_path: Path) -> None:
    counts = []
    for name in ("a", "z"):
        folder = write_corpus(tmp_path / name / "midi", [piece(number) for number in range(3)])
        write_midi(piece(1), folder / f"{name}.mid")
        rows = [("000.mid", "validation"), ("001.mid", "test"), ("002.mid", "train"), (f"{name}.mid", "train")]
        file = write_csv(tmp_path / name / "splits.csv", rows)
        out, annotations = tmp_path / name / "out", Annotations(file)
        manifest = preprocess([folder], out, Melody(bars=2), annotations=annotations, workers=1)
        counts.append({split: found["files"] for split, found in manifest["splits"].items()})
    assert counts == [{"train": 2, "validation": 1, "test": 0}] * 2


def test_held_out_windows_that_stand_in_training_are_removed_and_counted(tmp_path: Path) -> None:
    shared = tune(0, bars=4)
    later = [(start + 64, end + 64, pitch) for start, end, pitch in tune(1, bars=4)]
    both = moved_into(score(track(shared + later), bars=8), 3).score
    folder = write_corpus(tmp_path / "midi", [score(track(shared), bars=4), both, piece(2)])
    rows = [("000.mid", "train"), ("001.mid", "test"), ("002.mid", "train")]
    file = write_csv(tmp_path / "splits.csv", rows)
    manifest = preprocess([folder], tmp_path / "out", Melody(bars=2), annotations=Annotations(file), workers=1)
    assert manifest["windows"] == {
        "found": 3 + 7 + 7,
        "too silent": 0,
        "too few pitches": 0,
        "duplicates": 0,
        "held out but in training": 3,
        "kept": 3 + 4 + 7,
    }
    assert not windows(tmp_path / "out", "train", Melody(bars=2)) & windows(tmp_path / "out", "test", Melody(bars=2))


def test_transposed_songs_are_one_song(tmp_path: Path) -> None:
    pieces = [piece(0, 16), moved_into(piece(0, 16), 5).score, *(piece(seed, 16) for seed in range(1, 5))]
    manifest = preprocess([write_corpus(tmp_path / "midi", pieces)], tmp_path / "out", Melody(bars=2), workers=1)
    assert (manifest["files"]["kept"], manifest["songs"]) == (6, 5)


def test_splits_that_are_upside_down_or_empty_are_told_with_what_to_do(corpus: Path, run: Run, tmp_path: Path) -> None:
    rows = [(f"{number:03}.mid", "train" if number == 0 else "validation") for number in range(12)]
    upside_down = write_csv(tmp_path / "splits.csv", rows)
    said = run("preprocess", corpus, "-o", "down", "--splits", upside_down, "--workers", 1, "-q").err
    assert "warning: the splits are upside down: 7 windows to train on, and 77 for validation" in said
    assert "warning: the test split is empty" in said and "in the file of --splits" in said
    write_midi(piece(99), tmp_path / "one" / "a.mid")
    said = run("preprocess", "one", "-o", "single", "--workers", 1, "-q").err
    assert "warning: the validation split is empty: preprocess more songs" in said
    assert "upside" not in said
    assert "warning" not in run("preprocess", corpus, "-o", "whole", "--workers", 1, "-q").err
