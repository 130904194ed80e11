"""The autoencoders of images as a table: their names, and their weights for images of any size."""

from __future__ import annotations

import pytest

from musicae.errors import MusicaeError
from musicae.experiments.images.image_autoencoders import IMAGE_AUTOENCODERS, PIXELS, rows_named


def test_rows_are_named_in_the_order_of_the_table() -> None:
    assert rows_named(["acai", "vae"]) == ["vae", "acai"]
    assert rows_named([]) == list(IMAGE_AUTOENCODERS)
    with pytest.raises(MusicaeError, match="acia"):
        rows_named(["acia"])


@pytest.mark.parametrize("name", IMAGE_AUTOENCODERS)
def test_weights_keep_their_share_of_the_squared_error_of_an_image(name: str) -> None:
    row = IMAGE_AUTOENCODERS[name]
    assert row.objective_of(PIXELS) == row.objective
    small = row.objective_of(PIXELS // 16)
    for ours, theirs in zip(small.regularizers, row.objective.regularizers, strict=True):
        arguments = dict(ours.spec.arguments)
        if "weight" in arguments:
            arguments["weight"] *= 16
        assert arguments == dict(theirs.spec.arguments)
    assert small.latent.arguments.get("commitment", 0) * 16 == row.objective.latent.arguments.get("commitment", 0)


def test_a_nat_of_a_vae_is_a_nat_on_images_of_any_size() -> None:
    vae = IMAGE_AUTOENCODERS["vae"]
    assert vae.objective_of(64) == vae.objective
