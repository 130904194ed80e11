"""What a benchmark measures."""

from pathlib import Path

from musicae.verbs.benchmark import benchmark
from tests.helpers.trainings import tiny


def test_benchmark_measures(tmp_path: Path) -> None:
    speed = benchmark("tiny", tiny(), seconds=0.01, device="cpu")
    assert speed.windows_per_second > 0
    assert set(speed.samples_per_second) == {1, 32, 256}
    assert 0 < speed.training_gflops < speed.matmul_gflops
    assert speed.loading_share < 1
