"""Folders and files that somebody damaged or wrote to do harm: exit 0, 1 or 2, two lines, nothing written elsewhere."""

from __future__ import annotations

import json
import os
import resource
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import cycle
from pathlib import Path

import numpy as np
import pytest

from musicae.config import LISTS, Config, spec
from musicae.corpus import SPLITS
from musicae.corpus.dataset import Dataset
from musicae.model import Model, save
from musicae.objectives import apply
from tests.helpers.commands import Run, measured
from tests.helpers.hostile import Variants, arrays, documents, entries, tensor_files, texts
from tests.helpers.scores import scale, score, track, write_midi
from tests.helpers.trainings import tiny, trainer

pytestmark = pytest.mark.slow

MOST_GROWTH = 2**29
"""Bytes by which a process may grow over all variants of a file."""


@pytest.fixture
def victim(tmp_path: Path, shelf: Path, data: Dataset, run: Run) -> Path:
    """A folder with two models, a data set, a recipe and a training that was stopped, all of them good."""
    folder = tmp_path / "victim"
    shutil.copytree(shelf / "melody-2bar", folder / "model")
    (folder / "model" / "README.md").write_text("# melody-2bar\n\nRandom weights.\n")
    label(data.folder, CLASSES)
    shutil.copytree(data.folder, folder / "data")
    save(Model(with_every_list(), "labeled", "cpu"), folder / "labeled")
    trainer(data, folder / "training", tiny(updates=6)).run()
    (folder / "recipe").mkdir()
    assert run("sample", "-m", "melody-2bar", "-n", "1", "-o", folder / "recipe" / "clip.mid").code == 0
    assert run("encode", folder / "recipe" / "clip.json", "-o", folder / "code" / "code.json").code == 0
    write_midi(score(track(scale(4)), bars=4), folder / "song" / "a.mid")
    assert run("reconstruct", folder / "song" / "a.mid", "--whole", "-o", folder / "song" / "clip.mid").code == 0
    return folder


CLASSES = ("low", "high")


def label(folder: Path, classes: tuple[str, ...]) -> None:
    """Labels the windows of a data set with classes in turn."""
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "labels": {"by": "density", "classes": classes}}))
    for split in SPLITS:
        windows = len(np.load(folder / split / "offsets.npy"))
        np.save(folder / split / "labels.npy", (np.arange(windows) % len(classes)).astype(np.int16))


def with_every_list() -> Config:
    """A configuration with an entry in every list that one may have."""
    config = apply(tiny(), "arae-transfer", CLASSES)
    return replace(config, corruptions=(spec("feature_noise"),), augmentations=(spec("mask"),))


SMALL = ("--set", "encoder.hidden=8", "--set", "decoder.hidden=8", "--set", "decoder.conductor_hidden=8")

