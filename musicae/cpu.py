"""What can be known of the machine without asking a library."""

from __future__ import annotations

import os
from pathlib import Path


def physical_cores() -> int:
    """Physical cores that this process may use. A virtual machine hides which of its CPUs share a core: two are one."""
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))
    siblings = {_read(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list") or str(cpu) for cpu in allowed}
    hidden = len(siblings) == len(allowed) and " hypervisor " in _read("/proc/cpuinfo")
    return max(1, len(siblings) // 2) if hidden else len(siblings)


def _read(path: str) -> str:
    return Path(path).read_text() if Path(path).exists() else ""
