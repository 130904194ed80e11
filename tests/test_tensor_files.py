"""Heads of safetensors files: read without the tensors, and held against the size of the file."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from musicae.storage.tensor_files import read_head
from tests.helpers.hostile import tensor_files


def test_a_head_says_what_the_file_holds(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(save({"a": torch.ones(2, 3), "b": torch.ones(4, dtype=torch.float16)}, {"seen": "5"}))
    head = read_head(path)
    assert head.shapes == {"a": (2, 3), "b": (4,)} and head.numbers == 10 and head.notes == {"seen": "5"}


def test_damaged_heads_are_errors_in_words(tmp_path: Path) -> None:
    path, good, refused = tmp_path / "a.safetensors", save({"a": torch.ones(2, 3)}), 0
    for _, variant in tensor_files(good):
        path.write_bytes(variant)
        try:
            read_head(path)
        except ValueError:
            refused += 1
    assert refused > 50


def test_an_entry_of_another_size_than_its_shape_is_refused(tmp_path: Path) -> None:
    path, good = tmp_path / "a.safetensors", save({"a": torch.ones(2, 3)})
    path.write_bytes(good.replace(b"[2,3]", b"[9,9]"))
    with pytest.raises(ValueError, match="damaged"):
        read_head(path)