COMMANDS: dict[str, tuple[tuple[str, ...], ...]] = {
    "model": (
        ("models", "list"),
        ("models", "show", "MODEL"),
        ("sample", "-m", "MODEL", "-n", "1", "-o", "out/"),
        ("sample", "-m", "nothing-of-that-name"),
        ("models", "pack", "MODEL", "-o", "out/packed"),
        ("reconstruct", "a.mid", "-m", "MODEL", "-o", "out/"),
        ("attribute", "a.mid", "-m", "MODEL", "--add", "density", "-o", "out/"),
        ("evaluate", "MODEL", "--data", "DATA", "--only", "reconstruction", "--windows", "8"),
        ("train", "DATA", "--from", "MODEL", "-o", "out/trained", "--updates", "1", "--precision", "float32"),
        ("compose", "--chords", "C Am", "-m", "MODEL", "-o", "out/"),
    ),
    "labeled": (
        ("transfer", "a.mid", "--to", "high", "-m", "LABELED", "-o", "out/"),
        ("sample", "-m", "LABELED", "-n", "1", "-o", "out/"),
        ("train", "DATA", "--from", "LABELED", "-o", "out/trained", "--updates", "1", "--precision", "float32"),
        ("models", "show", "LABELED"),
        ("evaluate", "LABELED", "--data", "DATA", "--only", "reconstruction", "--windows", "8"),
    ),
    "data": (
        ("train", "DATA", "-o", "out/trained", "--updates", "1", "--precision", "float32", *SMALL),
        ("evaluate", "melody-2bar", "--data", "DATA", "--only", "reconstruction,probe", "--windows", "16"),
        ("fit", "MODEL", "DATA", "--force", "--windows", "16"),
        ("train", "--resume", "TRAINING", "--updates", "7", "--precision", "float32"),
    ),
    "recipe": (
        ("replay", "RECIPE", "-o", "out/"),
        ("decode", "RECIPE", "-m", "melody-2bar", "-o", "out/"),
        ("replay", "RECIPE", "--force", "-m", "melody-2bar", "-o", "out/"),
    ),
    "code": (
        ("decode", "CODE", "-o", "out/"),
        ("reconstruct", "CODE", "-m", "melody-2bar", "-o", "out/"),
        ("decode", "CODE", "-m", "melody-2bar", "-o", "out/"),
        ("interpolate", "CODE", "a.mid", "-m", "melody-2bar", "--steps", "2", "-o", "out/"),
    ),
    "song": (("replay", "SONG", "-o", "out/"), ("decode", "SONG", "-m", "melody-2bar", "-o", "out/")),
    "training": (("train", "--resume", "TRAINING", "--updates", "7", "--precision", "float32"),),
}
"""What reads the folders, and one that only gives a hint."""

FILES: dict[str, Callable[[bytes], Variants]] = {
    "model/config.json": documents,
    "model/model.safetensors": tensor_files,
    "model/attributes.safetensors": tensor_files,
    "model/README.md": texts,
    "labeled/config.json": partial(entries, names=(*LISTS, "regularizers", "labels")),
    "data/manifest.json": partial(documents, depth=2),
    "data/train/tokens.npy": arrays,
    "data/train/offsets.npy": arrays,
    "data/train/labels.npy": arrays,
    "data/validation/tokens.npy": arrays,
    "recipe/clip.json": documents,
    "code/code.json": documents,
    "song/clip.json": partial(entries, names=("frame", "parts")),
    "training/training/run.json": documents,
    "training/training/state.safetensors": tensor_files,
    "training/metrics.jsonl": texts,
}


def words_of(command: tuple[str, ...], folder: Path) -> list[str]:
    places = {
        "MODEL": folder / "model",
        "LABELED": folder / "labeled",
        "DATA": folder / "data",
        "RECIPE": folder / "recipe" / "clip.json",
        "CODE": folder / "code" / "code.json",
        "SONG": folder / "song" / "clip.json",
        "TRAINING": folder / "training",
    }
    return [str(places.get(word, word)) for word in command]


def shape_of(error: str) -> list[str]:
    """The lines of an error that say what is wrong, and what to do."""
    return [line.split(":")[0] for line in error.splitlines() if line.startswith(("error:", "hint:"))]


