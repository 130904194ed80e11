"""Every preset builds, and the plain ones take an update; none is put to data that it cannot read."""

import pytest
import torch

from musicae.config import spec
from musicae.corpus.dataset import Dataset
from musicae.errors import MusicaeError
from musicae.model import build_autoencoder
from musicae.music.representations import REPRESENTATIONS
from musicae.music.representations.multitrack import Multitrack
from musicae.networks.batch import Batch
from musicae.presets import PRESETS
from musicae.verbs.train import config_for


@pytest.mark.parametrize("name", [name for name in PRESETS if not name.endswith("-large")])
def test_every_plain_preset_takes_an_update(name: str) -> None:
    config = PRESETS[name]
    representation = REPRESENTATIONS[config.representation.name](**config.representation.arguments)
    autoencoder = build_autoencoder(config, representation.shape)
    shape = (2, representation.shape.segments, representation.shape.steps)
    fields = [torch.randint(field.vocabulary, shape) for field in representation.shape.columns]
    terms = autoencoder(Batch.of(autoencoder.spec, torch.stack(fields, -1)))
    torch.stack(list(terms.values())).sum().backward()
    assert all(parameter.grad is not None for _, parameter in autoencoder.own_parameters())


@pytest.mark.parametrize("name", [name for name in PRESETS if name.endswith("-large")])
def test_every_large_preset_can_be_built(name: str) -> None:
    config = PRESETS[name]
    representation = REPRESENTATIONS[config.representation.name](**config.representation.arguments)
    with torch.device("meta"):
        autoencoder = build_autoencoder(config, representation.shape)
    assert sum(parameter.numel() for parameter in autoencoder.parameters()) > 3e7


def test_preset_must_read_what_the_data_holds(data: Dataset) -> None:
    assert config_for(data) == PRESETS["melody-2bar"]
    assert config_for(data, preset="melody-2bar-flat") == PRESETS["melody-2bar-flat"]
    with pytest.raises(MusicaeError, match="melody-16bar reads melody of 16 bars"):
        config_for(data, preset="melody-16bar")
    with pytest.raises(MusicaeError, match="melodee"):
        config_for(data, preset="melodee")


def test_the_nearest_preset_is_made_to_fit(data: Dataset) -> None:
    data.representation = REPRESENTATIONS["melody"](bars=3)
    assert config_for(data).representation == spec("melody", bars=3)
    data.representation = Multitrack(bars=2, chords=True)
    config = config_for(data)
    assert (
        config.representation == spec("multitrack", bars=2, chords=True)
        and spec("transpose_target") in config.augmentations
    )
