"""Processes that read chunks of files, so that a file which kills or hangs one costs that file only."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import math
import multiprocessing
import os
import signal
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path

from musicae.corpus.chunks import Reading, read_chunk
from musicae.errors import MusicaeError

SECONDS_PER_FILE = 60.0
"""A file that takes longer hangs its reader."""

SECONDS_PER_LOOK = 0.1
"""How often is looked how far the readers are."""

MOST_MEMORY = 2**30
"""Bytes that a worker may take for what it reads."""

STRIKES = 2
"""A file is given up when its reader has died so often: the first time it may have been an accident."""

DONE = "done"
"""What a worker says when a result is written; any other text says why it cannot be written."""

CONTEXT = multiprocessing.get_context("spawn")

Position = ctypes.c_longlong


@dataclass(frozen=True, slots=True)
class ReadingTask:
    """A chunk to be read: its files, their digests, and the file that its result goes to."""

    paths: tuple[Path, ...]
    digests: tuple[str, ...]
    result: Path


@dataclass(slots=True)
class _Worker:
    """One process and what it reads.

    Attributes:
        shared: memory that it writes to: the position of the file that it reads; -1 before the first one of a task.
        position: what was seen there last.
        last_seen: when it had gone on; never yet while it starts up, which takes a while.
    """

    connection: Connection
    process: multiprocessing.process.BaseProcess
    shared: Position
    task: int = -1
    position: int = 0
    last_seen: float = math.inf

    def stop(self) -> None:
        self.process.kill()
        self.process.join()
        self.connection.close()


class ProcessPool:
    """Reads tasks with several processes.

    Args:
        workers: how many processes.
        on_file: called with how many more files have been read.
    """

    def __init__(self, reading: Reading, *, workers: int, on_file: Callable[[int], None]) -> None:
        self.reading, self.count, self.on_file = reading, workers, on_file
        self.strikes: Counter[tuple[int, int]] = Counter()
        self.skip: dict[int, dict[int, str]] = {}

    def run(self, tasks: Sequence[ReadingTask]) -> Generator[int, None, None]:
        """Yields the index of every task when its result is written, in any order.

        Raises:
            MusicaeError: a result cannot be written, or cannot be made though no file is at fault.
        """
        waiting = deque(range(len(tasks)))
        busy: list[_Worker] = []
        try:
            while waiting or busy:
                while waiting and len(busy) < self.count:
                    busy.append(self._start())
                    self._assign(busy[-1], waiting.popleft(), tasks)
                ready = set(wait([worker.connection for worker in busy], timeout=SECONDS_PER_LOOK))
                for worker in list(busy):
                    self._look(worker)
                    fate = self._receive(worker) if worker.connection in ready else self._overdue(worker)
                    if fate == DONE:
                        yield worker.task
                    elif fate:
                        self._blame(worker, fate, tasks)
                        waiting.appendleft(worker.task)
                    if fate == DONE and waiting:
                        self._assign(worker, waiting.popleft(), tasks)
                    elif fate:
                        busy.remove(worker)
                        worker.stop()
        finally:
            for worker in busy:
                worker.stop()

    def _start(self) -> _Worker:
        ours, theirs = CONTEXT.Pipe()
        position = CONTEXT.RawValue(Position, -1)
        process = CONTEXT.Process(target=_serve, args=(theirs, position, self.reading), daemon=True)
        process.start()
        theirs.close()
        return _Worker(ours, process, position)

    def _assign(self, worker: _Worker, task: int, tasks: Sequence[ReadingTask]) -> None:
        worker.task, worker.position, worker.shared.value = task, 0, -1
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it has died, as its connection will say
            worker.connection.send((tasks[task], self.skip.get(task, {})))

    def _look(self, worker: _Worker) -> None:
        """See how far a worker is: exactly, if it has spoken or died before."""
        position = worker.shared.value
        if position > worker.position or (position == 0 and worker.last_seen == math.inf):
            self.on_file(position - worker.position)
            worker.position, worker.last_seen = position, time.monotonic()

    def _receive(self, worker: _Worker) -> str:
        """Take in what a worker says: that it is done, or that it has died."""
        try:
            message: str = worker.connection.recv()
        except (EOFError, OSError):
            return "its reader died"
        if message != DONE:
            raise unwritable(message)
        worker.last_seen = time.monotonic()
        return DONE

    def _overdue(self, worker: _Worker) -> str:
        late = time.monotonic() - worker.last_seen > SECONDS_PER_FILE
        return f"reading took more than {SECONDS_PER_FILE:g} s" if late else ""

    def _blame(self, worker: _Worker, fate: str, tasks: Sequence[ReadingTask]) -> None:
        """Count a failure against the file at which it happened, and skip that file when it happens again."""
        self.on_file(-worker.position)
        culprit = (worker.task, worker.position)
        self.strikes[culprit] += 1
        if self.strikes[culprit] < STRIKES:
            return
        paths = tasks[worker.task].paths
        innocent = worker.position >= len(paths) or worker.position in self.skip.get(worker.task, {})
        if innocent or worker.last_seen == math.inf:
            raise MusicaeError(
                f"reading {paths[0]} and the {len(paths) - 1} files after it failed: {fate}",
                "free some memory and run the same command again: it continues where it stopped; "
                'a script needs `if __name__ == "__main__":` around what it runs',
            )
        self.skip.setdefault(worker.task, {})[worker.position] = fate


def _serve(connection: Connection, position: Position, reading: Reading) -> None:
    """A worker's life: chunks in, files out; where the parent looks stands which file it reads; it ends with it."""

    def on_file(now: int) -> None:
        position.value = now

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()  # what was imported stays: looking through it again and again is wasted
    _limit_memory()
    try:
        while True:
            task, skip = connection.recv()
            connection.send(read_task(task, reading, on_file, skip))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        os._exit(1)


def read_task(task: ReadingTask, reading: Reading, on_file: Callable[[int], None], skip: dict[int, str]) -> str:
    """Write the windows of a chunk, as `read_chunk` does; `DONE`, or why they cannot be written."""
    try:
        read_chunk([*zip(task.paths, task.digests, strict=True)], reading, on_file, skip, task.result)
    except MusicaeError as error:
        return error.message
    return DONE


def unwritable(why: str) -> MusicaeError:
    """The error for a chunk that cannot be written."""
    hint = "choose another folder, or free some space: what is done need not be done again"
    return MusicaeError(why, hint, kind="unwritable-chunk")


def _limit_memory() -> None:
    """Lets a file that asks for too much fail in the reader, before the system looks for a process to kill.

    Only where the system says what the process has already: on Linux.
    """
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        wanted = pages * resource.getpagesize() + MOST_MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (wanted if hard < 0 else min(wanted, hard), hard))
