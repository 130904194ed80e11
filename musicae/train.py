"""Training as a verb: from a configuration and a data set to a model folder, and on from where a training stopped."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from torch import nn

from musicae.config import Config, Spec
from musicae.corpus.dataset import Dataset
from musicae.errors import MusicaeError, unknown
from musicae.files import write_atomically
from musicae.model import Model, load, pick_device
from musicae.presets import PRESETS
from musicae.training.card import write_card
from musicae.training.distributed import join_workers
from musicae.training.loop import Reporter, Silent, Trainer, fit_batch
from musicae.training.validation import Metrics, validate


@dataclass(frozen=True)
class Run:
    """What a training was started with; kept in its folder, so that it can be resumed.

    Attributes:
        data: the folder of the data set.
        start: the model whose weights it began with, or "".
        command: the command line, for the model card.
    """

    config: Config
    data: str
    seed: int
    start: str = ""
    command: str = ""

    def save(self, folder: Path) -> None:
        data = {**asdict(self), "config": self.config.to_json()}
        write_atomically(_run_path(folder), (json.dumps(data, indent=2) + "\n").encode())

    @classmethod
    def read(cls, folder: Path) -> Run:
        """The run of a model folder.

        Raises:
            MusicaeError: no training was started there.
        """
        try:
            data = json.loads(_run_path(folder).read_text())
            return cls(**{**data, "config": Config.from_json(data["config"])})
        except (OSError, ValueError, KeyError, TypeError) as error:
            hint = "start one with musicae train -o FOLDER, or go on from a model's weights with --from"
            raise MusicaeError(f"there is no training to resume in {folder} ({type(error).__name__})", hint) from None


def config_for(dataset: Dataset, *, preset: str | None = None, start: str = "") -> Config:
    """The configuration to train on a data set: of a preset, else of the model to start from, else the plain preset's.

    Raises:
        MusicaeError: there is no such preset or model, or it reads other tokens than the data set holds.
    """
    held = Spec(dataset.representation.name, {"bars": dataset.representation.bars})
    suitable = [name for name, config in PRESETS.items() if config.representation == held]
    if preset is not None and preset not in PRESETS:
        raise unknown("preset", preset, PRESETS)
    name = preset or start or (suitable[0] if suitable else "no preset")
    config = load(start, "cpu").config if name == start else PRESETS.get(name)
    if config is not None and config.representation == held:
        return config
    raise MusicaeError(
        f"{dataset.folder} holds {held.name} windows of {held.arguments['bars']} bars; {name} reads others",
        f"preprocess with other --bars, or choose a preset that reads these: {', '.join(suitable) or 'there is none'}",
    )


def begin(
    run: Run, folder: Path, *, device: str = "auto", reporter: Reporter | None = None, keep: bool = False
) -> Trainer:
    """A trainer at its start, or with `keep` where the last state of `folder` left it.

    Raises:
        MusicaeError: the data set cannot be read or is empty, or there is nothing to go on from.
    """
    place, reporter = pick_device(device), reporter or Silent()
    workers, place = join_workers(place)
    dataset = Dataset(Path(run.data))
    train, validation = dataset.split("train", place), dataset.split("validation", place)
    training = fit_batch(run.config.training, train, validation)
    if training.batch < run.config.training.batch:
        reporter.warn(f"{len(train)} training windows are few: the batch is {training.batch}")
    config = replace(run.config, training=training)
    torch.manual_seed(run.seed)
    model = Model(config, folder.name, str(place))
    if run.start:
        share = transfer(load(run.start, str(place)).autoencoder, model.autoencoder)
        reporter.warn(f"{share:.0%} of the weights come from {run.start}")
    trainer = Trainer(model, train, validation, folder, seed=run.seed, workers=workers, reporter=reporter)
    if keep:
        trainer.resume()
    elif workers.rank == 0:
        run.save(folder)
    return trainer


def transfer(source: nn.Module, target: nn.Module) -> float:
    """Copies the weights that both networks have in the same shape; returns the share of the target's that is.

    Two bars and sixteen differ in one layer of the encoder, so that a long model may begin with what a short one knows.
    """
    known = source.state_dict()
    copied = 0
    with torch.no_grad():
        for name, parameter in target.named_parameters():
            if name in known and known[name].shape == parameter.shape:
                parameter.copy_(known[name])
                copied += parameter.numel()
    return copied / sum(parameter.numel() for parameter in target.parameters())


def finish(trainer: Trainer, run: Run) -> Metrics:
    """Measures the best weights on the test split and writes the model card."""
    dataset = Dataset(Path(run.data))
    test = dataset.split("test", trainer.model.device)
    best = load(trainer.folder, str(trainer.model.device))
    chosen = torch.randperm(len(test), generator=torch.Generator().manual_seed(0))[:4096]
    metrics = validate(best.autoencoder, test.take(chosen)) if len(test) else {}
    write_card(trainer.folder, best, dataset.manifest, metrics, trainer.progress, run.command)
    return metrics


def _run_path(folder: Path) -> Path:
    return folder / "training" / "run.json"
