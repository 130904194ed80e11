"""How much of the processor is ours, how its threads wait for each other, and how torch gets its memory; known before
torch is imported.

`MUSICAE_THREADS` overrides how many threads compute.
"""

from __future__ import annotations

import math
import os
import platform
import sys
from collections.abc import MutableMapping
from pathlib import Path

THREADS = "MUSICAE_THREADS"
"""The environment variable that says how many threads compute."""

WAITING = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "300"}
"""How OpenMP's threads wait at barriers: asleep, GNU's after a look or two.

By default GNU's spin for milliseconds. Where another process holds the core of one thread, the others burn theirs
meanwhile: a training on two threads beside one busy process falls to a tenth of its speed.
"""

HUGE_PAGES = {"THP_MEM_ALLOC_ENABLE": "1"}
"""Large tensors lie on pages of 2 MiB where Linux has them: the first touch of as many small ones is a tenth of an
update of long windows."""


def usable_cores() -> int:
    """Processors that this process may compute on: `MUSICAE_THREADS`, else those that the system lets it use.

    These are the processors of its affinity mask, or as many as its control group's quota of time amounts to, rounded
    up, if that is less. Nothing is guessed about processors that share a core.

    Raises:
        ValueError: `MUSICAE_THREADS` is not a positive whole number.
    """
    forced = os.environ.get(THREADS, "").strip()
    if forced:
        if not (forced.isascii() and forced.isdecimal() and int(forced) > 0):
            raise ValueError(f"{THREADS} is {forced!r}: it is a number of threads, 1 or more")
        return int(forced)
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.ceil(min(allowed, quota())))


def quota(root: Path = Path("/")) -> float:
    """Processors' worth of time that control groups grant this process; infinite where nothing limits it.

    Args:
        root: of the file system that is asked.
    """
    groups = root / "sys/fs/cgroup"
    found = [math.inf]
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        base = groups / "cpu" if controllers else groups
        group = base / path.lstrip("/")
        for folder in (group, *group.parents):
            limit, period = _limit(folder)
            if limit > 0 and period > 0:
                found.append(limit / period)
            if folder == base:
                break
    return min(found)


def _limit(group: Path) -> tuple[float, float]:
    """Quota and period of a control group in microseconds, of version 2 or 1; zeros if it has none."""
    text = _read(group / "cpu.max") or f"{_read(group / 'cpu.cfs_quota_us')} {_read(group / 'cpu.cfs_period_us')}"
    try:
        limit, period = map(float, text.split())
    except ValueError:  # "max 100000", or no such files
        return 0.0, 0.0
    return limit, period


def prepare_for_torch(environment: MutableMapping[str, str] | None = None) -> None:
    """Let threads sleep while they wait, and large tensors lie on huge pages, unless the environment says otherwise.

    OpenMP and torch read this when they are loaded: it has to be called before, and afterwards does nothing.
    """
    environment = os.environ if environment is None else environment
    if "torch" in sys.modules:
        return
    for settings in (WAITING, HUGE_PAGES):
        if not settings.keys() & environment.keys():
            environment.update(settings)


def use_all_cores(environment: MutableMapping[str, str] = os.environ) -> None:
    """Let torch compute on `usable_cores`, unless `OMP_NUM_THREADS` says otherwise and `MUSICAE_THREADS` does not.

    Raises:
        ValueError: `MUSICAE_THREADS` is not a positive whole number.
    """
    cores = str(usable_cores())
    if os.environ.get(THREADS, "").strip():
        environment["OMP_NUM_THREADS"] = cores
    elif sys.platform == "linux":  # elsewhere torch asks the system how many fast cores there are
        environment.setdefault("OMP_NUM_THREADS", cores)


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def processor() -> str:
    """What the processor calls itself and what it can do, as far as the system says: equal on machines alike."""
    about = _read(Path("/proc/cpuinfo")).split("\n\n")[0]
    pairs = (line.partition(":")[::2] for line in about.splitlines())
    known = {name.strip(): value.strip() for name, value in pairs}
    return "; ".join([platform.machine(), *(known[name] for name in _TRAITS if name in known)])


_TRAITS = ("model name", "cpu family", "model", "stepping", "flags", "CPU implementer", "CPU part", "Features")
