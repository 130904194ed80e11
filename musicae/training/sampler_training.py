"""Samplers that learn: trained on the codes of training windows, once the autoencoder has been."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float16
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from musicae.config import Config, Spec, Training
from musicae.corpus.dataset import Dataset, Windows
from musicae.cpu import usable_cores
from musicae.errors import MusicaeError
from musicae.model import TABLES, Model, load, save
from musicae.networks.samplers.base import CodeBatch, LearnedSampler
from musicae.seeds import child_seeds, generator, seeded
from musicae.settings import override
from musicae.storage.atomic import write_atomically
from musicae.storage.tensor_files import read_head
from musicae.training.arithmetic import Arithmetic, choose_training_arithmetic
from musicae.training.checkpoint import TrainingState
from musicae.training.loop import Trainer
from musicae.training.outcome import state_path
from musicae.training.reporter import Metrics, Reporter
from musicae.training.task import Task

FITTED_CODES, TRAINING_CODES, HELD_OUT_CODES = 2**12, 2**19, 2**12
"""Windows whose codes a sampler is fitted to, trained on and validated on, at most."""

VALIDATIONS, VALIDATE_EVERY = 10, 200
"""In a training, at most, and updates between two of them, at least."""

LEARNING_RATES = 2e-3, 2e-5
"""Of Adam, at the first update and at the last."""

OWN_FOLDER = Path("training") / "sampler"
"""In that of a model: the state of the training of its sampler."""

CODE_BATCHES, CODE_NOISE, SAMPLER_WEIGHTS = 3, 4, 5
"""What lies under these numbers of the path of seeds is for batches of codes, for validations, for weights."""


class SamplerTask(Task):
    """Trains the sampler of a model on codes; keeps the weights that do best on codes of held-out windows.

    Args:
        choice: what the sampler was built from.
        codes, held_out: of training windows, and of validation windows.
        folder: where the best weights go.
        seed: decides the batches.
    """

    def __init__(
        self,
        sampler: LearnedSampler,
        choice: Spec,
        codes: Float16[Tensor, "window size"],
        held_out: Float16[Tensor, "held_out size"],
        folder: Path,
        *,
        updates: int,
        seed: int,
    ) -> None:
        self.module = self.sampler = sampler.requires_grad_(True)
        self.codes, self.held_out = codes, held_out
        self.folder, self.seed = folder, seed
        chosen = repr((choice.name, sorted(choice.arguments.items()))).encode()
        digest = hashlib.sha256(chosen + codes.numpy().tobytes()).hexdigest()[:16]
        self.identity = f"a sampler of codes {digest}"
        self.training = Training(
            batch=min(sampler.batch, len(codes)),
            updates=updates,
            learning_rate=LEARNING_RATES[0],
            min_learning_rate=LEARNING_RATES[1],
            validate_every=max(updates // VALIDATIONS, VALIDATE_EVERY),
        )

    def batch(self, update: int, round: int = 0) -> CodeBatch:
        source = generator(self.seed, CODE_BATCHES, update, round)
        chosen = torch.randint(len(self.codes), (self.training.batch,), generator=source)
        return CodeBatch(self.codes[chosen].float().to(self.device))

    @torch.no_grad()
    def validate(self) -> Metrics:
        """The loss of held-out codes, or of training codes if there are none; the same draws every time."""
        codes = self.held_out if len(self.held_out) else self.codes[:HELD_OUT_CODES]
        with seeded(child_seeds(self.seed, CODE_NOISE)[0], self.device):
            terms = self.sampler(CodeBatch(codes.float().to(self.device)))
        return {"loss": sum(float(term) for term in terms.values())}

    def save_best(self, state: TrainingState) -> None:
        write_atomically(
            self.best, save_tensors({name: x.contiguous() for name, x in self.sampler.state_dict().items()})
        )

    @property
    def best(self) -> Path:
        """The file of the best weights."""
        return self.folder / "best.safetensors"


def train_sampler(
    model: Model,
    dataset: Dataset,
    folder: Path,
    *,
    updates: int = 0,
    seed: int = 0,
    arithmetic: Arithmetic | None = None,
    reporter: Reporter | None = None,
) -> Metrics:
    """Fits the sampler of a model to the training windows of a data set and, if it is one that learns, trains it.

    What was begun in the folder with the same codes goes on. The folder stays, until somebody has saved the model.

    Args:
        folder: where the state of the training goes while it lasts.
        updates: how long; by default as long as the sampler's own knob says.
        arithmetic: the precision of updates; by default whichever is fastest here.

    Returns:
        The loss of held-out codes; nothing of a sampler that does not learn.

    Raises:
        KeyboardInterrupt: stopped, after saving.
    """
    sampler, train = model.autoencoder.sampler, dataset.split("train")
    with seeded(child_seeds(seed, SAMPLER_WEIGHTS)[0], model.device):
        model.fit_sampler(train.sample(FITTED_CODES, seed))
    if not isinstance(sampler, LearnedSampler):
        return {}
    codes = _codes(model, train, TRAINING_CODES, seed)
    held_out = _codes(model, dataset.split("validation"), HELD_OUT_CODES, seed)
    task = SamplerTask(
        sampler, model.config.sampler, codes, held_out, folder, updates=updates or sampler.updates, seed=seed
    )
    _forget_others(folder, task.identity)
    trainer = Trainer(task, folder, seed=seed, reporter=reporter)
    trainer.resume()
    if trainer.state.update < task.training.updates:
        wanted = arithmetic or Arithmetic("auto", usable_cores())
        trainer.arithmetic = choose_training_arithmetic(sampler, task.batch(0), wanted)
        trainer.run()
    sampler.load_state_dict(load_tensors(task.best.read_bytes()))
    sampler.requires_grad_(False)
    return {"loss": trainer.state.best}


def learn_sampler(trained: Trainer[Any], data: Path, reporter: Reporter | None = None) -> None:
    """Trains the sampler of the model that a training came to, if it is one that learns.

    It takes a quarter of the updates that the training took, at most, in the same arithmetic. Its own folder stays
    (`forget_sampler_training`), so that nothing is learned again if what follows is interrupted.

    Args:
        data: the folder of the data set that the model was trained on.

    Raises:
        KeyboardInterrupt: stopped, after saving.
    """
    model = load(trained.folder, str(trained.device))
    sampler = model.autoencoder.sampler
    if isinstance(sampler, LearnedSampler):
        train_sampler(
            model,
            Dataset(data),
            trained.folder / OWN_FOLDER,
            updates=min(sampler.updates, max(trained.state.update // 4, 1)),
            seed=trained.seed,
            arithmetic=trained.arithmetic,
            reporter=reporter,
        )
        save(model, trained.folder)


def replace_sampler(
    folder: Path,
    dataset: Dataset,
    choice: Spec,
    *,
    settings: Sequence[str] = (),
    updates: int = 0,
    seed: int = 0,
    device: str = "auto",
    reporter: Reporter | None = None,
) -> Metrics:
    """Gives the model in a folder another sampler, fitted to a data set; all else that it has stays.

    Args:
        settings: changes of the sampler's own knobs, e.g. `sampler.guidance=3` (`config.override`).
        updates: how long one that learns is trained; by default as long as its own knob says.

    Returns:
        What `train_sampler` gives.

    Raises:
        KeyboardInterrupt: stopped, after saving; the same call goes on.
        MusicaeError: there is no such sampler or knob, or the data set is of another kind than the model.
    """
    model = load(folder, device)
    model = with_sampler(model, _set(replace(model.config, sampler=choice), settings))
    dataset.check_holds(model.representation)
    halves = any(head.dtype == "F16" for head in read_head(folder / "model.safetensors").tensors.values())
    metrics = train_sampler(model, dataset, folder / OWN_FOLDER, updates=updates, seed=seed, reporter=reporter)
    save(model, folder, torch.float16 if halves else torch.float32)
    forget_sampler_training(folder)
    return metrics


def forget_sampler_training(folder: Path) -> None:
    """Removes the state of the training of a sampler, if there is one, from the folder of the model."""
    shutil.rmtree(folder / OWN_FOLDER, ignore_errors=True)


def _set(config: Config, settings: Sequence[str]) -> Spec:
    """The sampler of a configuration with other knobs.

    Raises:
        MusicaeError: a setting is of something else.
    """
    for setting in settings:
        if not setting.strip().startswith("sampler."):
            raise MusicaeError(f"{setting} is no setting of a sampler", "write, say, sampler.guidance=3")
        config = override(config, setting, TABLES)
    return config.sampler


def with_sampler(model: Model, choice: Spec) -> Model:
    """The same model with another sampler, which has learned nothing yet.

    Raises:
        MusicaeError: there is no such sampler.
    """
    with seeded(0):  # whatever it begins with is fitted, or replaced
        changed = Model(replace(model.config, sampler=choice), model.name, str(model.device))
    weights = model.autoencoder.state_dict()
    changed.autoencoder.load_state_dict(
        {name: x for name, x in weights.items() if not name.startswith("sampler.")}, strict=False
    )
    for name in ("folder", "attributes", "spreads", "mode_vector", "windows_seen", "precision"):
        setattr(changed, name, getattr(model, name))
    return changed


def _codes(model: Model, windows: Windows, n: int, seed: int) -> Float16[Tensor, "code size"]:
    """Those of n random windows, at most."""
    parts = windows.choose(n, seed).split(FITTED_CODES)
    return torch.cat([model.encode(windows.take(part)).half() for part in parts])


def _forget_others(folder: Path, identity: str) -> None:
    """Removes a training that was begun with other codes (the autoencoder has learned more since), or is damaged."""
    path = state_path(folder)
    if not path.exists():
        return
    try:
        known = read_head(path).notes.get("identity") == identity
    except (OSError, ValueError):
        known = False
    if not known:
        shutil.rmtree(folder)
