"""What tests of trainings share: a tiny configuration, trainings of it, and their weights."""

from dataclasses import replace
from pathlib import Path

import torch

from musicae.config import Config, Training, spec
from musicae.corpus.dataset import Dataset
from musicae.model import Model
from musicae.presets import PRESETS
from musicae.training.loop import Trainer
from musicae.training.music_task import MusicTask
from musicae.training.run import Run
from musicae.verbs.train import begin


def tiny(preset: str = "melody-2bar", decoder: dict[str, object] | None = None, **training: object) -> Config:
    config = PRESETS[preset]
    sizes = {"hidden": 8, "layers": 1, "conductor_hidden": 8, "conductor_layers": 1, "spans_per_segment": 4}
    return replace(
        config,
        embedding=spec("features", size=4),
        encoder=spec("dense", code=8, hidden=8),
        latent=spec("gaussian", size=4, mean_std=1.0),
        sampler=spec("mixture_bootstrap"),
        decoder=spec("conductor", **{**sizes, **(decoder or {})}),
        training=replace(Training(batch=8, validate_every=4, validation_windows=16), **training),  # type: ignore[arg-type]
    )


def trainer(
    data: Dataset, folder: Path, config: Config, resume: bool = False, minutes: float = 0.0
) -> Trainer[MusicTask]:
    return begin(Run(config, str(data.folder), seed=3, minutes=minutes), folder, device="cpu", resume=resume)


def weights(model: Model) -> dict[str, torch.Tensor]:
    return {name: tensor.detach().clone() for name, tensor in model.autoencoder.named_parameters()}


def assert_same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> None:
    assert a.keys() == b.keys()
    assert all(torch.equal(a[name], b[name]) for name in a)
