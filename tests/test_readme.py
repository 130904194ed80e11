"""The README's commands, as typed, in a folder with two MIDI files and a home with some more."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest

from musicae.cli import app
from musicae.music.representations import REPRESENTATIONS
from musicae.training import attribute_vectors
from tests.helpers.scores import write_midi

README = Path(__file__).parent.parent / "README.md"
BLOCKS = re.findall(r"```sh\n(.*?)```", README.read_text(), re.DOTALL)
LINES = [line for block in BLOCKS for line in block.splitlines() if line.startswith("musicae")]
QUICKER = {"--minutes 60": "--updates 2", "musicae evaluate": "musicae evaluate --windows 16 --pairs 4 --samples 16"}
"""What is typed here instead, to see that it runs."""


@pytest.mark.usefixtures("hasty_search")
def test_every_command_of_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(LINES) > 10
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(attribute_vectors, "TRIED", 8)  # windows on which vectors are tried: most of a short training
    melody = REPRESENTATIONS["melody"](bars=8)
    rng = np.random.default_rng(0)
    names = ["a.mid", "b.mid", *(f"home/midi/{i}.mid" for i in range(80))]
    for name, score in zip(names, [melody.generate(rng) for _ in names], strict=True):
        write_midi(score, tmp_path / name)
    for line in LINES:
        for typed, quicker in QUICKER.items():
            line = line.replace(typed, quicker)
        words = shlex.split(line, comments=True)
        words = [str(Path(word).expanduser()) if word.startswith("~") else word for word in words]
        monkeypatch.setattr(sys, "argv", words)
        with pytest.raises(SystemExit) as exit:
            app.main()
        assert exit.value.code in (0, None), line


def test_the_python_of_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    melody = REPRESENTATIONS["melody"](bars=2)
    for name in ("a.mid", "b.mid"):
        write_midi(melody.generate(np.random.default_rng(1)), tmp_path / name)
    names: dict[str, object] = {}
    exec(code, names)
    assert names["z"].shape == (1, 256)  # type: ignore[attr-defined]
