"""Autoencoders of digits with a classifier beside them, which changes nothing about them, and their table."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from torch import nn

from musicae.experiments.images import digit_autoencoders, image_trainings
from musicae.experiments.images.digit_autoencoders import (
    DigitResult,
    DigitTask,
    accuracy_of,
    fitted_accuracy,
    train_digits,
)
from musicae.experiments.images.digit_plan import DigitPlan
from musicae.experiments.images.digit_report import PUBLISHED_DIGITS, digit_table
from musicae.experiments.images.digits import to_pixels
from musicae.experiments.images.image_autoencoders import IMAGE_AUTOENCODERS
from musicae.experiments.images.image_trainings import metrics_of, resumed
from musicae.networks.batch import Batch
from tests.helpers.digits import digit_plan


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks of two channels, measured every other update."""
    monkeypatch.setattr(digit_autoencoders, "DEPTH", 2)
    monkeypatch.setattr(image_trainings, "EVALUATE_EVERY", 2)


@pytest.fixture
def plan(tmp_path: Path) -> DigitPlan:
    return digit_plan(tmp_path, seeds=1, updates=2)


def task(plan: DigitPlan, name: str, updates: int = 4) -> DigitTask:
    return DigitTask(name, IMAGE_AUTOENCODERS[name], plan.digits, 32, 0, updates)


@pytest.mark.parametrize("name", IMAGE_AUTOENCODERS)
def test_every_autoencoder_trains_beside_its_classifier(name: str, plan: DigitPlan) -> None:
    result = train_digits(plan, name, 0)
    assert (result.name, result.data, result.code_size, result.updates) == (name, "squares", 32, 2)
    assert 0 <= result.accuracy <= 1 and 0 <= result.fitted <= 1 and math.isfinite(result.squared_error)
    assert train_digits(plan, name, 0) == result, "what is finished is not trained again"


@pytest.mark.parametrize("name", ["vae", "dropout", "acai"])
def test_an_autoencoder_learns_as_it_does_alone(name: str, plan: DigitPlan, tmp_path: Path) -> None:
    beside, alone = task(plan, name), task(plan, name)
    alone.module, alone.probed.classifier = alone.autoencoder, nn.Linear(1, 1)
    for each, folder in ((beside, "beside"), (alone, "alone")):
        trainer = resumed(each, tmp_path / folder, 0)
        for _ in range(3):
            trainer.update()
    ours, theirs = beside.autoencoder.state_dict(), alone.autoencoder.state_dict()
    assert all(torch.equal(ours[key], theirs[key]) for key in theirs)
    assert not torch.equal(beside.probed.classifier.weight, task(plan, name).probed.classifier.weight)


def test_the_classifier_reads_clean_codes_with_nothing_hidden(plan: DigitPlan) -> None:
    for name in ("dropout", "denoising"):
        one = task(plan, name)
        batch = one.batch(0)
        codes = one.autoencoder.encode(batch.target, batch.condition).mean
        assert torch.equal(one.probed.codes(batch), codes)
        assert one.autoencoder.training, "as it was"


def test_of_a_vae_it_reads_what_the_posterior_is_made_from(plan: DigitPlan) -> None:
    one = task(plan, "vae")
    batch = one.batch(0)
    assert torch.equal(one.probed.codes(batch), one.autoencoder.encoder(*one.autoencoder.embed(batch)))


def test_a_classifier_that_knows_nothing_costs_the_logarithm_of_the_classes(plan: DigitPlan) -> None:
    one = task(plan, "autoencoder")
    nn.init.zeros_(one.probed.classifier.weight)
    nn.init.zeros_(one.probed.classifier.bias)
    assert one.module(one.batch(0))["probe"].item() == pytest.approx(math.log(3))


def test_accuracy_is_the_share_of_test_images_that_are_right(plan: DigitPlan, monkeypatch: pytest.MonkeyPatch) -> None:
    one = task(plan, "autoencoder")

    def rows(batch: Batch) -> torch.Tensor:
        return batch.target[:, :3, :, 0].float().mean(2)  # class k is a white row k; one row of images is in the middle

    assert to_pixels(plan.digits.test.images, 8)[0, 0, 0, 0] == 1
    monkeypatch.setattr(digit_autoencoders, "IMAGES_AT_ONCE", 3)
    assert accuracy_of(rows, one.autoencoder, plan.digits) == 1
    assert accuracy_of(lambda batch: -rows(batch), one.autoencoder, plan.digits) < 0.5


def test_what_is_fitted_at_the_end_reads_codes_that_say_the_class(
    plan: DigitPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = task(plan, "autoencoder")
    assert 0 <= fitted_accuracy(one.probed, plan.digits) <= 1

    def of_pixels(batch: Batch) -> torch.Tensor:
        return batch.target[:, :3, :, 0].float().mean(2)  # class k is a white row k

    monkeypatch.setattr(one.probed, "codes", of_pixels)
    assert fitted_accuracy(one.probed, plan.digits) == 1


def test_a_training_goes_on_with_its_classifier(plan: DigitPlan, tmp_path: Path) -> None:
    whole = resumed(task(plan, "vae"), tmp_path / "whole", 0)
    whole.run()
    half = resumed(task(plan, "vae"), tmp_path / "parts", 0)
    half.budget.updates = 2
    half.run()
    again = resumed(task(plan, "vae"), tmp_path / "parts", 0)
    again.run()
    ours, theirs = (one.task.module.state_dict() for one in (whole, again))
    assert ours.keys() == theirs.keys() and all(torch.equal(ours[key], theirs[key]) for key in ours)
    assert metrics_of(whole.folder, "validation") == metrics_of(again.folder, "validation")


def result(name: str, seed: int, accuracy: float, code_size: int = 32) -> DigitResult:
    return DigitResult(name, "mnist", code_size, seed, 100, accuracy, 0.95, 0.01, 1.0)


def test_a_row_has_the_mean_of_its_seeds_beside_what_was_published_of_mnist() -> None:
    found = [result("wae", 0, 0.5), result("acai", 0, 0.9), result("acai", 1, 0.92)]
    table = digit_table(found, mnist=True)
    acai, wae = (dict(zip(table.columns, row, strict=True)) for row in table.rows)
    assert acai["fitted %"] == pytest.approx(95)
    assert acai["accuracy %"] == pytest.approx(91) and acai["accuracy +-"] == pytest.approx(2**0.5)
    assert (acai["published %"], acai["published +-"]) == (98.25, 0.11) and wae["published %"] is None
    assert [row[0] for row in table.text()] == ["acai", "wae"]
    assert digit_table([result("acai", 0, 0.9, 256)], mnist=True).rows[0][7] == PUBLISHED_DIGITS[256]["acai"][0]
    assert "published %" not in digit_table(found, mnist=False).columns
