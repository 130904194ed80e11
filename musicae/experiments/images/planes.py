"""Codes of two numbers, seen as they are: a variational autoencoder, and an adversarial one with a mixture prior."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

from musicae.config import named
from musicae.experiments.images.curves import Curves, FollowedTask, followed_training
from musicae.experiments.images.digit_plan import DigitPlan
from musicae.experiments.images.digits import Digits, drawn, to_pixels
from musicae.experiments.images.image_autoencoders import IMAGE_AUTOENCODERS
from musicae.experiments.images.image_task import encode_images, image_autoencoder, initial_weights
from musicae.networks.autoencoder import Autoencoder
from musicae.networks.perceptrons import PerceptronSizes
from musicae.objectives import OBJECTIVES
from musicae.render.svg import class_chart
from musicae.report.figures import Figure, sheet

SHOWN_CODES = 2_000
"""Test images, at most, whose codes are shown."""


def plane(plan: DigitPlan) -> Figure:
    """A variational autoencoder 784-500-2-500-784, its codes, and its loss and KL over the training.

    Of a student project at Radboud University: tanh, Bernoulli pixels, Adam at 5e-5 with a weight decay of 5e-4, 32
    images an update; 30,000 updates were 60 epochs there.
    """
    digits = plan.digits
    sizes = PerceptronSizes(_shape(digits), latent=2, before=(500,), after=(500,), activation="tanh")
    with initial_weights(0):
        autoencoder = image_autoencoder(IMAGE_AUTOENCODERS["vae"].objective, sizes, "bernoulli")
    training = followed_training(plan.updates or 30_000, batch=32, learning_rate=5e-5)
    source, held_out = partial(drawn, digits.train), to_pixels(digits.test.images)
    task = FollowedTask(f"plane/{digits.name}", autoencoder, training, source, held_out, weight_decay=5e-4)
    curves = Curves(plan.train("plane", task).folder)
    caption = f"Mean codes of test images of {digits.name} by class; loss and KL while the autoencoder was trained."
    return Figure(caption, [_codes(autoencoder, digits), *curves.pictures()], curves.table("plane"))


def mixture(plan: DigitPlan) -> Figure:
    """An adversarial autoencoder whose prior has a component for every class (Makhzani et al. 2015, section 2.3).

    One image in five has a label, by which the critic knows of which component its code should be. The critic's weight
    is 1 beside the mean cross-entropy of a pixel.
    """
    digits = plan.digits
    sizes = PerceptronSizes(_shape(digits), latent=2, before=(500, 500), after=(500, 500))
    critic = named(
        "adversarial_prior", weight=float(math.prod(sizes.shape)), labels=digits.classes, learning_rate_scale=1.0
    )
    objective = replace(OBJECTIVES["aae-labels"].of_classes(digits.classes), regularizers=(critic,))
    with initial_weights(0):
        autoencoder = image_autoencoder(objective, sizes, "bernoulli")
    training = followed_training(plan.updates or 20_000, batch=64, learning_rate=5e-4)
    source, held_out = partial(drawn, digits.train, known=0.2), to_pixels(digits.test.images)
    plan.train("mixture", FollowedTask(f"mixture/{digits.name}", autoencoder, training, source, held_out))
    codes = encode_images(autoencoder, held_out[:SHOWN_CODES]).tolist()
    rows = [[*code, int(label)] for code, label in zip(codes, digits.test.labels, strict=False)]
    caption = f"Codes of test images of {digits.name} by class, under a prior with a component for each."
    return Figure(caption, [_codes(autoencoder, digits)], sheet("mixture", ("x", "y", "class"), rows))


def _shape(digits: Digits) -> tuple[int, int]:
    _, height, width = digits.train.images.shape
    return height, width


def _codes(autoencoder: Autoencoder, digits: Digits) -> str:
    codes = encode_images(autoencoder, to_pixels(digits.test.images[:SHOWN_CODES])).tolist()
    return class_chart(
        codes, digits.test.labels[:SHOWN_CODES].tolist(), x_name="first number of the code", y_name="second"
    )
