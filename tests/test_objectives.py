"""Every objective on every kind of music: it trains, and what comes of it encodes, decodes and draws."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from musicae.config import Config, Spec
from musicae.errors import MusicaeError
from musicae.model import Model, load, save
from musicae.networks.batch import Batch
from musicae.objectives import OBJECTIVES, apply
from musicae.presets import PRESETS
from musicae.training.groups import Optimizers
from musicae.training.music_task import augmentations_of, parameter_groups
from musicae.training.validation import validate
from tests.helpers.models import tiny_config
from tests.test_corrupt import pairs_of

KINDS = {"melody": "melody-2bar", "trio": "trio-4bar", "multitrack": "multitrack-1bar-chords"}
LABELS = ("major", "minor")


def config_of(kind: str, objective: str) -> Config:
    config = apply(tiny_config(KINDS[kind]), objective, LABELS)
    if objective == "vqvae":
        latent = Spec("vector_quantized", {**config.latent.arguments, "slots": 2, "vectors": 4})
        return replace(config, latent=latent)
    return config


def updates(model: Model, n: int, windows: int = 8) -> Iterator[dict[str, float]]:
    """Terms of n updates, as the loop would make them, without rounds of critics alone."""
    optimizers = Optimizers(parameter_groups(model.autoencoder, model.config.training))
    pairs, source = pairs_of(model.representation, windows), torch.Generator().manual_seed(0)
    pairs = replace(pairs, label=torch.arange(windows) % 3 - 1)
    augmentations = [one for one in augmentations_of(model) if type(one).__module__.endswith("corrupt")]
    model.autoencoder.train()
    for update in range(n):
        seen = pairs
        for augment in augmentations:
            seen = augment(seen, source)
        batch = Batch.of(
            model.autoencoder.spec, seen.target, encoder_columns=seen.encoder_columns, label=pairs.label, update=update
        )
        terms = model.autoencoder(batch)
        optimizers.backward(terms)
        assert optimizers.step(1e-3), "a gradient is not finite"
        yield {name: term.item() for name, term in terms.items()}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_objective_trains_and_its_model_keeps_what_it_learned(objective: str, kind: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = Model(config_of(kind, objective), "m", "cpu")
    for terms in updates(model, 3):
        assert all(torch.isfinite(torch.tensor(list(terms.values()))))
    windows = pairs_of(model.representation, 4).encoder_columns
    model.fit_sampler(windows)
    metrics = validate(model.autoencoder, windows)
    assert metrics["nll"] > 0 and all(torch.isfinite(torch.tensor(list(metrics.values()))))
    save(model, tmp_path / "m")
    again = load(tmp_path / "m", "cpu")
    z = model.encode(windows)
    assert torch.equal(again.encode(windows), z) and z.shape == (4, model.latent_size)
    drawn = again.sample_codes(3, 0)
    assert torch.equal(drawn, model.sample_codes(3, 0)) and drawn.shape == (3, model.latent_size)
    assert not drawn.requires_grad  # a recipe writes them down
    for code in (z, drawn, z.roll(1, 0) * 0.3 + z * 0.7):
        assert (again.decode(code) == model.decode(code)).all()


@pytest.mark.parametrize("objective", [name for name, one in OBJECTIVES.items() if one.labels])
def test_an_objective_of_labels_needs_them(objective: str) -> None:
    with pytest.raises(MusicaeError, match="labeled"):
        apply(PRESETS["melody-2bar"], objective)
    assert apply(PRESETS["melody-2bar"], objective, LABELS).labels == LABELS


def test_an_objective_keeps_what_is_not_its_own() -> None:
    preset = PRESETS["melody-16bar"]
    for name in OBJECTIVES:
        config = apply(preset, name, LABELS)
        assert config.latent.arguments["size"] == preset.latent.arguments["size"]
        for part in ("representation", "embedding", "encoder", "decoder", "training"):
            assert getattr(config, part) == getattr(preset, part)
        assert Config.from_json(config.to_json()) == config


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_no_objective_diverges_in_two_hundred_updates(objective: str, kind: str) -> None:
    torch.manual_seed(0)
    model = Model(config_of(kind, objective), "m", "cpu")
    first, *_, last = updates(model, 200, windows=16)
    assert last["nll"] < first["nll"]
