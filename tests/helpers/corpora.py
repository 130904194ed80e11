"""Folders of MIDI files, and what is in the data sets that are made of them."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from musicae.corpus import FORMAT, SPLITS
from musicae.corpus.dataset import Dataset
from musicae.music.representations import REPRESENTATIONS
from musicae.music.score import Score
from tests.helpers.scores import band, score, track, write_midi

SHARDS = [f"{split}/{name}.npy" for split in ("train", "validation", "test") for name in ("tokens", "offsets")]


def tune(seed: int, bars: int = 8) -> list[tuple[int, int, int]]:
    """Random notes on every beat."""
    pitches = np.random.default_rng(seed).integers(50, 80, 4 * bars)
    return [(4 * beat, 4 * beat + 4, int(pitch)) for beat, pitch in enumerate(pitches)]


def piece(seed: int, bars: int = 8) -> Score:
    return score(track(tune(seed, bars)), bars=bars)


def ensemble(seed: int, bars: int = 8) -> Score:
    """Something for every representation to read."""
    drums = [(start, start + 1, (36, 38, 42, 46)[pitch % 4]) for start, _, pitch in tune(seed, bars)]
    melody, bass, _ = band(tune(seed, bars))
    return score(melody, bass, track(drums, is_drum=True), bars=bars)


def write_corpus(folder: Path, pieces: Iterable[Score]) -> Path:
    for number, one in enumerate(pieces):
        write_midi(one, folder / f"{number:03}.mid")
    return folder


def melody_dataset(folder: Path) -> Dataset:
    """Sixty-four windows of random melodies of two bars, the same in all splits."""
    melody, generator = REPRESENTATIONS["melody"](bars=2), np.random.default_rng(1)
    tokens = np.concatenate([melody.encode(melody.generate(generator)).reshape(-1, 1) for _ in range(64)])
    for split in SPLITS:
        (folder / split).mkdir(parents=True)
        np.save(folder / split / "tokens.npy", tokens.astype(np.uint8))
        np.save(folder / split / "offsets.npy", np.arange(0, len(tokens), 32, dtype=np.uint32))
    counts = {split: {"streams": 64, "windows": 64, "rows": len(tokens)} for split in SPLITS}
    manifest = {"format": FORMAT, "representation": {"name": "melody", "bars": 2}, "splits": counts}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return Dataset(folder)


def shards(output: Path) -> dict[str, bytes]:
    return {name: (output / name).read_bytes() for name in [*SHARDS, "manifest.json"]}


def dropped(output: Path) -> dict[str, str]:
    with (output / "dropped.csv").open(newline="", encoding="utf-8") as file:
        return {Path(row["path"]).name: row["reason"] for row in csv.DictReader(file)}
