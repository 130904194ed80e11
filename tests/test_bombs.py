"""Small files that ask for much: what they cost follows from what they hold."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from musicae.clips.choice import best_window
from musicae.errors import MusicaeError
from musicae.music.midi import read_midi
from musicae.music.representations import REPRESENTATIONS
from musicae.music.representations.multitrack import Multitrack
from tests.helpers.bombs import BOMBS, LARGEST
from tests.helpers.commands import measured

GIB = 2**30
SLOW = pytest.mark.slow
QUICK = ("long_notes", "far_note", "tiny_resolution_far")
MARKED = [name if name in QUICK else pytest.param(name, marks=SLOW) for name in BOMBS]

KINDS = {
    "melody": REPRESENTATIONS["melody"](bars=2),
    "melody of 16 bars": REPRESENTATIONS["melody"](bars=16),
    "drums": REPRESENTATIONS["drums"](bars=2),
    "trio": REPRESENTATIONS["trio"](bars=4),
    "multitrack": Multitrack(bars=1, chords=True),
}

VERBS = {
    "reconstruct": ("reconstruct", "FILE", "-m", "trio-4bar"),
    "vary": ("vary", "FILE", "-m", "multitrack-1bar-chords", "-n", "1"),
    "interpolate": ("interpolate", "FILE", "FILE", "--steps", "2"),
    "attribute": ("attribute", "FILE", "--add", "density"),
    "encode": ("encode", "FILE", "-m", "drums-2bar"),
    "compose": ("compose", "--chords", "C Am", "--from", "FILE", "--to", "FILE"),
}
"""Every verb that reads a file, with models of several kinds among them."""


@pytest.mark.parametrize("name", MARKED)
def test_a_bomb_is_small(name: str) -> None:
    assert len(BOMBS[name]()) <= LARGEST


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", MARKED)
def test_reading_takes_what_a_file_holds(name: str, kind: str) -> None:
    score, representation = read_midi(BOMBS[name]()), KINDS[kind]
    tracemalloc.start()
    try:
        best_window(score, representation)
    except MusicaeError as error:
        assert len(error.message) < 10_000
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < GIB / 2


@pytest.mark.slow
@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("name", BOMBS)
def test_every_verb_reads_or_refuses_a_bomb(name: str, verb: str, tmp_path: Path, shelf: Path) -> None:
    file = tmp_path / "bomb.mid"
    file.write_bytes(BOMBS[name]())
    words = [str(file) if word == "FILE" else word for word in VERBS[verb]]
    code, error, peak, seconds = measured(words, tmp_path, shelf)
    assert code in (0, 1), error
    assert "Traceback" not in error
    assert code == 0 or [line.split(":")[0] for line in error.splitlines()] == ["error", "hint"]
    assert peak < 2 * GIB
    assert seconds < 20
