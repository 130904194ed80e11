"""What is said: in one line, and no name in it is long."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from musicae.cli.console import LONGEST_MESSAGE, Console, as_message
from musicae.errors import LONGEST_NAME, shortened
from musicae.music.midi import midi_bytes
from musicae.report.table import Table
from tests.helpers.commands import Run, assert_fails
from tests.helpers.scores import scale, score, track

LONG = "n" * 5_000


def test_a_long_name_keeps_its_beginning_and_its_end() -> None:
    cut = shortened(f"a{LONG}.mid")
    assert len(cut) == LONGEST_NAME
    assert cut.startswith("an") and cut.endswith("n.mid") and "…" in cut
    assert shortened("n" * LONGEST_NAME) == "n" * LONGEST_NAME


def test_messages_cut_every_name_and_nothing_else() -> None:
    assert as_message(f"cannot read /music/{LONG}/a.mid: no") == f"cannot read /music/{shortened(LONG)}/a.mid: no"
    path = "/music/" + "/".join(f"folder {i}" for i in range(40))
    assert as_message(path) == path
    assert len(as_message("n " * 5_000)) == LONGEST_MESSAGE


def test_what_is_not_finite_is_null_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    Console(json=True).data([], {"rows": [{"a": math.nan, "b": (1.5, -math.inf)}], "n": 2, "path": None})
    assert capsys.readouterr().out == '{"rows": [{"a": null, "b": [1.5, null]}], "n": 2, "path": null}\n'


def test_tables_cut_names(capsys: pytest.CaptureFixture[str]) -> None:
    Console().tables([Table("t", LONG, {"model": "", LONG: ".2f"}, [[LONG, 1.0]])])
    assert "n" * LONGEST_NAME not in capsys.readouterr().err


def test_tables_are_whole_in_files_and_broken_where_a_terminal_ends(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"measured {i}" for i in range(20)]
    table = Table("t", "many figures", {"model": "", **dict.fromkeys(names, ".2f")}, [["one", *[1.0] * 20]])
    for columns, headers in ((None, 1), ("80", 4)):
        monkeypatch.delenv("COLUMNS", raising=False)
        if columns:
            monkeypatch.setenv("COLUMNS", columns)
        Console().tables([table])
        assert len([line for line in capsys.readouterr().err.splitlines() if "measured" in line]) == headers


def test_no_message_has_a_long_name(run: Run, tmp_path: Path) -> None:
    music = score(track(scale(4), name=LONG), track(scale(4), name=f"{LONG} drums", is_drum=True), bars=4)
    (tmp_path / "a.mid").write_bytes(midi_bytes(music))
    words = [
        ("reconstruct", "a.mid"),
        ("reconstruct", "a.mid", "--drums", LONG),
        ("reconstruct", "a.mid", "--track", 2),
        ("reconstruct", LONG),
        ("reconstruct", "a.mid", "-m", LONG),
        ("reconstruct", "a.mid", "-m", "n " * 2_500),
        ("preprocess", LONG),
        ("preprocess", ".", "--representation", LONG),
        ("train", LONG),
        ("evaluate", LONG),
        (LONG,),
    ]
    for command in words:
        done = run(*command)
        assert all(len(line) < 1_000 for line in done.err.splitlines()), command
    assert_fails(run("reconstruct", "a.mid", "-m", LONG), f"unknown model: {shortened(LONG)}")


def test_data_keeps_names_whole(run: Run, tunes: tuple[str, str]) -> None:
    name = f"{'n' * 200}.mid"
    done = run("reconstruct", "a.mid", "-o", name, "--json")
    assert json.loads(done.out)["files"][0]["path"] == name
    assert name not in run("reconstruct", name).err
