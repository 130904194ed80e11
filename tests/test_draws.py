"""What is drawn by chance, and chosen among draws."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from musicae.clips.draws import CANDIDATES, draw, draw_chords, draw_with
from musicae.errors import MusicaeError
from musicae.model import Model
from musicae.music.attributes import ATTRIBUTES
from musicae.seeds import child_seeds
from musicae.verbs.sample import sample
from tests.helpers.models import with_vectors


def density(model: Model, z: torch.Tensor) -> np.ndarray:
    return np.array([ATTRIBUTES["density"](score) for score in model.scores(model.decode(z, temperature=0.0))])


def test_what_is_wanted_is_chosen_among_draws(model: Model) -> None:
    with_vectors(model)
    chords = draw_chords(model, 3, seed=5)
    high, low = (draw_with(model, 3, 5, {"density": level}, chords) for level in ("high", "low"))
    for number in range(3):
        seeds = child_seeds(5, number, n=CANDIDATES)
        among = density(model, torch.cat([draw(model, 1, seed) for seed in seeds]))
        assert density(model, high)[number] == among.max()
        assert density(model, low)[number] == among.min()


def test_a_wanted_clip_does_not_depend_on_how_many_are_made(model: Model) -> None:
    with_vectors(model)
    few, many = (sample(model, n, seed=6, wanted={"density": "high", "interval": "low"}) for n in (1, 3))
    assert few[0].midi() == many[0].midi()


def test_what_cannot_be_wanted_is_refused(model: Model) -> None:
    with pytest.raises(MusicaeError, match="has no attribute vectors"):
        sample(model, 1, wanted={"density": "high"})
    with_vectors(model)
    with pytest.raises(MusicaeError, match="unknown attribute vector"):
        sample(model, 1, wanted={"densty": "high"})
    with pytest.raises(MusicaeError, match="neither high nor low"):
        sample(model, 1, wanted={"density": "more"})
