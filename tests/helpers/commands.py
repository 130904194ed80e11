"""What tests of commands share: what a command left, what it read, and how it fails."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from musicae.music.score import Meter, Notes, Score, Track

MODELS = ("melody-2bar", "drums-2bar", "trio-4bar", "multitrack-1bar-chords")


@dataclass(frozen=True)
class Done:
    """What a command left."""

    code: int
    bytes: bytes
    err: str

    @property
    def out(self) -> str:
        return self.bytes.decode()

    @property
    def paths(self) -> list[Path]:
        return [Path(line) for line in self.out.splitlines()]


Run = Callable[..., Done]


def melody(numerator: int = 4, denominator: int = 4, is_drum: bool = False) -> Score:
    """Eight bars of a scale in eighths, on a flute."""
    rows = [(i * 240, i * 240 + 240, 60 + i % 12, 90) for i in range(64)]
    meters = (Meter(0, numerator, denominator),)
    return Score(480, (Track(Notes.of(rows), 73, is_drum),), end=64 * 240, meters=meters)


def assert_fails(done: Done, *said: str) -> None:
    """Exit code 1, nothing on stdout, and one error and one hint on stderr that say the right thing."""
    assert done.code == 1
    assert done.out == ""
    assert "Traceback" not in done.err
    starts = [line.split(":")[0] for line in done.err.splitlines() if line.startswith(("error:", "hint:"))]
    assert starts == ["error", "hint"]
    for words in said:
        assert words in done.err


def measured(words: list[str], folder: Path, shelf: Path) -> tuple[int, str, int, float]:
    """The exit code, stderr, peak memory in bytes and seconds of a quiet command in a process of its own."""
    environment = os.environ | {"MUSICAE_MODELS": str(shelf), "MUSICAE_THREADS": "1"}
    command = [sys.executable, "-m", "musicae", *words, "-q"]
    begun = time.monotonic()
    with (folder / "stderr").open("wb") as err:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=err)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    unit = 1 if sys.platform == "darwin" else 1024
    error = (folder / "stderr").read_text(errors="replace")
    return process.returncode, error, usage.ru_maxrss * unit, time.monotonic() - begun
