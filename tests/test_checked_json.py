"""JSON that somebody else wrote: what is wrong with it is said in words, and nothing else happens."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from musicae.checked_json import parse_json, read_json, typed


@dataclass
class Record:
    name: str
    number: int = 1
    share: float | None = None
    kinds: tuple[str, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    mode: Literal["a", "b"] = "a"


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a":' * 60_000, "[" * 60 + "]" * 60, "", "nul", "9" * 6_000, b"\xff\xfe1"]
)
def test_what_is_no_json_or_too_deep_is_an_error_in_words(text: str | bytes) -> None:
    with pytest.raises(ValueError):
        parse_json(text)


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "device").symlink_to("/dev/zero")
    for name in ("pipe", "device", "."):
        with pytest.raises(ValueError, match="not a file"):
            read_json(tmp_path / name)


def test_a_record_is_read_with_its_types() -> None:
    found = typed({"name": "x", "share": 1, "kinds": ["a"], "counts": {"b": 2}, "mode": "b"}, Record, "it")
    assert found == Record("x", 1, 1, ("a",), {"b": 2}, "b")


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"name": 1},
        {"name": "x", "number": 1.5},
        {"name": "x", "number": True},
        {"name": "x", "number": 10**30},
        {"name": "x", "number": "1"},
        {"name": "x", "share": float("nan")},
        {"name": "x", "share": "much"},
        {"name": "x", "kinds": "ab"},
        {"name": "x", "kinds": [1]},
        {"name": "x", "counts": {"b": None}},
        {"name": "x", "mode": "c"},
        {"name": "x", "mode": []},
        {"name": "x", "other": 1},
    ],
)
def test_what_has_another_type_is_an_error_in_words(data: Any) -> None:
    with pytest.raises(ValueError):
        typed(data, Record, "it")
