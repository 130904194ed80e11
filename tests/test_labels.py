"""Labels: a class for every window, by folder or by attribute, and what becomes of it on the way to batches."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from musicae.corpus.dataset import Dataset, Windows
from musicae.corpus.labels import MEASURES, UNKNOWN, attribute_labels, folder_labels
from musicae.corpus.preprocess import Annotations, preprocess
from musicae.errors import MusicaeError
from musicae.music.attributes import ATTRIBUTES
from musicae.music.representations.melody import Melody
from tests.helpers.commands import Run
from tests.helpers.scores import score, track, write_midi

SPLITS = ("train", "validation", "test")
MELODY = Melody(bars=2)


def tune(seed: int, spacing: int) -> list[tuple[int, int, int]]:
    """Eight bars of random notes, one every so many sixteenths."""
    generator = np.random.default_rng(seed)
    return [(start, start + spacing, int(generator.integers(50, 80))) for start in range(0, 128, spacing)]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Slow tunes in `a`, fast ones in `b/deep`, two in no folder, and a copy of a slow one in `b`."""
    folder = tmp_path_factory.mktemp("midi")
    for seed in range(8):
        write_midi(score(track(tune(seed, 4)), bars=8), folder / "a" / f"{seed}.mid")
        write_midi(score(track(tune(100 + seed, 2)), bars=8), folder / "b" / "deep" / f"{seed}.mid")
    for seed in range(2):
        write_midi(score(track(tune(200 + seed, 4)), bars=8), folder / f"{seed}.mid")
    (folder / "b" / "copy.mid").write_bytes((folder / "a" / "0.mid").read_bytes())
    return folder


def labeled(corpus: Path, output: Path, label: str) -> Dataset:
    preprocess([corpus], output, MELODY, annotations=Annotations(label=label), workers=1)
    return Dataset(output)


def density_of(split: Windows) -> np.ndarray:
    windows = split.take(torch.arange(len(split))).numpy()
    return np.array([ATTRIBUTES["density"](MELODY.decode(window)) for window in windows])


def test_the_folder_of_a_file_labels_its_windows(corpus: Path, tmp_path: Path) -> None:
    dataset = labeled(corpus, tmp_path / "out", "folder")
    assert dataset.manifest["labels"]["by"] == "folder" and dataset.manifest["labels"]["classes"] == ["a", "b"]
    assert dataset.classes == ("a", "b")
    found = []
    for name in SPLITS:
        split = dataset.split(name)
        labels = split.labels_of(torch.arange(len(split)))
        assert labels is not None and labels.dtype == torch.int64
        dense = density_of(split) > 0.3
        assert (dense == (labels == 1).numpy()).all()
        found += labels.tolist()
    assert found.count(1) == 8 * 7 and found.count(0) == 7 * 7, "a file with a copy in another folder is of no class"
    assert found.count(UNKNOWN) == 3 * 7


def test_an_attribute_labels_windows_as_low_and_high(corpus: Path, tmp_path: Path) -> None:
    dataset = labeled(corpus, tmp_path / "out", "density")
    labels = dataset.manifest["labels"]
    assert labels["by"] == "density" and labels["classes"] == ["low", "high"]
    for name in SPLITS:
        split = dataset.split(name)
        found = split.labels_of(torch.arange(len(split)))
        assert found is not None and (found.numpy() == (density_of(split) >= labels["threshold"])).all()
    assert np.load(tmp_path / "out" / "train" / "labels.npy").dtype == np.int16


