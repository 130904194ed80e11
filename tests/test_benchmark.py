"""What a benchmark measures."""

import time
from pathlib import Path

import pytest
import torch

from musicae.model import Model
from musicae.presets import PRESETS
from musicae.training.arithmetic import Arithmetic
from musicae.verbs.benchmark import _flops, _time, benchmark
from tests.helpers.trainings import tiny


def test_benchmark_measures(tmp_path: Path) -> None:
    speed = benchmark("tiny", tiny(), seconds=0.01, device="cpu")
    assert speed.windows_per_second > 0
    assert set(speed.samples_per_second) == {1, 32, 256}
    assert 0 < speed.training_gflops < speed.matmul_gflops
    assert speed.loading_share < 1
    assert speed.training == speed.chosen, "nothing else was asked for"
    assert speed.sampling.precision == "float32"


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_benchmark_compares_at_the_precision_and_threads_it_is_asked_for(precision: str) -> None:
    wanted = Arithmetic(precision, 1)
    speed = benchmark("tiny", tiny(), seconds=0.01, device="cpu", wanted=wanted)
    assert speed.training == speed.sampling == wanted
    assert speed.chosen.precision != "auto" and speed.chosen.threads > 0


def test_the_operations_of_a_window_are_those_of_its_passes_alone() -> None:
    config = PRESETS["melody-2bar"]
    weights_times_steps = Model(config, device="cpu").parameters * 32
    assert 0.1 < _flops(config) / (6 * weights_times_steps) < 1, (
        "three passes of two operations, most weights each step"
    )


@pytest.mark.parametrize("call", [0.2, 0.06, 0.01])
def test_what_is_timed_takes_the_time_that_it_is_given_or_one_call(call: float) -> None:
    done = []

    def work() -> None:
        time.sleep(call)
        done.append(call)

    wall, _ = _time(work, 0.1, torch.device("cpu"))
    assert wall >= call
    assert len(done) == 1 if call > 0.1 else 2 <= len(done) <= 0.1 / call + 1


def test_what_is_done_only_once_does_not_count() -> None:
    slow = iter([0.05])
    wall, _ = _time(lambda: time.sleep(next(slow, 0.0)), 0.2, torch.device("cpu"))
    assert wall < 0.05
