"""A command line, killed at every rename and every new name that it gives a file, and then typed again."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Again:
    """What the same command did after it had been killed at its n-th rename.

    Attributes:
        code: its exit code.
        folder: where both ran.
        temporary: the temporary files that are left there.
    """

    number: int
    code: int
    folder: Path
    temporary: list[str]


def kill_everywhere(command: list[str], folder: Path) -> list[Again]:
    """Run a command in a new folder for every rename that it does, kill -9 it there, and run it again.

    The last folder is that of a run that nobody killed.
    """
    script = [sys.executable, "-m", "tests.helpers.kills", json.dumps(command), str(folder)]
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache"), "MUSICAE_THREADS": "1"}
    done = subprocess.run(script, capture_output=True, text=True, check=False, env=environment, cwd=Path.cwd())
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    return [Again(number, code, Path(place), left) for number, code, place, left in found]


def main(command: list[str], folder: Path) -> None:
    """The script: it imports everything once, and every run is a fork of it."""
    from musicae.storage.atomic import is_temporary

    for module in ("corpus.preprocess", "report.page", "verbs.train", "verbs.sample", "verbs.codes", "cli.app"):
        importlib.import_module(f"musicae.{module}")
    found = []
    for number in range(1, 200):
        place = folder / f"{number:02}"
        place.mkdir(parents=True)
        killed = os.WIFSIGNALED(_forked(command, place, number))
        code = os.waitstatus_to_exitcode(_forked(command, place, 0)) if killed else 0
        left = [str(path) for path in [*place.rglob("*"), *folder.glob("cache/**/*")] if is_temporary(path.name)]
        found.append((number, code, str(place), left))
        if not killed:
            break
    print(json.dumps(found))


def _forked(command: list[str], place: Path, number: int) -> int:
    """The status of a command that is killed at the rename of that number, unless that is 0."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    os.chdir(place)
    sys.argv = ["musicae", *command]
    _read_in_this_process()
    if number:
        count = iter(range(1, number))
        for name in ("rename", "replace", "link"):
            setattr(os, name, _deadly(getattr(os, name), count))
    from musicae.cli.app import main as run

    with open("err", "a") as err:
        os.dup2(err.fileno(), 2)
        os.dup2(err.fileno(), 1)
    run()
    return 0


def _deadly(rename: Any, count: Any) -> Any:
    def deadly(*arguments: Any, **options: Any) -> None:
        if next(count, None) is None:
            os.kill(os.getpid(), 9)
        rename(*arguments, **options)

    return deadly


def _read_in_this_process() -> None:
    """So that renames of chunks count as well."""
    from musicae.corpus import process_pool

    def run(self: process_pool.ProcessPool, tasks: list[process_pool.ReadingTask]) -> Any:
        for index, task in enumerate(tasks):
            assert process_pool.read_task(task, self.reading, lambda _: None, {}) == process_pool.DONE
            yield index

    process_pool.ProcessPool.run = run  # type: ignore[assignment,method-assign]


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), Path(sys.argv[2]))
