"""How many cores a process may use, and how threads wait."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from musicae.cpu import HUGE_PAGES, WAITING, prepare_for_torch, quota, usable_cores, use_all_cores
from tests.helpers.commands import Run


def test_all_cores_of_the_affinity_mask_are_usable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MUSICAE_THREADS", raising=False)
    monkeypatch.setattr("musicae.cpu.quota", lambda: math.inf)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 1, 5}, raising=False)
    assert usable_cores() == 3


@pytest.mark.parametrize(("granted", "cores"), [(0.2, 1), (1.5, 2), (2.0, 2), (64.0, 3)])
def test_a_quota_limits_usable_cores(granted: float, cores: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MUSICAE_THREADS", raising=False)
    monkeypatch.setattr("musicae.cpu.quota", lambda: granted)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 1, 5}, raising=False)
    assert usable_cores() == cores


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_the_quota_is_the_smallest_of_all_enclosing_groups(tmp_path: Path) -> None:
    put(tmp_path / "proc/self/cgroup", "0::/user/one\n")
    put(tmp_path / "sys/fs/cgroup/user/one/cpu.max", "max 100000\n")
    assert quota(tmp_path) == math.inf
    put(tmp_path / "sys/fs/cgroup/user/cpu.max", "150000 100000\n")
    put(tmp_path / "sys/fs/cgroup/cpu.max", "400000 100000\n")
    assert quota(tmp_path) == 1.5


def test_groups_of_version_1_have_quotas_too(tmp_path: Path) -> None:
    put(tmp_path / "proc/self/cgroup", "5:memory:/a\n3:cpu,cpuacct:/a\n")
    put(tmp_path / "sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n")
    put(tmp_path / "sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "-1\n")
    assert quota(tmp_path) == math.inf
    put(tmp_path / "sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "50000\n")
    assert quota(tmp_path) == 0.5


def test_without_control_groups_nothing_is_limited(tmp_path: Path) -> None:
    assert quota(tmp_path) == math.inf


def test_the_environment_overrides_usable_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUSICAE_THREADS", "7")
    environment = {"OMP_NUM_THREADS": "3"}
    use_all_cores(environment)
    assert usable_cores() == 7
    assert environment["OMP_NUM_THREADS"] == "7"


def test_threads_that_the_user_set_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MUSICAE_THREADS", raising=False)
    environment = {"OMP_NUM_THREADS": "3"}
    use_all_cores(environment)
    assert environment["OMP_NUM_THREADS"] == "3"


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5", "²"])
def test_a_number_of_threads_that_is_none_is_refused(text: str, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    monkeypatch.setenv("MUSICAE_THREADS", text)
    with pytest.raises(ValueError, match="MUSICAE_THREADS"):
        usable_cores()
    done = run("models")
    assert done.code == 1
    assert "MUSICAE_THREADS" in done.err
    assert "hint:" in done.err


def test_torch_is_prepared_unless_the_user_says_how(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "torch")
    environment: dict[str, str] = {}
    prepare_for_torch(environment)
    assert environment == WAITING | HUGE_PAGES
    environment = {"OMP_WAIT_POLICY": "ACTIVE", "THP_MEM_ALLOC_ENABLE": "0"}
    prepare_for_torch(environment)
    assert environment == {"OMP_WAIT_POLICY": "ACTIVE", "THP_MEM_ALLOC_ENABLE": "0"}


def test_what_is_too_late_is_not_set() -> None:
    environment: dict[str, str] = {}
    prepare_for_torch(environment)  # torch is imported: tests have a model
    assert not environment


def test_the_package_prepares_for_torch_before_it_and_without_it() -> None:
    names = ("OMP_WAIT_POLICY", "THP_MEM_ALLOC_ENABLE")
    code = f"import sys, os, musicae; print('torch' in sys.modules, *(os.environ[name] for name in {names}))"
    environment = {name: value for name, value in os.environ.items() if name not in WAITING | HUGE_PAGES}
    found = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False", "PASSIVE", "1"]
