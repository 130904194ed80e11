"""Help texts: every one ends with two examples that run, and all of them are on one page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from musicae.cli.help import help_page
from tests.helpers.commands import Run

PAGE = Path(__file__).parent.parent / "docs" / "help.md"
VERBS = ("sample", "interpolate", "reconstruct", "vary", "continue", "attribute", "compose")
CODES = ("encode", "decode", "replay", "render")
OFFLINE = (*VERBS, "transfer", *CODES, "models", "models list", "models show", "models pack", "models listen")
"""The commands whose examples need nothing but installed models and two MIDI files."""

COMMANDS = re.findall(r"^## musicae (.+)$", help_page(), re.MULTILINE)
"""As one types them, groups included."""


def examples_of(run: Run, name: str) -> list[str]:
    done = run(*name.split(), "-h")
    assert done.code == 0
    *_, title, one, two = done.out.rstrip().splitlines()
    assert title.strip() == "Examples:"
    return [one.strip(), two.strip()]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_help_ends_with_two_examples_of_its_command(run: Run, name: str) -> None:
    assert all(line.startswith(f"musicae {name}") for line in examples_of(run, name))


@pytest.mark.usefixtures("hasty_search")
@pytest.mark.parametrize("name", OFFLINE)
def test_examples_run(run: Run, tunes: tuple[str, str], name: str) -> None:
    examples = examples_of(run, name)
    if any("z.json" in example for example in examples):
        run("encode", "a.mid", "-o", "z.json")
    if any("morph" in example for example in examples):
        run("interpolate", *tunes, "-o", "morph.mid")
    for example in examples:
        words = re.findall(r'"([^"]*)"|(\S+)', example)
        done = run(*[quoted or plain for quoted, plain in words][1:])
        assert done.code == 0, done.err


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "train"])
def test_no_help_shows_a_type_for_a_value(run: Run, name: str) -> None:
    assert " range>" not in run(*name.split(), "-h").out


def test_the_page_of_help_is_current() -> None:
    assert PAGE.read_text() == help_page(), "python -m musicae.cli.help > docs/help.md"
