"""The recipes of CONTRIBUTING.md: their code runs, and keeps the laws of what it adds to."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
import pytest
import torch

from musicae.clips.clip import Clips
from musicae.music.midi import midi_bytes
from musicae.music.representations import melody as melodies
from musicae.music.representations.melody import Melody
from musicae.music.transposition import moved_into
from musicae.networks import heads
from musicae.networks.heads import Head
from musicae.networks.regularizers import REGULARIZERS
from musicae.networks.token_spec import FieldSpec
from tests import test_regularizers
from tests.helpers.commands import melody
from tests.helpers.models import tiny_model

ROOT = Path(__file__).parent.parent
DIFFS = re.findall(r"```diff\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL)
ADDED, REMOVED = "+", "-"


def changes(sign: str) -> dict[str, str]:
    """The lines that the recipes add to every file, or take from it."""
    found: dict[str, list[str]] = defaultdict(list)
    for diff in DIFFS:
        for line in diff.splitlines():
            if line.startswith(("+++ ", "--- ")):
                path = line[4:]
            elif line.startswith(sign):
                found[path].append(line[1:])
    return {path: "\n".join(lines) for path, lines in found.items()}


def names_of(path: str, **known: Any) -> dict[str, Any]:
    """What the lines that are added to a file define, where so much is known."""
    names = dict(known)
    exec(compile(changes(ADDED)[path], path, "exec"), names)
    return names


def completed(unfinished: type, **methods: Any) -> type:
    """The class with its abstract methods, which a comment of its recipe names."""
    missing = unfinished.__abstractmethods__  # type: ignore[attr-defined]
    assert missing == methods.keys()
    comments = re.findall(r"# (.*)", "\n".join(changes(ADDED).values()))
    assert any(missing <= set(re.findall(r"\w+", comment)) for comment in comments)
    return type(unfinished.__name__, (unfinished,), methods)


def test_what_the_recipes_change_is_there() -> None:
    for path, lines in changes(REMOVED).items():
        assert set(lines.splitlines()) <= set((ROOT / path).read_text().splitlines())
    tables = [path for path, lines in changes(ADDED).items() if re.search(r'^ {4}"\w+": .*,$', lines, re.MULTILINE)]
    assert len(tables) == 5 and all((ROOT / path).exists() for path in tables)


def test_the_regularizer_costs_what_its_test_says(monkeypatch: pytest.MonkeyPatch) -> None:
    added = names_of("musicae/networks/regularizers/energy.py")
    monkeypatch.setitem(REGULARIZERS, "energy", added["Energy"])
    names_of("tests/test_regularizers.py", **vars(test_regularizers))["test_a_code_of_twos_costs_four_times_its_size"]()


def test_the_head_is_a_distribution_over_tokens() -> None:
    added = names_of("musicae/networks/heads.py", **vars(heads))
    assert added["HEADS"].keys() == heads.HEADS.keys() | {"tempered"}

    def passed(name: str) -> Any:
        return lambda head, *arguments: getattr(head.inner, name)(*arguments)

    rest = ("prepared", "draw", "probabilities", "divergence", "exclude")
    kind: type[Any] = completed(added["Tempered"], **{name: passed(name) for name in rest})
    head: Head = kind(6, FieldSpec("hits", torch.eye(8)))
    params = head(torch.randn(5, 6))
    torch.testing.assert_close(head.probabilities(params).sum(-1), torch.ones(5))


def test_the_representation_gives_back_what_it_reads() -> None:
    added = names_of("musicae/music/representations/bass.py", **vars(melodies))
    bass = completed(added["Bass"], encode=Melody.encode, generate=Melody.generate, streams=Melody.streams)(bars=2)
    tokens = bass.encode(bass.generate(np.random.default_rng(0)))
    assert tokens.any() and (bass.encode(bass.decode(tokens)) == tokens).all()


def test_the_verb_makes_a_clip_and_its_command_has_options() -> None:
    model, score = tiny_model("melody-2bar"), melody()
    clips = names_of("musicae/verbs/halfway.py")["halfway"](
        model, midi_bytes(score), midi_bytes(moved_into(score, -7).score)
    )
    assert isinstance(clips, Clips) and len(clips) == 1
    added = names_of("musicae/cli/commands/halfway.py")
    assert get_type_hints(added["command"]).keys() == {"a", "b", "model", "output", "return"}
    assert all(example.startswith("musicae halfway ") for example in added["EXAMPLES"])
