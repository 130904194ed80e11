"""Maps and traversals of latent spaces whose shape is known."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from musicae.clips.directions import directions_of
from musicae.config import spec
from musicae.errors import MusicaeError
from musicae.evaluation import latent_space as latent
from musicae.model import Model
from tests.helpers.progress import Counter
from tests.helpers.stand_ins import random_windows


def test_principal_axes_are_found() -> None:
    generator = np.random.default_rng(0)
    true = generator.normal(size=(4000, 3)) * [5.0, 2.0, 0.0]
    turned, _ = np.linalg.qr(generator.normal(size=(3, 3)))
    points, explained = latent.pca(true @ turned + 9)
    assert explained == pytest.approx((25 / 29, 4 / 29), abs=0.02)
    for axis in range(2):
        assert abs(np.corrcoef(points[:, axis], true[:, axis])[0, 1]) > 0.999
    assert latent.pca(np.ones((4, 3)))[1] == (0, 0)
    line, shares = latent.pca(np.array([[1.0], [3.0]]))
    assert sorted(line[:, 0].tolist()) == [-1, 1] and line[:, 1].tolist() == [0, 0] and shares == (1, 0)


def test_maps_show_every_window(model: Model) -> None:
    windows = random_windows(model, 20)
    found = latent.measure_map(model, windows)
    assert found.points.shape == (20, 2) and found.explained is not None and found.explained[0] >= found.explained[1]
    assert "density" in found.attributes and "tracks" not in found.attributes
    assert all(len(values) == 20 for values in found.attributes.values())


def test_projections_that_are_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(MusicaeError, match="not installed") as refused:
        latent.projection_of("umap")
    assert "musicae[umap]" in refused.value.hint
    with pytest.raises(MusicaeError, match="unknown projection"):
        latent.projection_of("tsne")
    assert latent.projection_of("pca") is latent.pca


def test_the_widest_directions_are_traversed_and_described(model: Model) -> None:
    windows = random_windows(model, 30)
    progress = Counter()
    traversals = latent.measure_traversals(model, windows, progress=progress)
    assert progress.done == progress.announced == (1 + 6 * 7) * 30
    assert [traversal.direction for traversal in traversals] == [f"direction{n}" for n in range(1, 7)]
    stds = [traversal.std for traversal in traversals]
    assert stds == sorted(stds, reverse=True) and min(stds) > 0
    for traversal in traversals:
        assert len(traversal.scores) == len(traversal.positions) == len(latent.POSITIONS)
        assert all(len(changes) == len(traversal.positions) for changes in traversal.changes.values())
        assert traversal.words.startswith("+2: ") and "; -2: " in traversal.words
    assert any(max(map(abs, changes)) > 0.1 for traversal in traversals for changes in traversal.changes.values())


def test_codes_are_put_where_a_direction_says(model: Model) -> None:
    directions, z = directions_of(model), model.encode(random_windows(model, 4))
    moved = latent.put(z, directions, "direction2", -1.5)
    for before, after in zip(z, moved, strict=True):
        there, here = directions.coordinates(after), directions.coordinates(before)
        assert there == pytest.approx({**here, "direction2": -1.5}, abs=1e-5)


def test_codes_that_the_decoder_ignores_change_nothing(model: Model) -> None:
    with torch.no_grad():
        for weights in model.autoencoder.decoder.get_submodule("conductor").parameters():
            weights.zero_()
    windows = random_windows(model, 8)
    assert not any(traversal.changes for traversal in latent.measure_traversals(model, windows))


def test_where_no_direction_has_a_name_those_of_the_codes_at_hand_are_traversed(model: Model) -> None:
    config = replace(model.config, latent=spec("deterministic", size=4), sampler=spec("prior"), regularizers=())
    certain = Model(config, "certain", "cpu")
    windows = random_windows(model, 8)
    with torch.no_grad():
        certain.autoencoder.latent.get_parameter("code.weight")[2] *= 100
    traversal, *_ = latent.measure_traversals(certain, windows)
    codes = certain.encode(windows)[:, 2]
    assert traversal.std == pytest.approx(float(codes.std(correction=0)), rel=1e-3)
