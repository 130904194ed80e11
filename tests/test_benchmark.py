"""What a benchmark measures."""

from pathlib import Path

import pytest

from musicae.training.arithmetic import Arithmetic
from musicae.verbs.benchmark import benchmark
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
    assert speed.chosen.settled
