"""Errors below the command line know facts; the command line knows what to type."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import musicae
from musicae.cli.app import COMMANDS, GROUPS
from musicae.cli.hints import HINTS, hint
from musicae.errors import MusicaeError, error_context, unknown_name
from musicae.music.score import Meter
from tests.helpers.commands import Run
from tests.helpers.scores import score, track, write_midi

ROOT = Path(musicae.__file__).parent
BELOW = [path for path in sorted(ROOT.rglob("*.py")) if path.relative_to(ROOT).parts[0] not in ("cli", "__main__.py")]
TYPED = re.compile(rf"(?<![\w-])(--[a-z][\w-]*|-[monq](?![\w-]))|\bmusicae ({'|'.join([*COMMANDS, *GROUPS])})\b")
"""An option, or a command, as one types it."""


@pytest.mark.parametrize("path", BELOW, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_option_and_no_command_is_named_below_the_command_line(path: Path) -> None:
    nodes = ast.walk(ast.parse(path.read_text()))
    texts = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    assert not [(text, found[0]) for text in texts if (found := TYPED.search(text))]


def raised() -> Iterator[tuple[str, ast.Call]]:
    """Every error of a kind that the package makes, as it stands in the source."""
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "MusicaeError":
                kinds = [keyword.value for keyword in node.keywords if keyword.arg == "kind"]
                for kind in kinds:
                    if isinstance(kind, ast.Constant):
                        yield str(kind.value), node


def test_every_kind_of_error_has_a_hint_and_every_hint_a_kind() -> None:
    kinds = {kind for kind, _ in raised()}
    made_by_unknown_name = {"no-model", "no-dataset", "unknown-objective", "unknown-preset", "unknown-part"}
    assert kinds == HINTS.keys() - made_by_unknown_name


@pytest.mark.parametrize(("kind", "call"), [*raised()], ids=lambda value: value if isinstance(value, str) else "")
def test_every_error_has_the_facts_that_its_hint_asks_for(kind: str, call: ast.Call) -> None:
    names = [keyword.arg for keyword in call.keywords if keyword.arg != "kind"]
    if None not in names:  # else they are in a dictionary
        inspect.signature(HINTS[kind]).bind(**dict.fromkeys(filter(None, names)))


def test_the_command_line_adds_what_to_type() -> None:
    error = MusicaeError("a.mid exists", "choose another name", kind="exists", path=Path("a.mid"))
    assert hint(error) == "choose another name, or overwrite it with --force"
    assert hint(MusicaeError("a.mid is empty", "give a file with notes")) == "give a file with notes"


def test_two_files_of_different_kinds_are_told_of_a_model_that_reads_both(run: Run, tunes: tuple[str, str]) -> None:
    write_midi(score(track([(4 * i, 4 * i + 1, 36) for i in range(16)], is_drum=True), bars=4), "drums.mid")
    for pair in (("drums.mid", tunes[0]), (tunes[0], "drums.mid")):
        done = run("interpolate", *pair)
        named = re.findall(r"reads all of them: -m (\S+)", done.err)
        assert len(named) == 1 and run("interpolate", *pair, "-m", named[0], "--steps", 2).code == 0
    drums = ("drums.mid", "drums.mid", "-m", "melody-2bar")
    assert "-m drums-2bar" in run("interpolate", *drums).err
    waltz = replace(score(track([(4 * i, 4 * i + 4, 60 + i % 7) for i in range(36)]), bars=9), meters=(Meter(0, 3, 4),))
    write_midi(waltz, "waltz.mid")
    assert "no installed model reads all of them" in run("interpolate", "waltz.mid", tunes[0]).err


def test_an_unknown_model_gets_the_nearest_name_or_a_way_to_make_one() -> None:
    assert hint(unknown_name("model", "melodi", ["melody", "drums"], kind="no-model")).startswith(
        "did you mean melody?"
    )
    assert hint(unknown_name("model", "melodi", [], kind="no-model")).endswith("musicae train")


def test_unknown_objectives_and_presets_say_where_they_are_explained(run: Run) -> None:
    said = run("train", "--objective", "fancy").err
    assert "choose one of: autoencoder" in said and "; musicae experiment objectives --list says what they are" in said
    assert "those in -large have the published sizes" in run("train", "--preset", "melody-3bar").err
    assert "hint: did you mean vae? " in run("experiment", "objectives", "--only", "vaee").err


def test_an_option_that_is_set_is_named_as_an_option(run: Run) -> None:
    done = run("train", "--set", "objective=vae")
    assert "hint: that is an option and not a setting: --objective vae\n" in done.err


def test_context_keeps_the_kind_and_the_facts() -> None:
    with pytest.raises(MusicaeError, match=r"^z\.json: a code of 3") as caught, error_context("z.json"):
        raise MusicaeError("a code of 3", "edit it", kind="other-codes", model="melody-2bar")
    assert hint(caught.value).endswith("-m melody-2bar")


def test_an_error_may_carry_facts_alone() -> None:
    assert hint(MusicaeError("nothing to train on", kind="empty-split", split="training")).startswith(
        "preprocess three songs"
    )


def test_data_of_another_kind_names_the_command_that_makes_the_right_kind() -> None:
    facts: dict[str, Any] = {"representation": "multitrack", "arguments": {"bars": 1, "chords": True}}
    command = "musicae preprocess FOLDER -o data/NAME --representation multitrack --bars 1 --chords"
    error = MusicaeError("other", kind="other-representation", **facts)
    assert hint(error) == command
    assert hint(MusicaeError("other", kind="other-representation", **facts, preset="trio")).endswith(command)