def everything(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def faults(run: Run, good: Path, command: tuple[str, ...], what: str) -> Iterator[str]:
    """What is wrong with how a command takes a folder."""
    place = good.parent
    shutil.rmtree(place / "out", ignore_errors=True)
    before = everything(place.parent)
    try:
        done = run(*words_of(command, good), "-q") if command[0] != "models" else run(*words_of(command, good))
    except BaseException as error:
        yield f"{command[:2]} {what}: {type(error).__name__}: {error!s:.300}"
        return
    if done.code not in (0, 1, 2) or "Traceback" in done.err:
        yield f"{command[:2]} {what}: exit {done.code}, {done.err[:300]}"
    if done.code == 1 and shape_of(done.err) != ["error", "hint"]:
        yield f"{command[:2]} {what}: says {done.err[:300]}"
    new = {name for name in everything(place.parent) - before if not name.startswith(f"{place.name}/out")}
    if new := {name for name in new if not name.startswith(f"{place.name}/victim/")}:
        yield f"{command[:2]} {what}: wrote {sorted(new)[:3]}"


@pytest.mark.parametrize("file", FILES)
def test_no_damage_to_a_file_makes_more_than_two_lines(
    file: str, run: Run, victim: Path, tunes: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MUSICAE_MODELS", str(victim))  # a shelf with a damaged model on it
    content, untouched = (victim / file).read_bytes(), victim.parent / "untouched"
    shutil.copytree(victim, untouched)
    begun, commands = peak(), cycle(COMMANDS[file.split("/")[0]])
    found: list[str] = []
    cases = 0
    for what, variant in FILES[file](content):
        (victim / file).write_bytes(variant)
        cases += 1
        found += faults(run, victim, next(commands), f"{file}: {what}")
        restore(victim, untouched, file)
    print(f"{file}: {cases} cases, grown by {(peak() - begun) / 2**20:.0f} MiB")
    assert not found, f"{len(found)} of {cases}:\n" + "\n".join(found[:12])
    assert peak() - begun < MOST_GROWTH


def restore(victim: Path, untouched: Path, damaged: str) -> None:
    """Brings back what a command has changed; the damaged file stays."""
    keep = (victim / damaged).read_bytes() if (victim / damaged).is_file() else b""
    for part in ("model", "labeled", "training"):
        shutil.rmtree(victim / part)
        shutil.copytree(untouched / part, victim / part)
    (victim / damaged).parent.mkdir(parents=True, exist_ok=True)
    (victim / damaged).write_bytes(keep)


def peak() -> int:
    """Bytes that this process has taken at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


ODDITIES: dict[str, Callable[[Path], object]] = {
    "a folder": lambda path: path.mkdir(),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a link to nothing": lambda path: path.symlink_to("nowhere"),
    "a pipe": lambda path: os.mkfifo(path),
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "missing": lambda path: None,
}


@pytest.mark.parametrize("oddity", ODDITIES)
@pytest.mark.parametrize("file", FILES)
def test_nothing_in_the_place_of_a_file_hangs_or_crashes(
    file: str, oddity: str, run: Run, victim: Path, tunes: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MUSICAE_MODELS", str(victim))
    (victim / file).unlink()
    ODDITIES[oddity](victim / file)
    for command in COMMANDS[file.split("/")[0]]:
        assert not list(faults(run, victim, command, f"{file} is {oddity}"))


SIZES = {"encoder.hidden": 60_000, "decoder.layers": 10**6, "decoder.hidden": 2**40, "latent.size": 10**7}


@pytest.mark.parametrize("knob", SIZES)
def test_a_process_of_its_own_takes_less_than_a_gigabyte(knob: str, victim: Path, shelf: Path, tmp_path: Path) -> None:
    part, name = knob.split(".")
    config = json.loads((victim / "model" / "config.json").read_text())
    config[part][name] = SIZES[knob]
    if part == "encoder":
        config[part] = {"name": "bidirectional", name: SIZES[knob]}
    (victim / "model" / "config.json").write_text(json.dumps(config))
    code, error, most, seconds = measured(["sample", "-m", str(victim / "model"), "-n", "1"], tmp_path, shelf)
    assert code == 1 and shape_of(error) == ["error", "hint"]
    assert most < 2**30 and seconds < 20


def test_offsets_and_tokens_are_checked_before_and_while_they_are_read(data: Dataset) -> None:
    tokens = np.load(data.folder / "train" / "tokens.npy")
    tokens[5] = 200
    np.save(data.folder / "train" / "tokens.npy", tokens)
    with pytest.raises(Exception, match="token 200 of melody"):
        data.split("train").sample(64)
