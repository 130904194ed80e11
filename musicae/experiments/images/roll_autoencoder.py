"""A variational autoencoder of piano rolls, whose KL falls at first and then rises."""

from __future__ import annotations

from musicae.errors import MusicaeError
from musicae.experiments.images.curves import Curves, FollowedTask, followed_training
from musicae.experiments.images.digit_plan import DigitPlan
from musicae.experiments.images.image_autoencoders import IMAGE_AUTOENCODERS
from musicae.experiments.images.image_task import image_autoencoder, initial_weights
from musicae.experiments.images.rolls import COLUMNS, ROLL_STEPS, read_pieces
from musicae.networks.perceptrons import PerceptronSizes
from musicae.report.figures import Figure

ROLLS = PerceptronSizes(image=(ROLL_STEPS, COLUMNS), latent=20, before=(1000, 500, 100), after=(100, 500))
"""15600-1000-500-100-[20]-100-500-15600."""


def midi(plan: DigitPlan) -> Figure:
    """Loss and KL of the autoencoder of piano rolls over its training.

    Of the student project whose two-dimensional autoencoder `plane` is: Bernoulli pixels, Adam at 1e-5 with a weight
    decay of 5e-4, 32 windows an update. There, windows of a piece were in both splits; here, pieces are held out.

    Raises:
        MusicaeError: the plan has no folder of MIDI files, or it holds too few.
    """
    if plan.midi is None:
        raise MusicaeError("this figure is of music, and there is none", "name a folder of MIDI files", kind="no-midi")
    pieces = read_pieces(plan.midi)
    with initial_weights(0):
        autoencoder = image_autoencoder(IMAGE_AUTOENCODERS["vae"].objective, ROLLS, "bernoulli")
    training = followed_training(plan.updates or 20_000, batch=32, learning_rate=1e-5)
    task = FollowedTask(
        f"midi {pieces.digest}", autoencoder, training, pieces.draw, pieces.held_out(), weight_decay=5e-4
    )
    curves = Curves(plan.train("midi", task).folder)
    split = f"{len(pieces.train):,} pieces to learn from, {len(pieces.test):,} others to test with"
    return Figure(f"Loss and KL of an autoencoder of piano rolls: {split}.", curves.pictures(), curves.table("midi"))