def test_another_label_is_another_data_set(corpus: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    once = labeled(corpus, output, "density").manifest
    assert labeled(corpus, output, "density").manifest == once
    for other in ("folder", ""):
        with pytest.raises(MusicaeError, match=r"differs in .*labels"):
            labeled(corpus, output, other)
    preprocess([corpus], output, MELODY, workers=1, force=True)
    assert "labels" not in Dataset(output).manifest and Dataset(output).classes == ()
    assert not list(output.glob("*/labels.npy"))
    split = Dataset(output).split("train")
    assert split.labels is None and split.labels_of(torch.arange(2)) is None


def test_a_labeled_data_set_has_a_name_of_its_own(corpus: Path, run: Run) -> None:
    assert run("preprocess", corpus, "--workers", 1).paths == [Path("data/melody-2bar")]
    assert run("preprocess", corpus, "--label", "density", "--workers", 1).paths == [Path("data/melody-2bar-density")]


def test_labels_go_with_the_windows_of_a_batch(corpus: Path, tmp_path: Path) -> None:
    split = labeled(corpus, tmp_path / "out", "density").split("train")
    pairs = split.draw(16, torch.Generator().manual_seed(0))
    threshold = Dataset(tmp_path / "out").manifest["labels"]["threshold"]
    dense = [ATTRIBUTES["density"](MELODY.decode(window)) >= threshold for window in pairs.target.numpy()]
    assert pairs.label is not None and pairs.label.tolist() == dense


def test_an_unknown_label_is_refused_with_the_nearest(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(MusicaeError, match="unknown label: denisty") as error:
        labeled(corpus, tmp_path / "out", "denisty")
    assert "did you mean density" in error.value.hint and "velocity" not in error.value.hint
    with pytest.raises(MusicaeError, match="velocity is the same in all music that is read as melody") as error:
        labeled(corpus, tmp_path / "out", "velocity")
    assert error.value.hint.endswith("syncopation8, range, mode")


@pytest.mark.parametrize(("values", "high"), [([1, 2, 3, 4], 2), ([0, 0, 0, 1], 1), ([0, 1, 1, 1], 3)])
def test_windows_at_the_median_fall_on_one_side(values: list[float], high: int) -> None:
    column = np.array([*values, np.nan, 9.0])
    training = np.array([True] * 5 + [False])
    labels = attribute_labels("density", column, training)
    assert labels.of_window[:4].sum() == high and labels.of_window[4:].tolist() == [UNKNOWN, 1]


def test_an_attribute_that_does_not_vary_makes_no_classes() -> None:
    with pytest.raises(MusicaeError, match="the same in all training windows"):
        attribute_labels("drums", np.zeros(3), np.ones(3, dtype=bool))


def test_a_class_without_windows_makes_no_classes() -> None:
    with pytest.raises(MusicaeError, match="mode is the same in all training windows"):
        attribute_labels("mode", np.array([0.0, 0.0, np.nan, 1.0]), np.array([True, True, True, False]))


def test_a_label_that_does_not_vary_leaves_nothing_behind(tmp_path: Path) -> None:
    scale = [(start, start + 4, 60 + start // 4 % 8) for start in range(0, 128, 4)]
    write_midi(score(track(scale), bars=8), tmp_path / "midi" / "scale.mid")
    with pytest.raises(MusicaeError, match="diatonic is the same in all training windows"):
        labeled(tmp_path / "midi", tmp_path / "out", "diatonic")
    assert not (tmp_path / "out").exists()


def test_folders_without_windows_are_no_classes() -> None:
    windows = np.array([0, 0, 1, 3]), np.array([True, True, True, False])
    labels = folder_labels(["b", "", "c", "a"], *windows, ["a", "b", "c", "copies"])
    assert labels.classes == ("b",) and labels.of_window.tolist() == [0, 0, UNKNOWN, UNKNOWN]
    assert labels.without_windows == ("a", "c", "copies")


def test_classes_are_counted_and_folders_without_one_are_told(corpus: Path, run: Run, tmp_path: Path) -> None:
    shutil.copytree(corpus, tmp_path / "midi")
    (tmp_path / "midi" / "copies").mkdir()
    shutil.copy(corpus / "b" / "deep" / "0.mid", tmp_path / "midi" / "copies")
    (tmp_path / "midi" / "waltzes").mkdir()
    (tmp_path / "midi" / "waltzes" / "a.mid").write_text("text")
    done = run("preprocess", "midi", "--label", "folder", "-o", "out", "--workers", 1, "--json")
    assert "warning: no window of copies, waltzes is kept, which makes no class: see out/dropped.csv" in done.err
    labels, train = (json.loads(done.out)[name] for name in ("labels", "splits"))
    written = np.load(tmp_path / "out" / "train" / "labels.npy")
    counts = {"a": int((written == 0).sum()), "b": int((written == 1).sum())}
    assert labels["training windows"] == counts and labels["folders without windows"] == ["copies", "waltzes"]
    assert labels["training windows without a class"] == (written == UNKNOWN).sum() > 0
    assert sum(counts.values()) + (written == UNKNOWN).sum() == train["train"]["windows"]
    said = [line.split() for line in done.err.splitlines()]
    assert ["a", str(counts["a"])] in said
    assert ["without", "a", "class", str((written == UNKNOWN).sum())] in said


def test_the_mode_labels_major_and_minor(corpus: Path, tmp_path: Path) -> None:
    dataset = labeled(corpus, tmp_path / "out", "mode")
    assert dataset.manifest["labels"]["by"] == "mode" and dataset.classes == ("major", "minor")
    split = dataset.split("train")
    labels = split.labels_of(torch.arange(len(split)))
    assert labels is not None and set(labels.tolist()) <= {-1, 0, 1}
    for window, label in zip(split.take(torch.arange(len(split))).numpy(), labels.tolist(), strict=True):
        found = MEASURES["mode"](MELODY.decode(window))
        assert label == (UNKNOWN if np.isnan(found) else found)


def test_a_finished_data_set_without_counts_is_taken_as_it_is(corpus: Path, run: Run, tmp_path: Path) -> None:
    manifest = dict(labeled(corpus, tmp_path / "out", "density").manifest)
    manifest["labels"] = {name: manifest["labels"][name] for name in ("by", "classes", "threshold")}
    (tmp_path / "out" / "manifest.json").write_text(json.dumps(manifest))
    done = run("preprocess", corpus, "--label", "density", "-o", "out")
    assert done.code == 0 and "training windows" not in done.err
