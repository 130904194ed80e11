"""Machines that read chunks of files: the workers of a dask scheduler, which see the same folders as this one.

The package comes with `pip install 'musicae[dask]'`. Every chunk is written to its file by whoever reads it, and all
else is done here, so that the data set is the one that this machine alone would make.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from musicae.corpus.chunks import Reading
from musicae.corpus.process_pool import DONE, ProcessPool, ReadingTask, read_task, unwritable
from musicae.errors import MusicaeError

SECONDS_TO_CONNECT = 10.0


class DaskPool:
    """Reads tasks with the workers of a scheduler.

    A worker that dies costs nothing: others go on with what it read. What kills several is read here, by a process
    that may die of a file.

    Args:
        scheduler: its address, such as tcp://10.0.0.1:8786.
        on_file: called with how many more files have been read.
    """

    def __init__(self, reading: Reading, *, scheduler: str, on_file: Callable[[int], None]) -> None:
        self.reading, self.scheduler, self.on_file = reading, scheduler, on_file

    def run(self, tasks: Sequence[ReadingTask]) -> Generator[int, None, None]:
        """Yields the index of every task when its result is written, in any order.

        Raises:
            MusicaeError: there is no such scheduler, its workers do not see the files or have no musicae, or a result
                cannot be written.
        """
        distributed, deadly = _distributed(), []
        tasks = [_absolute(task) for task in tasks]  # workers have other current folders
        with _connected(distributed, self.scheduler) as client:
            _check_workers(client, tasks[0])
            futures = {client.submit(_read, task, self.reading, pure=False): n for n, task in enumerate(tasks)}
            for future in distributed.as_completed(futures):
                index = futures[future]
                if isinstance(future.exception(), distributed.KilledWorker):
                    deadly.append(index)
                    continue
                _check_answer(future, tasks[index])
                self.on_file(len(tasks[index].paths))
                yield index
        pool = ProcessPool(self.reading, workers=1, on_file=self.on_file)
        for index in pool.run([tasks[index] for index in deadly]):
            yield deadly[index]


def _read(task: ReadingTask, reading: Reading) -> str:
    return read_task(task, reading, lambda position: None, {})


def _check_answer(future: Any, task: ReadingTask) -> None:
    if error := future.exception():
        hint = "install the same musicae, and the same Python, on every machine"
        raise MusicaeError(f"a dask worker failed: {type(error).__name__}: {error}", hint) from error
    if (answer := future.result()) != DONE:
        raise unwritable(answer)
    if not any(task.result.parent.glob(f"{task.result.stem}.*")):
        raise _unseen(task.result.parent)


def _check_workers(client: Any, task: ReadingTask) -> None:
    """Make sure that every worker sees the first file, and the folder for the results."""
    task.result.parent.mkdir(parents=True, exist_ok=True)
    for path in (task.paths[0], task.result.parent):
        seen = client.run(os.path.exists, str(path))
        if not seen:
            raise MusicaeError("the dask scheduler has no workers", "start `dask worker ADDRESS` on every machine")
        if not all(seen.values()):
            raise _unseen(path)


def _absolute(task: ReadingTask) -> ReadingTask:
    return replace(task, paths=tuple(path.absolute() for path in task.paths), result=task.result.absolute())


def _unseen(path: Path) -> MusicaeError:
    hint = "put the files and the data set on a disk that all machines share, under the same path"
    return MusicaeError(f"not all dask workers see {path}", hint)


def _connected(distributed: Any, scheduler: str) -> Any:
    try:
        return distributed.Client(scheduler, timeout=SECONDS_TO_CONNECT)
    except (OSError, ValueError) as error:
        hint = "start one with `dask scheduler`, and `dask worker ADDRESS` on every machine"
        raise MusicaeError(f"no dask scheduler answers at {scheduler}: {error}", hint) from None


def _distributed() -> Any:
    try:
        return importlib.import_module("distributed")
    except ImportError as error:
        raise MusicaeError("the package distributed is not installed", "pip install 'musicae[dask]'") from error
