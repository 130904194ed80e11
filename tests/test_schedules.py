"""What changes while a training goes on."""

import pytest

from musicae.config import Training
from musicae.training.schedules import learning_rate, sampling_probability


def test_schedules() -> None:
    training = Training()
    assert learning_rate(training, 0.0) == pytest.approx(training.learning_rate)
    assert learning_rate(training, 0.5) == pytest.approx(1e-4)
    low = Training(learning_rate=1e-6)
    assert learning_rate(low, 0.0) == learning_rate(low, 1.0) == pytest.approx(1e-6)
    assert learning_rate(training, 1.0) == learning_rate(training, 1.1) == pytest.approx(training.min_learning_rate)
    assert sampling_probability(0, 5) == 0
    assert sampling_probability(1000, 0) == pytest.approx(1 / 1001)
    assert sampling_probability(1000, 6908) == pytest.approx(0.5, abs=1e-3)
    assert sampling_probability(1000, 10**9) == 1
