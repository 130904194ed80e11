"""Effects of vectors on models that lose nothing, or always write the same."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from musicae.errors import MusicaeError
from musicae.evaluation.attribute_effects import Effect, effects_between, measure_attribute_effects, random_vectors
from musicae.model import Model
from musicae.music.attributes import ATTRIBUTES
from tests.helpers.stand_ins import C4, D4, E4, constant, identity, melody_windows, random_windows


def test_a_vector_that_writes_one_note_has_known_effects() -> None:
    model = identity()
    one_note = model.encode(melody_windows({3: E4}))[0] - model.encode(melody_windows({}))[0]
    model.attributes = {"density": one_note, "interval": 0 * one_note, "diatonic": 0 * one_note}
    plain, has_it = {0: C4, 8: C4}, {0: C4, 3: E4, 8: C4}
    result = measure_attribute_effects(model, melody_windows(plain, has_it, plain, plain), amount=2.0)

    assert result.before["density"] == pytest.approx(2.25 / 32)
    added, subtracted = (result.vectors["density"][direction] for direction in ("add", "subtract"))
    assert added["density"] == Effect(0.75 / 32, 0.75)
    assert added["interval"] == Effect(0.75 * 4, 0.75)
    assert added["diatonic"] == Effect(0.0, 0.0)
    assert subtracted["density"] == Effect(-0.25 / 32, 0.25)
    assert all(effect == Effect(0.0, 0.0) for effect in result.vectors["interval"]["add"].values())
    assert all(effect == Effect(0.0, 0.0) for effect in result.random["interval"]["add"].values())


def test_nothing_moves_a_model_that_always_writes_the_same() -> None:
    model = constant(melody_windows({0: C4}))
    model.attributes = {name: torch.ones(model.latent_size) for name in ATTRIBUTES}
    result = measure_attribute_effects(model, melody_windows({}, {0: D4}))
    found = [effects[way][name] for effects in result.vectors.values() for way in effects for name in effects[way]]
    assert found == [Effect(0.0, 0.0)] * (2 * len(ATTRIBUTES) ** 2)


def test_ties_are_no_success_and_success_depends_on_the_direction() -> None:
    before, after = np.zeros((4, 2)), np.zeros((4, 2))
    after[:, 1] = (1.0, 2.0, -1.0, 0.0)
    names = ("interval", "diatonic")
    assert effects_between(before, after, 1, names)["diatonic"] == Effect(0.5, 0.5)
    assert effects_between(before, after, -1, names)["diatonic"] == Effect(0.5, 0.25)


def test_random_vectors_have_the_length_of_the_vector_and_differ() -> None:
    vector = torch.arange(16.0)
    random = random_vectors(vector, 3, torch.Generator().manual_seed(0))
    torch.testing.assert_close(random.norm(dim=1), vector.norm().expand(3))
    assert len(random.unique(dim=0)) == 3


def test_a_model_without_vectors_is_refused(model: Model) -> None:
    with pytest.raises(MusicaeError, match="no attribute vectors") as caught:
        measure_attribute_effects(model, random_windows(model, 2))
    assert caught.value.kind == "no-attributes"
