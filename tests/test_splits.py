"""Songs: which files are one, which split each goes to, and splits that are given."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicae.corpus.splits import SplitsFile, join_songs, split_faults, split_songs
from musicae.errors import MusicaeError


def write_csv(path: Path, rows: list[tuple[str, str]]) -> Path:
    path.write_text("path,split\n" + "".join(f"{name},{split}\n" for name, split in rows))
    return path


def test_a_splits_file_matches_paths_by_their_ends(tmp_path: Path) -> None:
    rows = [("set/pop/a.mid", "train"), ("set/folk/a.mid", "test"), ("/far/away/b.mid", "dev"), ("c.mid", "Training")]
    split = SplitsFile(write_csv(tmp_path / "splits.csv", rows))
    pop, folk = tmp_path / "set" / "pop", tmp_path / "x" / "folk"
    assert split(tmp_path, pop / "a.mid") == 0
    assert split(pop, pop / "a.mid") == 0
    assert split(tmp_path / "x", folk / "a.mid") == 2, "its path below the folder ends the row's"
    assert split(folk, folk / "a.mid") == -1, "the row could be either"
    assert split(tmp_path / "away", tmp_path / "away" / "b.mid") == 1
    assert split(tmp_path, tmp_path / "other" / "c.mid") == 0
    assert split(tmp_path, tmp_path / "ba.mid") == -1


@pytest.mark.parametrize(
    "content, message",
    [
        ("path,split\na.mid,holdout\n", "unknown split: 'holdout'"),
        ("file,part\na.mid,test\n", "a row without path or split"),
        ("path,split\nb.mid\n", "a row without path or split"),
        ("path,split\n\xff", "cannot read"),
        ("path,split\nx/a.mid,train\nb.mid,test\nx/./a.mid,dev\n", "gives x/a.mid two splits: train and validation"),
    ],
)
def test_a_broken_splits_file_is_an_error(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "splits.csv").write_bytes(content.encode("latin-1"))
    with pytest.raises(MusicaeError, match=message):
        SplitsFile(tmp_path / "splits.csv")


def test_a_missing_splits_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(MusicaeError, match=r"^there is no file .*gone\.csv"):
        SplitsFile(tmp_path / "gone.csv")


def test_a_path_may_be_given_its_split_twice(tmp_path: Path) -> None:
    splits = SplitsFile(write_csv(tmp_path / "splits.csv", [("a.mid", "test"), ("a.mid", "testing")]))
    assert splits(tmp_path, tmp_path / "a.mid") == 2


def songs(passages: dict[int, list[int]], held: dict[int, list[int]]) -> list[int]:
    """Songs of files that are given by the hashes of their spans and windows."""

    def columns(hashes: dict[int, list[int]]) -> tuple[np.ndarray, np.ndarray]:
        pairs = [(file, value) for file, values in hashes.items() for value in values]
        return np.array([file for file, _ in pairs], dtype=np.int32), np.array([h for _, h in pairs], dtype=np.uint64)

    found: list[int] = join_songs(max(held) + 1, *columns(passages), *columns(held)).tolist()
    return found


def test_a_shared_passage_makes_one_song() -> None:
    held = {file: [10 * file + k for k in range(4)] for file in range(4)}
    assert songs({0: [1], 1: [2], 2: [1, 5], 3: [5]}, held) == [0, 1, 0, 0]


def test_half_of_the_shorter_one_makes_one_song() -> None:
    assert songs({}, {0: [1, 2, 3, 4], 1: [1, 2, 7, 8, 9, 10]}) == [0, 0]
    assert songs({}, {0: [1, 2, 3, 4, 5], 1: [1, 2, 7, 8, 9, 10]}) == [0, 1]
    assert songs({}, {0: [1, 1, 2, 3, 3, 4], 1: [1, 1, 1, 7, 8, 9, 10]}) == [0, 1], "distinct windows count"
    assert songs({}, {0: [1, 2, 3], 2: [3, 4]}) == [0, 1, 0]


@given(st.lists(st.lists(st.integers(0, 12), max_size=6), min_size=1, max_size=8))
def test_songs_agree_with_their_definition(held: list[list[int]]) -> None:
    files = len(held)
    label = list(range(files))
    for a in range(files):
        for b in range(files):
            one, other = set(held[a]), set(held[b])
            if one and other and 2 * len(one & other) >= min(len(one), len(other)):
                low, high = sorted((label[a], label[b]))
                label = [low if name == high else name for name in label]
    assert songs({}, dict(enumerate(held))) == label


@given(st.integers(0, 2**32), st.integers(1, 200))
def test_songs_are_split_whole(seed: int, files: int) -> None:
    generator = np.random.default_rng(seed)
    song = generator.integers(0, files, files)
    digests = [generator.bytes(8).hex() for _ in range(files)]
    split = split_songs(song, digests)
    of_song = {name: {int(split[i]) for i in np.flatnonzero(song == name)} for name in set(song.tolist())}
    assert all(len(found) == 1 for found in of_song.values())
    count = len(of_song)
    sizes = [sum(found == {index} for found in of_song.values()) for index in range(3)]
    held_out = max(round(count / 20), 1) if count >= 3 else 0
    assert sizes == [count - 2 * held_out, held_out, held_out]
    order = generator.permutation(files)
    assert (split_songs(song[order], [digests[i] for i in order]) == split[order]).all()


def test_a_song_of_most_files_is_for_training() -> None:
    song = np.array([0] * 50 + list(range(1, 40)))
    for seed in range(20):
        digests = [np.random.default_rng([seed, file]).bytes(8).hex() for file in range(len(song))]
        assert split_songs(song, digests)[0] == 0


def test_accents_are_the_same_composed_or_not(tmp_path: Path) -> None:
    names = ["cafe\u0301", "nai\u0308ve"]
    path = tmp_path / "splits.csv"
    path.write_text("path,split\n" + "".join(f"{unicodedata.normalize('NFC', name)}.mid,test\n" for name in names))
    splits = SplitsFile(path)
    assert [splits(tmp_path, tmp_path / f"{name}.mid") for name in names] == [2, 2]
    path.write_text("path,split\n" + "".join(f"{name}.mid,test\n" for name in names))
    assert SplitsFile(path)(tmp_path, tmp_path / "caf\u00e9.mid") == 2


@given(st.tuples(*[st.integers(0, 50)] * 3))
def test_splits_are_at_fault_where_one_is_empty_or_more_is_held_out_than_trained_on(counts: tuple[int, ...]) -> None:
    train, validation, test = counts
    faults = list(split_faults(dict(zip(("train", "validation", "test"), counts, strict=True))))
    assert bool(faults) == (min(counts) == 0 or train < max(validation, test))
    assert [name for name, count in zip(("train", "validation", "test"), counts, strict=True) if not count] == [
        fault.split()[1] for fault in faults if "empty" in fault
    ]
