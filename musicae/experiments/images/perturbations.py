"""Noise and adversarial perturbations of the same length, and how well a linear classifier then reads the codes."""

from __future__ import annotations

import statistics
from collections.abc import Mapping

from musicae.config import spec
from musicae.experiments.images.digit_autoencoders import DigitTask, train_row
from musicae.experiments.images.digit_plan import DigitPlan
from musicae.experiments.images.image_autoencoders import IMAGE_AUTOENCODERS, ImageAutoencoder
from musicae.experiments.images.image_task import BARE
from musicae.experiments.images.image_trainings import metrics_of
from musicae.objectives import Objective
from musicae.render.svg import line_chart
from musicae.report.figures import Figure, sheet
from musicae.report.table import Cell
from musicae.training.loop import Trainer

GAUSSIAN = spec("feature_noise", std=0.5)
"""As long as the adversarial perturbation: half as long as the image."""

PERTURBED: Mapping[str, ImageAutoencoder] = {
    "autoencoder": IMAGE_AUTOENCODERS["autoencoder"],
    "gaussian-denoising": ImageAutoencoder(Objective("half as much noise", "", latent=BARE, corruptions=(GAUSSIAN,))),
    "adversarial-denoising": IMAGE_AUTOENCODERS["adversarial-denoising"],
}
"""What is compared by default: no perturbation, a random one, and the worst one."""


def train_compared(plan: DigitPlan, seed: int) -> dict[str, Trainer[DigitTask]]:
    """The trainings of the autoencoders that a plan compares, at their ends; those that the table has too are its."""
    known = {**IMAGE_AUTOENCODERS, **PERTURBED}
    return {name: train_row(plan, name, known[name], seed) for name in plan.rows or PERTURBED}


def perturbation(plan: DigitPlan) -> Figure:
    """Test accuracy of the classifier of codes while the autoencoder is trained, on average over seeds."""
    trainers = [train_compared(plan, seed) for seed in range(plan.seeds)]
    measured = {name: [metrics_of(one[name].folder, "validation") for one in trainers] for name in trainers[0]}
    updates = [one["update"] for one in min((run for runs in measured.values() for run in runs), key=len)]
    curves = {
        name: [100 * statistics.mean(run[i]["accuracy"] for run in runs) for i in range(len(updates))]
        for name, runs in measured.items()
    }
    rows: list[list[Cell]] = [
        [name, update, value] for name, curve in curves.items() for update, value in zip(updates, curve, strict=True)
    ]
    picture = line_chart(curves, updates, x_name="update", y_name="test accuracy of the classifier, %", from_zero=False)
    caption = f"A linear classifier of codes of {plan.digits.name} under perturbations of the same length."
    return Figure(caption, [picture], sheet("perturbation", ("autoencoder", "update", "accuracy %"), rows))
